"""The names that users hold on to, and that asking for them costs little."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import gcmtag

HEAVY = ("torch", "sentence_transformers", "transformers", "spacy", "pandas", "pyarrow", "sklearn", "scipy", "numpy")
NAMES = ("OBJECTIVES", "CLUSTERS", "load", "read", "Tagger", "Tags", "Document", "Passage", "Evidence", "errors")


def loaded_after(code: str) -> set[str]:
    """Which of the heavy libraries a fresh interpreter has loaded after the code."""
    report = f"import sys; print('LOADED', *(name for name in {HEAVY!r} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split()[1:])


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import gcmtag; gcmtag.OBJECTIVES, gcmtag.errors.GcmtagError") == set()


@pytest.mark.parametrize("arguments", [["--help"], ["tag", "--help"], ["--version"], ["objectives"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        f"import sys; sys.argv = ['gcmtag', *{arguments!r}]\n"
        "from gcmtag.cli import main\n"
        "try:\n    main()\nexcept SystemExit as leaving:\n    assert not leaving.code, leaving.code"
    )
    assert loaded_after(code) == set()


def test_the_probe_sees_what_is_loaded() -> None:
    """Else the two claims above could not fail."""
    assert "numpy" in loaded_after("import gcmtag.tagger")


@pytest.mark.parametrize("name", NAMES)
def test_the_name_is_public(name: str) -> None:
    assert name in gcmtag.__all__
    assert getattr(gcmtag, name) is not None


def test_every_listed_name_exists() -> None:
    for name in gcmtag.__all__:
        assert hasattr(gcmtag, name), name


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert gcmtag.__version__ == project["project"]["version"]


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="tagg"):
        gcmtag.tagg  # noqa: B018
    assert not hasattr(gcmtag, "torch")


def test_errors_are_at_hand_after_a_plain_import() -> None:
    """In a fresh interpreter: here other tests have imported the module already."""
    loaded_after("import gcmtag\nassert issubclass(gcmtag.errors.ModelNotFound, gcmtag.errors.GcmtagError)")
