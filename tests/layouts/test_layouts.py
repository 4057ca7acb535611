"""Documents in many layouts, made here from our own texts, are read as they were written.

A few of the documents that evaluation/reading.py measures; that script takes them all.
"""

from collections import defaultdict
from pathlib import Path

import pytest

import gcmtag
from layouts import Case, MissingProgram, cases, make
from layouts.scoring import score, total

CASES = {case.name: case for case in cases()}
FEW = (
    "one-column-1-reportlab",
    "two-columns-1-reportlab",
    "two-columns-2-weasyprint",
    "form-in-tables-1-reportlab",
    "form-in-tables-3-docx",
    "numbered-report-1-weasyprint",
    "boxes-and-tables-of-figures-1-reportlab",
    "web-page-1-site",
    "wrapped-text-1-python",
    "wrapped-text-2-python",
    "tracked-changes-1-python-docx",
    "several-languages-1-reportlab",
)
SLOW_TO_START = ("two-columns-1-chromium", "numbered-report-1-libreoffice")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path | MissingProgram]:
    return make([CASES[name] for name in (*FEW, *SLOW_TO_START)], tmp_path_factory.mktemp("layouts"))


def there(made: dict[str, Path | MissingProgram], name: str) -> tuple[Case, Path]:
    path = made[name]
    if isinstance(path, MissingProgram):
        pytest.skip(str(path))
    return CASES[name], path


def test_the_set_has_sixty_documents_in_eight_layouts_each_by_two_programs() -> None:
    """What a measurement says holds for what was measured."""
    programs = defaultdict(set)
    for case in CASES.values():
        programs[case.layout].add(case.program)
    assert len(CASES) >= 60
    assert len(programs) >= 8
    assert {layout for layout, made_by in programs.items() if len(made_by) < 2} == set()


@pytest.mark.parametrize("name", [*FEW, *SLOW_TO_START])
def test_a_document_is_read_as_it_was_written(made: dict, name: str) -> None:
    """Each layout by itself, so that a failure names it."""
    case, path = there(made, name)
    document = gcmtag.read(path)
    result = score([passage.text for passage in document.passages], case.truth, case.manuscript.unwanted)
    assert result.unwanted == 0
    assert result.boundaries_f1 >= 0.95
    assert result.characters_right >= 0.99
    assert result.order_right >= 0.99


def test_the_documents_together_are_read_as_well_as_we_say(made: dict) -> None:
    """The measures that the README quotes, over the documents that can be made here."""
    scores = []
    for name, path in made.items():
        if isinstance(path, Path):
            given = [passage.text for passage in gcmtag.read(path).passages]
            scores.append(score(given, CASES[name].truth, CASES[name].manuscript.unwanted))
    over_all = total(scores)
    assert over_all.boundaries_f1 >= 0.97
    assert over_all.characters_right >= 0.995
    assert over_all.order_right >= 0.99


def test_each_passage_has_the_language_that_it_is_written_in(made: dict) -> None:
    """A document may speak in turns."""
    case, path = there(made, "several-languages-1-reportlab")
    wanted = [part.language for part in case.manuscript.parts if part.kind == "paragraph"]
    assert [passage.language for passage in gcmtag.read(path).passages] == wanted


def test_every_answer_of_a_form_in_cells_knows_its_question(made: dict) -> None:
    """The prompt stands in another cell than the answer."""
    _, path = there(made, "form-in-tables-1-reportlab")
    asked = [(passage.question, passage.part) for passage in gcmtag.read(path).passages]
    parts = [(question, part) for question in "1234" for part in "abcd"]
    assert list(dict.fromkeys(asked)) == [*parts, ("6", None), ("9", None)]
