"""Parquet and JSON Lines: types and values as in the tags table, read by DuckDB, pyarrow and pandas."""

import io
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from export_builders import MODEL, both, essence, float32s, tagged

from gcmtag.exporting import export
from gcmtag.tables import TAGS_SCHEMA


def test_pyarrow_reads_the_same_table_with_the_same_types_from_parquet(tables) -> None:
    table = pq.read_table(io.BytesIO(export(*tables, "parquet")))
    assert table.equals(tables[0])
    assert table.schema.metadata[b"gcmtag.models"] == json.dumps([MODEL]).encode()


def test_duckdb_reads_the_same_tags_from_parquet(tables, tmp_path: Path) -> None:
    path = tmp_path / "tags.parquet"
    path.write_bytes(export(*tables, "parquet"))
    with duckdb.connect() as database:
        found = database.execute("SELECT * FROM read_parquet(?)", [str(path)]).to_arrow_table()
        per_objective = database.execute(
            "SELECT objective, count(*) FROM (SELECT unnest(objectives) AS objective FROM read_parquet(?)) "
            "GROUP BY objective ORDER BY objective",
            [str(path)],
        ).fetchall()
    assert essence(found) == essence(tables[0])
    assert per_objective == [(11, 2), (20, 1)]


def test_duckdb_reads_the_same_tags_from_json_lines(tables, tmp_path: Path) -> None:
    path = tmp_path / "tags.jsonl"
    path.write_bytes(export(*tables, "jsonl"))
    with duckdb.connect() as database:
        rows = database.execute("SELECT passage_id, objectives, scores FROM read_json(?)", [str(path)]).fetchall()
    expected = essence(tables[0])
    assert {name: (list(o), float32s(s)) for name, o, s in rows} == {
        name: (value["objectives"], value["scores"]) for name, value in expected.items()
    }


def test_json_lines_give_the_whole_table_back(tables) -> None:
    rows = [json.loads(line) for line in export(*tables, "jsonl").decode("utf-8").split("\n") if line]
    carried = pa.schema([*TAGS_SCHEMA, ("year", pa.int64())])
    assert pa.Table.from_pylist(rows, schema=carried).equals(tables[0])


def test_a_number_that_json_has_no_sign_for_is_null() -> None:
    (line,) = export(*both(tagged("Fees fell.", extra={"share": float("nan")})), "jsonl").splitlines()
    assert json.loads(line)["share"] is None


def test_a_line_separator_inside_a_text_does_not_end_the_line() -> None:
    content = export(*both(tagged("Fees\nfell.\u2028More.")), "jsonl")
    assert content.count(b"\n") == 1
    assert json.loads(content)["text"] == "Fees\nfell.\u2028More."
