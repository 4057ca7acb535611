"""The examples of docs/tools are run from top to bottom in a folder with the results of a run."""

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gcmtag import Tagger
from gcmtag.exporting import FORMATS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "tools").glob("*.md"))
OF_RESULTS = [page for page in PAGES if page.name != "serve.md"]  # tests/serving runs that one
BLOCK = re.compile(r"```(bash|python)\n(.*?)```", flags=re.DOTALL)


@pytest.fixture(scope="session")
def results(small_tagger: Tagger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from gcmtag.running import run

    folder = tmp_path_factory.mktemp("pages") / "results"
    sample = ROOT / "corpus" / "samples" / "note-harbour-consultation.txt"
    run([sample], folder, lambda: small_tagger, small_tagger.model)
    return folder


@pytest.mark.parametrize("page", OF_RESULTS, ids=lambda page: page.stem)
def test_the_page_runs(
    page: Path,
    results: Path,
    gcmtag_command: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if page.stem == "hxl":
        pytest.importorskip("hxl", reason="get it with: pip install '.[hxl]'")
    # spaCy finds the component by its entry point only where the installed package is this one.
    import gcmtag.integrating.spacy_component  # noqa: F401

    shutil.copytree(results, tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert any(language == "python" for language, _ in blocks)
    for language, code in blocks:
        if language == "python":
            capsys.readouterr()
            exec(compile(code, str(page), "exec"), {})  # noqa: S102
            assert capsys.readouterr().out.strip(), "an example shows something"
        else:
            run_lines(code, gcmtag_command)


def run_lines(code: str, gcmtag_command: Callable[..., tuple[int, str, str]]) -> None:
    for line in code.strip().splitlines():
        command, _, target = line.partition(" > ")
        program, *arguments = shlex.split(command)
        assert program == "gcmtag"
        status, output, errors = gcmtag_command(*arguments)
        assert (status, errors) == (0, "")
        if target:
            Path(target).write_text(output, encoding="utf-8")


def test_every_format_has_a_page_and_every_page_is_listed() -> None:
    shown = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    for name in FORMATS:
        assert f"--to {name} " in shown, name
    listed = (ROOT / "docs" / "tools" / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        assert page.name == "README.md" or f"({page.name})" in listed
