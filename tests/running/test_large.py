"""Large tables flow through in batches, over several processes where the model is light; nothing is lost or doubled."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from light_stub import FATAL, MODEL, light_tagger
from running_builders import CountingTagger, tags_of

from gcmtag.errors import WorkerLost
from gcmtag.running import run, sources, writing


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows into a table named table.jsonl, by default 23 of them."""

    def write(texts: list[str] | None = None, name: str = "table") -> Path:
        path = tmp_path / f"{name}.jsonl"
        rows = [{"text": text, "year": 2000 + i} for i, text in enumerate(texts or passages(23))]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    (tmp_path / "marks").mkdir()
    return tmp_path / "marks"


def passages(number: int) -> list[str]:
    return [f"Measure {i} of Marovia concerns the fees of remittances." for i in range(1, number + 1)]


def test_a_table_is_tagged_batch_by_batch_and_comes_out_whole(table: Callable, tagger, tmp_path: Path) -> None:
    outcome = run([table()], tmp_path / "out", tagger, MODEL, batch=10)
    assert [len(call) for call in tagger.calls] == [10, 10, 3]
    found = tags_of(outcome)
    assert found["text"].to_pylist() == passages(23)
    assert found["ordinal"].to_pylist() == list(range(1, 24))
    assert found["locator"].to_pylist() == [f"row {i}" for i in range(1, 24)]
    assert found["year"].to_pylist() == [2000 + i for i in range(23)]
    assert outcome.passages == outcome.documents["passages"][0].as_py() == 23


def test_the_size_of_a_batch_changes_nothing_in_the_tables(table: Callable, tmp_path: Path) -> None:
    path = table()
    whole, pieces = (
        tags_of(run([path], tmp_path / name, light_tagger, MODEL, batch=size, jobs=1))
        for name, size in (("whole", 100), ("pieces", 4))
    )
    assert pieces.equals(whole)


def test_a_table_that_was_stopped_goes_on_where_it_was(table: Callable, tagger, tmp_path: Path) -> None:
    path = table()
    tagger.stop_at = 3
    with pytest.raises(KeyboardInterrupt):
        run([path], tmp_path / "out", tagger, MODEL, batch=10)
    tagger.stop_at = None
    outcome = run([path], tmp_path / "out", tagger, MODEL, batch=10)
    assert tagger.texts == passages(23)
    assert tags_of(outcome)["text"].to_pylist() == passages(23)


def test_a_stopped_table_can_go_on_with_batches_of_another_size(table: Callable, tagger, tmp_path: Path) -> None:
    """Parts are named by what is in them, so those of another size are not taken for the wanted ones."""
    path = table()
    tagger.stop_at = 3
    with pytest.raises(KeyboardInterrupt):
        run([path], tmp_path / "out", tagger, MODEL, batch=10)
    tagger.stop_at = None
    outcome = run([path], tmp_path / "out", tagger, MODEL, batch=7)
    assert tags_of(outcome)["text"].to_pylist() == passages(23)


def test_small_documents_are_tagged_together(documents: Callable, tagger, tmp_path: Path) -> None:
    texts = {name: f"The fees of {name} were cut." for name in "abcde"}
    outcome = run(documents(**texts), tmp_path / "out", tagger, MODEL, batch=2)
    assert [len(call) for call in tagger.calls] == [2, 2, 1]
    assert tags_of(outcome)["text"].to_pylist() == list(texts.values())


def test_a_document_read_slowly_is_not_waited_for(documents: Callable, tagger, tmp_path: Path, monkeypatch) -> None:
    """Else a night of text recognition would be lost when the run is stopped."""
    monkeypatch.setattr(sources.in_batches, "__defaults__", (0.0,))
    run(documents(a="The fees were cut.", b="Visas were issued."), tmp_path / "out", tagger, MODEL, batch=100)
    assert [len(call) for call in tagger.calls] == [1, 1]


def test_no_more_than_a_few_batches_are_in_memory(table: Callable, tmp_path: Path, monkeypatch) -> None:
    """Reading waits for tagging: the table is not read ahead to its end."""
    seen: list[str] = []
    made = sources.Piece.of.__func__
    monkeypatch.setattr(sources.Piece, "of", classmethod(lambda cls, p: (seen.append("read"), made(cls, p))[1]))
    tagger = CountingTagger(light_tags(), None)
    whole = tagger.tag_table

    def noted(rows: pa.Table, progress: object = None) -> pa.Table:
        seen.append("tagged")
        return whole(rows, progress)

    monkeypatch.setattr(CountingTagger, "tag_table", lambda _, *given: noted(*given))
    run([table(passages(40))], tmp_path / "out", tagger, MODEL, batch=4)
    ahead = [seen[: i + 1].count("read") - seen[: i + 1].count("tagged") for i in range(len(seen))]
    assert seen.count("read") == 10
    assert max(ahead) <= 2


