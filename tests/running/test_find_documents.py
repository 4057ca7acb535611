"""Files, folders and patterns become a list of documents; nothing that was named is lost without a word."""

from pathlib import Path

import pytest

from gcmtag.running import find_documents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.PDF", "sub/c.docx", "sub/deep/d.jsonl", ".hidden/e.txt", "sub/.f.txt", "~$g.docx", "h.py"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    return tmp_path / "in"


def found(*inputs: object) -> list[str]:
    return [path.name for path in find_documents(map(str, inputs))]


def test_a_folder_is_walked_in_order_of_name(folder: Path) -> None:
    assert found(folder) == ["a.PDF", "b.txt", "c.docx", "d.jsonl"]


def test_hidden_files_and_lock_files_and_other_kinds_are_left_out(folder: Path) -> None:
    assert not {"e.txt", ".f.txt", "~$g.docx", "h.py"} & set(found(folder))


def test_a_hidden_folder_above_the_one_that_was_named_hides_nothing(folder: Path) -> None:
    assert found(folder / ".hidden") == ["e.txt"]


def test_a_file_that_was_named_is_tried_whatever_its_name(folder: Path) -> None:
    assert found(folder / "h.py", folder / "sub" / ".f.txt") == ["h.py", ".f.txt"]


def test_inputs_keep_their_order_and_each_document_comes_once(folder: Path) -> None:
    assert found(folder / "b.txt", folder, folder / "b.txt") == ["b.txt", "a.PDF", "c.docx", "d.jsonl"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.txt", ["b.txt"]),
        ("?.*", ["a.PDF", "b.txt", "h.py"]),
        ("[ab].*", ["a.PDF", "b.txt"]),
        ("**/*.docx", ["c.docx", "~$g.docx"]),
    ],
)
def test_a_pattern_is_expanded_in_order_of_name(folder: Path, pattern: str, names: list[str]) -> None:
    assert sorted(found(folder / pattern)) == sorted(names)
    assert find_documents([str(folder / pattern)]) == sorted(find_documents([str(folder / pattern)]))


def test_a_folder_that_a_pattern_finds_is_walked(folder: Path) -> None:
    assert found(folder / "su*") == ["c.docx", "d.jsonl"]


def test_a_file_with_signs_of_a_pattern_in_its_name_is_that_file(folder: Path) -> None:
    (folder / "report [final].txt").write_text("text")
    assert found(folder / "report [final].txt") == ["report [final].txt"]


def test_a_path_that_does_not_exist_stays_so_that_it_is_reported(folder: Path) -> None:
    assert found(folder / "b.txt", folder / "nowhere.txt") == ["b.txt", "nowhere.txt"]


def test_a_folder_without_documents_and_a_pattern_without_match_stay_so_that_they_are_reported(folder: Path) -> None:
    (folder / "empty").mkdir()
    assert found(folder / "empty", folder / "*.odp", folder / "b.txt") == ["empty", "*.odp", "b.txt"]


def test_results_of_an_earlier_run_inside_the_folder_are_no_documents(folder: Path) -> None:
    """Else the second run would tag the tables of the first."""
    for results in (folder, folder / "results"):
        (results / ".parts").mkdir(parents=True)
        (results / ".parts" / "state.json").write_text("{}")
        for name in ("tags.csv", "tags.jsonl", "documents.xlsx", "failures.csv", "report.html"):
            (results / name).write_text("text")
    (folder / "sub" / "tags.csv").write_text("text")
    assert found(folder) == ["a.PDF", "b.txt", "c.docx", "d.jsonl", "tags.csv"]
    assert found(folder / "results" / "tags.csv") == ["tags.csv"], "named outright, it is meant"
