"""A corpus is read whole or refused by file and line; nothing odd is turned into "no objective"."""

import json
from pathlib import Path

import pytest

from gcmtag.errors import CorpusMismatch
from gcmtag.training import read_corpus
from gcmtag.training.corpus import COMPACT_DOCUMENT, LabelledPassage, inputs_of, label_matrix

ROW = {"id": "marovia:1", "text": "Fees fell.", "objectives": [20], "role": "result"}


def written(folder: Path, *rows: object, name: str = "marovia.jsonl") -> Path:
    path = folder / name
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def refusal(*paths: Path) -> str:
    with pytest.raises(CorpusMismatch) as refused:
        read_corpus(paths)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_a_row_is_read_as_it_stands(tmp_path: Path) -> None:
    row = {**ROW, "document": "review", "context": "Labour", "declared": [6, 20], "objectives": [6, 20]}
    (passage,) = read_corpus([written(tmp_path, row)])
    assert passage == LabelledPassage("marovia:1", "review", "Fees fell.", "Labour", (6, 20), "result", (6, 20))


def test_a_row_without_document_belongs_to_the_document_of_the_files_name(tmp_path: Path) -> None:
    (passage,) = read_corpus([written(tmp_path, ROW, name="tessaly.jsonl")])
    assert passage.document == "tessaly"
    assert passage.context == ""
    assert passage.declared == ()


def test_a_role_may_be_unjudged(tmp_path: Path) -> None:
    assert read_corpus([written(tmp_path, {**ROW, "role": None})])[0].role is None


def test_a_row_of_the_compact_has_one_objective_and_no_role(tmp_path: Path) -> None:
    (passage,) = read_corpus([written(tmp_path, {"id": "1", "text": "We commit.", "objective": 5})])
    assert passage == LabelledPassage("1", COMPACT_DOCUMENT, "We commit.", "", (5,), None)


def test_a_folder_gives_its_files_in_order_of_name(tmp_path: Path) -> None:
    written(tmp_path, {**ROW, "id": "2"}, name="b.jsonl")
    written(tmp_path, {**ROW, "id": "1"}, name="a.jsonl")
    written(tmp_path, "not a corpus", name="notes.txt")
    assert [p.document for p in read_corpus([tmp_path])] == ["a", "b"]


@pytest.mark.parametrize(
    "row",
    [
        "{",
        "5",
        "[]",
        "",
        {**ROW, "objectives": [24]},
        {**ROW, "objectives": [0]},
        {**ROW, "objectives": [5, 2]},
        {**ROW, "objectives": [5, 5]},
        {**ROW, "objectives": ["5"]},
        {**ROW, "objectives": "5"},
        {**ROW, "objectives": 5},
        {**ROW, "objectives": None},
        {**ROW, "objectives": [5.0]},
        {**ROW, "objectives": [True]},
        {**ROW, "declared": [99]},
        {**ROW, "role": "progress"},
        {**ROW, "text": " "},
        {**ROW, "text": None},
        {**ROW, "text": 5},
        {**ROW, "id": 5},
        {**ROW, "context": None},
        {**ROW, "document": ["a"]},
        {key: value for key, value in ROW.items() if key != "id"},
        {key: value for key, value in ROW.items() if key != "text"},
        {key: value for key, value in ROW.items() if key != "objectives"},
        {key: value for key, value in ROW.items() if key != "role"},
        {"id": "1", "text": "We commit.", "objective": "5"},
    ],
    ids=str,
)
def test_a_row_that_breaks_the_schema_is_named_by_file_and_line(tmp_path: Path, row: object) -> None:
    path = written(tmp_path, ROW, row)
    assert f"{path}, line 2" in refusal(path)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    assert "no field 'role'" in refusal(written(tmp_path, {"id": "1", "text": "a", "objectives": []}))


def test_a_file_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes(json.dumps(ROW).encode() + b'\n{"text": "caf\xe9"}\n')
    assert str(path) in refusal(path)


def test_an_id_that_is_there_twice_is_named(tmp_path: Path) -> None:
    first, second = written(tmp_path, ROW), written(tmp_path, {**ROW, "text": "Else."}, name="b.jsonl")
    assert "'marovia:1' is there twice" in refusal(first, second)


def test_naming_a_file_twice_is_noticed(tmp_path: Path) -> None:
    """Else a test passage could be learned twice, or scored twice."""
    path = written(tmp_path, ROW)
    assert "twice" in refusal(path, tmp_path)


def test_a_path_without_corpus_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "nowhere", tmp_path / "empty"):
        assert str(path) in refusal(path)


def test_labels_have_a_column_for_each_of_the_23_objectives() -> None:
    passages = [
        LabelledPassage("1", "a", "text", "", (1, 23), None),
        LabelledPassage("2", "a", "text", "", (), None),
    ]
    labels = label_matrix(passages)
    assert labels.shape == (2, 23)
    assert labels.dtype == bool
    assert labels[0].nonzero()[0].tolist() == [0, 22]
    assert not labels[1].any()
    assert label_matrix([]).shape == (0, 23)


def test_the_inputs_of_passages_hold_no_labels() -> None:
    inputs = inputs_of([LabelledPassage("1", "a", "text", "Labour", (6,), "gap", (20,))])
    assert (inputs.texts, inputs.contexts, inputs.declared) == (["text"], ["Labour"], [(20,)])