def light_tags():
    return light_tagger().tag("Fees were cut.")


def test_several_processes_give_what_one_gives(table: Callable, marks: Path, tmp_path: Path) -> None:
    path = table(passages(60))
    alone = tags_of(run([path], tmp_path / "alone", light_tagger, MODEL, batch=6, jobs=1))
    load = partial(light_tagger, marks)
    together = tags_of(run([path], tmp_path / "together", load, MODEL, batch=6, jobs=2))
    assert together.equals(alone)
    assert any(alone["objectives"].to_pylist())
    assert len(list(marks.glob("process-*"))) == 2, "both processes worked"


def test_a_process_that_dies_costs_nothing_but_time(table: Callable, marks: Path, tmp_path: Path) -> None:
    texts = [*passages(30), FATAL, *passages(10)]
    outcome = run([table(texts)], tmp_path / "out", partial(light_tagger, marks), MODEL, batch=6, jobs=2)
    assert (marks / "died").exists()
    assert tags_of(outcome)["text"].to_pylist() == texts


def test_processes_that_die_again_and_again_end_the_run_in_one_line(
    table: Callable, marks: Path, tmp_path: Path
) -> None:
    load = partial(light_tagger, marks, deadly=True)
    with pytest.raises(WorkerLost, match="--jobs") as refusal:
        run([table([*passages(30), FATAL])], tmp_path / "out", load, MODEL, batch=6, jobs=2)
    assert "\n" not in str(refusal.value)


def test_a_heavy_model_stays_in_one_process(table: Callable, marks: Path, tmp_path: Path) -> None:
    run([table(passages(60))], tmp_path / "out", partial(light_tagger, marks, light=False), MODEL, batch=6, jobs=2)
    assert len(list(marks.glob("process-*"))) == 1


KILLED = """
import sys
from functools import partial
from pathlib import Path
from light_stub import MODEL, light_tagger
from gcmtag.running import run
if __name__ == "__main__":
    run([Path(sys.argv[1])], Path(sys.argv[2]), light_tagger, MODEL, batch=50, jobs=2)
"""


def test_a_run_that_was_killed_leaves_no_process_and_goes_on(table: Callable, tmp_path: Path) -> None:
    import psutil

    texts = passages(20_000)
    path, out, script = table(texts), tmp_path / "out", tmp_path / "killed.py"
    script.write_text(KILLED)
    command = [sys.executable, str(script), str(path), str(out)]
    with subprocess.Popen(command, env={**_environment(), "PYTHONPATH": ":".join(sys.path)}) as running:
        until = time.monotonic() + 120
        while not list((out / ".parts").glob("*.tags.parquet")) and time.monotonic() < until:
            time.sleep(0.01)
        children = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.SIGKILL)
        running.wait()
    done = len(list((out / ".parts").glob("*.tags.parquet")))
    assert 0 < done < 400
    gone, left = psutil.wait_procs(children, timeout=60)
    assert gone
    assert not left
    outcome = run([path], out, light_tagger, MODEL, batch=50, jobs=1)
    assert tags_of(outcome)["text"].to_pylist() == texts


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def test_a_sheet_that_is_full_holds_the_first_rows_and_a_line_says_so(
    table: Callable, tagger, tmp_path: Path, monkeypatch
) -> None:
    for module in ("writing", "batch"):
        monkeypatch.setattr(f"gcmtag.running.{module}.MOST_EXCEL_ROWS", 6)
    outcome = run([table()], tmp_path / "out", tagger, MODEL, formats=["xlsx", "parquet"], batch=4)
    sheet = openpyxl.load_workbook(tmp_path / "out" / "tags.xlsx").active
    assert [row[2] for row in sheet.iter_rows(min_row=2, values_only=True)] == [1, 2, 3, 4, 5]
    (note,) = outcome.notes
    assert "the first 5 of 23 passages" in note
    assert tags_of(outcome).num_rows == 23


def test_row_groups_are_neither_tiny_nor_the_whole_table(table: Callable, tagger, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(writing.in_groups, "__defaults__", (8,))
    run([table()], tmp_path / "out", tagger, MODEL, batch=4)
    file = pq.ParquetFile(tmp_path / "out" / "tags.parquet")
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [8, 8, 7]


def test_columns_whose_types_change_along_a_table_become_text(tmp_path: Path, tagger) -> None:
    """Each batch has its own types; the table has one, and no value is lost."""
    path = tmp_path / "mixed.jsonl"
    years = [2020, 2021, "about 2022", None, 2024]
    path.write_text("".join(json.dumps({"text": "Fees.", "year": year}) + "\n" for year in years))
    outcome = run([path], tmp_path / "out", tagger, MODEL, batch=2)
    assert tags_of(outcome)["year"].to_pylist() == ["2020", "2021", "about 2022", None, "2024"]
