"""Tags as tables: columns and types of the contract, carried columns, and flat rows for CSV and Excel."""

import json
import random
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from gcmtag.columns import TagColumns
from gcmtag.document import Document, Evidence, Passage, Tags
from gcmtag.objectives import NUMBERS, ROLES, clusters_of
from gcmtag.tables import (
    DOCUMENTS_SCHEMA,
    TAGS_SCHEMA,
    TaggedDocument,
    documents_table,
    flat_rows,
    tags_table,
    to_frame,
)

TAGS = Tags(
    objectives=(20,),
    scores=(0.123456,) * 23,
    clusters=(3,),
    cluster_scores=(0.25,) * 4,
    role="result",
    role_score=0.75,
    evidence=(Evidence(20, 0, 9, 0.987654),),
)


def tagged(*extras: dict, name: str = "marovia", page: int | None = None) -> TaggedDocument:
    """A document with one passage for each mapping of carried columns."""
    passages = tuple(
        Passage(name, i, "Transfers cost 3 per cent.", page=page, extra=extra)
        for i, extra in enumerate(extras, start=1)
    )
    document = Document(name, f"{name}.csv", "", "csv", "en", None, passages, dropped={"header": 2, "empty row": 1})
    return TaggedDocument(document, (TAGS,) * len(passages), "small-0.1-abc")


def drawn(passages: int) -> TaggedDocument:
    """A document whose passages and tags differ in every way that a table shows."""
    draw = random.Random(7)  # noqa: S311
    kinds = ("paragraph", "list_item", "table_cell", "footnote")
    found, tags = [], []
    for ordinal in range(1, passages + 1):
        extra = {"year": 2000 + ordinal, "note": None} if ordinal % 3 else {"role": "speaker"}
        asked = ("7", "b") if ordinal % 2 else (None, None)
        text, declared = f"Measure {ordinal} on fees.", tuple(sorted(draw.sample(NUMBERS, draw.randrange(3))))
        page, kind = (ordinal // 4 or None), kinds[ordinal % 4]
        above = {
            "section": "Fees / Costs" * (ordinal % 2),
            "question": asked[0],
            "part": asked[1],
            "declared": declared,
        }
        found.append(Passage("marovia", ordinal, text, f"para. {ordinal}", page, kind=kind, extra=extra, **above))
        objectives = tuple(sorted(draw.sample(NUMBERS, draw.randrange(4))))
        spans = tuple(Evidence(number, ordinal % 5, 7 + ordinal % 3, draw.random()) for number in objectives)
        tags.append(
            Tags(
                objectives=objectives,
                scores=tuple(draw.random() for _ in NUMBERS),
                clusters=clusters_of(objectives),
                cluster_scores=tuple(draw.random() for _ in range(4)),
                role=draw.choice(ROLES),
                role_score=draw.random(),
                evidence=spans * (1 + ordinal % 2),
                unsure=tuple(sorted(draw.sample(NUMBERS, draw.randrange(3)))),
            )
        )
    document = Document("marovia", "marovia.csv", "", "csv", "en", None, tuple(found))
    return TaggedDocument(document, tuple(tags), "small-0.1-abc")


def row_of(passage: Passage, tags: Tags, model: str) -> dict:
    """A row of the tags table, a value after the other: slow and plainly right."""
    names = ("document_id", "passage_id", "ordinal", "locator", "page", "section", "question", "part", "kind")
    row = {name: getattr(passage, name) for name in (*names, "language", "context", "text", "declared")}
    row |= {name: getattr(tags, name) for name in ("objectives", "scores", "clusters", "cluster_scores", "role")}
    row |= {"role_score": tags.role_score, "unsure": tags.unsure, "model": model}
    return row | {"evidence": [asdict(item) for item in tags.evidence]}


@pytest.mark.parametrize("passages", [0, 1, 50])
def test_the_table_made_of_arrays_is_the_one_made_of_rows(passages: int) -> None:
    document = drawn(passages)
    rows = [row_of(*pair, document.model) for pair in zip(document.document.passages, document.tags, strict=True)]
    table = tags_table([document])
    assert table.select(TAGS_SCHEMA.names).equals(pa.Table.from_pylist(rows, schema=TAGS_SCHEMA))
    carried = {0: [], 1: ["year", "note"], 50: ["year", "note", "input_role"]}
    assert table.column_names[len(TAGS_SCHEMA) :] == carried[passages]


def test_arrays_and_records_of_tags_are_the_same_things() -> None:
    tags = drawn(50).tags
    columns = TagColumns.of(tags)
    again = columns.records()
    assert [item.objectives for item in again] == [item.objectives for item in tags]
    assert [item.clusters for item in again] == [item.clusters for item in tags]
    assert TagColumns.of(again).records() == again
    np.testing.assert_allclose(columns.scores, [item.scores for item in tags], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": np.full((50, 23), np.nan, dtype=np.float32)}, "probability"),
        ({"scores": np.zeros((50, 22), dtype=np.float32)}, "shape"),
        ({"role_scores": np.zeros(49, dtype=np.float32)}, "50 passages"),
        ({"chosen": np.zeros((50, 23), dtype=bool)}, "not predicted"),
    ],
)
def test_arrays_that_do_not_go_together_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TagColumns.of(drawn(50).tags), **change)


