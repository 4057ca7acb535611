"""The sample documents are what their sources say, and they are ours."""

import importlib.util
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from gcmtag.objectives import CLUSTERS, OBJECTIVES

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "corpus" / "samples"
SHARED = ROOT.parent / "shared"
QUESTIONNAIRE = "questionnaire-tamarind-islands.docx"
REPORT = "report-lantern-basin.pdf"
RUN = 12


@pytest.fixture(scope="session")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_samples", SAMPLES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made_again(make: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    make.main(folder)
    return folder


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def text_of(path: Path) -> list[str]:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as pdf:
        return [page.get_textpage().get_text_range() for page in pdf]


def test_the_committed_questionnaire_is_what_its_source_says(made_again: Path) -> None:
    # Parts, not bytes: compression differs between versions of zlib.
    assert parts_of(made_again / QUESTIONNAIRE) == parts_of(SAMPLES / QUESTIONNAIRE)


def test_the_committed_report_is_what_its_source_says(made_again: Path) -> None:
    assert text_of(made_again / REPORT) == text_of(SAMPLES / REPORT)


def test_making_the_samples_twice_gives_the_same_bytes(make: ModuleType, made_again: Path, tmp_path: Path) -> None:
    make.main(tmp_path)
    for name in (QUESTIONNAIRE, REPORT):
        assert (tmp_path / name).read_bytes() == (made_again / name).read_bytes()


def test_every_footnote_stands_on_the_page_of_its_mark() -> None:
    pages = text_of(SAMPLES / REPORT)
    for mark_after, note in [("The first report", "LBC/2022/7"), ("exist in one", "The figure leaves out")]:
        assert [note in page for page in pages] == [mark_after in page for page in pages], note


def test_the_report_has_a_paragraph_that_a_page_breaks() -> None:
    # A reader that cannot join such paragraphs must not pass by luck.
    pages = text_of(SAMPLES / REPORT)
    openings = [re.sub(r"^LBC/2024/7\s*", "", page) for page in pages[1:]]
    assert any(not re.match(r"\d+\.|[A-Z]\. |[IVX]+\. ", opening) for opening in openings)


def test_the_readme_names_every_sample_and_nothing_else() -> None:
    named = set(re.findall(r"^\| `([^`]+)`", (SAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {path.name for path in SAMPLES.iterdir() if path.suffix in {".docx", ".pdf", ".html", ".txt"}}


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def runs_of(text: str) -> Iterator[str]:
    words = words_of(text)
    return (" ".join(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


def own_words(path: Path) -> str:
    """Text without the official titles, which are names and may be quoted."""
    text = " ".join(words_of(path.read_text(encoding="utf-8")))
    for named in (*OBJECTIVES, *CLUSTERS):
        text = text.replace(" ".join(words_of(named.title)), "¶")
    return text


@pytest.mark.shared
def test_no_sample_repeats_twelve_words_of_a_real_document() -> None:
    if not SHARED.is_dir():
        assert os.environ.get("CI") != "true", f"{SHARED} is missing"
        pytest.skip(f"{SHARED} is not here")
    real = {run for path in (SHARED / "documents").iterdir() for run in runs_of(path.read_text(encoding="utf-8"))}
    samples = [*SAMPLES.glob("source/*.md"), *SAMPLES.glob("*.html"), *SAMPLES.glob("*.txt")]
    assert len(samples) == 4
    for path in samples:
        assert not real.intersection(runs_of(own_words(path))), path.name
