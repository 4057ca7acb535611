"""The examples of the README are run, so that they stay true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_example_of_the_readme_runs_and_tags_remittances() -> None:
    code = "\n".join(blocks("python"))
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "20" in result.stdout.splitlines()[0]


@pytest.mark.parametrize("command", ["tag", "explain"])
def test_every_command_that_the_readme_shows_exists(command: str) -> None:
    assert f"gcmtag {command} " in "\n".join(blocks("bash"))
    shown = subprocess.run([sys.executable, "-m", "gcmtag", command, "--help"], capture_output=True, check=False)
    assert shown.returncode == 0


def test_the_readme_names_only_files_that_exist() -> None:
    for target in re.findall(r"\]\(((?!https?:)[^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_readme_quotes_the_measured_figures_as_they_are_on_file() -> None:
    table = (ROOT / "evaluation" / "results" / "metrics.md").read_text(encoding="utf-8")
    rows = [line for line in README.splitlines() if line.startswith("| ") and "to 0." in line]
    assert rows
    for row in rows:
        for figure in re.findall(r"0\.\d{3}", row):
            assert figure in table, figure