def test_there_must_be_tags_for_each_passage() -> None:
    with pytest.raises(ValueError, match="0 tags for 1 passages"):
        TaggedDocument(tagged({}).document, (), "small")


def test_an_empty_table_still_has_every_column() -> None:
    assert tags_table([]).schema == TAGS_SCHEMA
    assert documents_table([]).schema == DOCUMENTS_SCHEMA


def test_list_columns_hold_lists_and_page_may_be_missing() -> None:
    frame = to_frame(tags_table([tagged({}), tagged({}, name="tessaly", page=3)]))
    assert frame["objectives"].tolist() == [[20], [20]]
    assert frame["declared"].tolist() == [[], []]
    assert frame["page"].dtype == "Int64"
    assert frame["page"].isna().tolist() == [True, False]
    assert frame["page"][1] == 3
    assert frame["question"].isna().all()


def test_a_frame_of_no_passages_keeps_its_columns_and_types() -> None:
    frame = to_frame(tags_table([]))
    assert list(frame.columns) == TAGS_SCHEMA.names
    assert frame["ordinal"].dtype == "Int64"


def test_carried_columns_follow_the_fixed_ones_with_their_types() -> None:
    table = tags_table([tagged({"region": "north", "year": 2020}, {"region": "south", "year": 2021})])
    assert table.column_names == [*TAGS_SCHEMA.names, "region", "year"]
    assert table["year"].to_pylist() == [2020, 2021]
    assert pa.types.is_integer(table.schema.field("year").type)


def test_a_carried_column_with_the_name_of_a_fixed_one_is_renamed_and_not_lost() -> None:
    table = tags_table([tagged({"role": "speaker"})])
    assert table["role"].to_pylist() == ["result"]
    assert table["input_role"].to_pylist() == ["speaker"]


def test_a_row_without_a_carried_column_has_null_there() -> None:
    assert tags_table([tagged({"year": 2020}, {})])["year"].to_pylist() == [2020, None]


@pytest.mark.parametrize("values", [[2020, "about 2020"], [1.5, "n/a"], [[1], "x"], [2**70, 1], [{"a": 1}, 2]])
def test_a_carried_column_of_several_types_is_kept_as_text(values: list) -> None:
    table = tags_table([tagged(*({"year": value} for value in values))])
    assert table["year"].to_pylist() == [str(value) for value in values]


def test_the_documents_row_counts_passages_and_says_what_was_dropped_by_reason() -> None:
    (row,) = documents_table([tagged({}, {})]).to_pylist()
    assert row["passages"] == 2
    assert json.loads(row["dropped"]) == {"header": 2, "empty row": 1}
    assert row["model"] == "small-0.1-abc"


def test_flat_rows_hold_json_lists_and_probabilities_of_four_decimals() -> None:
    (row,) = flat_rows(tags_table([tagged({})]))
    assert json.loads(row["scores"]) == [0.1235] * 23
    assert json.loads(row["evidence"]) == [{"objective": 20, "start": 0, "end": 9, "score": 0.9877}]
    assert json.loads(row["objectives"]) == [20]
    assert row["page"] is None


def test_a_frame_goes_through_parquet_and_back(tmp_path) -> None:
    frame = to_frame(tags_table([tagged({"region": "north"})]))
    frame.to_parquet(tmp_path / "tags.parquet")
    again = pd.read_parquet(tmp_path / "tags.parquet")
    assert list(again.columns) == list(frame.columns)
    assert list(again["objectives"][0]) == [20]
