"""``gcmtag export``: every format into a file, warnings and errors as one line each."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from export_builders import both, tagged

from gcmtag.cli import EXPORT_FORMATS
from gcmtag.exporting import FORMATS, export, read_results
from gcmtag.exporting.workbook import LONGEST_CELL


@pytest.fixture
def results(tables, tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    write(tables, folder)
    return folder


def write(tables: tuple, folder: Path) -> None:
    folder.mkdir()
    pq.write_table(tables[0], folder / "tags.parquet")
    pq.write_table(tables[1], folder / "documents.parquet")
    (folder / "run.json").write_text(json.dumps({"gcmtag": "0.1.0", "finished": "2024-03-05T10:00:00+00:00"}))


def test_help_names_exactly_the_formats_that_there_are() -> None:
    """The command lists them apart, since help must come before pyarrow is loaded."""
    assert tuple(FORMATS) == EXPORT_FORMATS


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("xlsx", "spacy")])
def test_the_file_is_what_python_gives(name: str, results: Path, gcmtag_command: Callable, tmp_path: Path) -> None:
    from gcmtag.exporting import Options

    path = tmp_path / f"tags{FORMATS[name].suffix}"
    status, output, errors = gcmtag_command("export", results, "--to", name, "-o", path)
    assert (status, errors) == (0, "")
    assert output == f"{path}: 3 passages of 2 documents as {name}\n"
    read = read_results(results)
    assert path.read_bytes() == export(read.tags, read.documents, name, Options(about=read.about))


def test_a_run_that_wrote_json_lines_can_be_exported(tables, tmp_path: Path) -> None:
    folder = tmp_path / "jsonl"
    folder.mkdir()
    (folder / "tags.jsonl").write_bytes(export(*tables, "jsonl"))
    (folder / "documents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in tables[1].to_pylist()))
    read = read_results(folder)
    assert read.tags.equals(tables[0])
    assert read.documents.equals(tables[1])
    assert read.about == {}


def test_a_run_that_left_a_folder_of_parquet_files_can_be_exported(tables, tmp_path: Path) -> None:
    """As a run on a cluster does."""
    folder = tmp_path / "parts"
    (folder / "tags.parquet").mkdir(parents=True)
    for start, end in ((0, 1), (1, 3)):
        pq.write_table(tables[0].slice(start, end - start), folder / "tags.parquet" / f"{start:08}.parquet")
    pq.write_table(tables[1], folder / "documents.parquet")
    assert read_results(folder).tags.equals(tables[0])


def test_a_warning_is_one_line_and_the_file_is_written(gcmtag_command: Callable, tmp_path: Path) -> None:
    write(both(tagged("a" * (LONGEST_CELL + 1))), tmp_path / "long")
    status, _, errors = gcmtag_command(
        "export", tmp_path / "long", "--to", "xlsx", "-o", tmp_path / "x.xlsx", "--quiet"
    )
    assert status == 0
    (line,) = errors.splitlines()
    assert line.startswith("gcmtag: warning: xlsx: 1 cells of passages, column text, are longer")
    assert (tmp_path / "x.xlsx").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "pdf"], "unknown format 'pdf': use one of csv, xlsx"),
        (["--to", "ttl", "--hxl"], "HXL goes with csv and xlsx"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    arguments: list[str], message: str, results: Path, gcmtag_command: Callable, tmp_path: Path
) -> None:
    status, _, errors = gcmtag_command("export", results, *arguments, "-o", tmp_path / "out")
    assert status == 1
    (line,) = errors.splitlines()
    assert message in line
    assert not (tmp_path / "out").exists()


def test_a_folder_without_results_says_which_command_comes_first(gcmtag_command: Callable, tmp_path: Path) -> None:
    status, _, errors = gcmtag_command("export", tmp_path, "--to", "csv", "-o", tmp_path / "out.csv")
    assert status == 1
    assert "gcmtag tag -o" in errors


def test_a_damaged_table_is_named(results: Path, gcmtag_command: Callable, tmp_path: Path) -> None:
    (results / "tags.parquet").write_bytes(b"PAR1 no table")
    status, _, errors = gcmtag_command("export", results, "--to", "csv", "-o", tmp_path / "out.csv")
    assert status == 1
    assert "tags.parquet" in errors
    assert len(errors.splitlines()) == 1


def test_a_table_of_something_else_is_refused(results: Path, gcmtag_command: Callable, tmp_path: Path) -> None:
    shutil.copy(results / "documents.parquet", results / "tags.parquet")
    status, _, errors = gcmtag_command("export", results, "--to", "csv", "-o", tmp_path / "out.csv")
    assert status == 1
    assert "lacks passage_id" in errors


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(
    results: Path, gcmtag_command: Callable, tmp_path: Path
) -> None:
    (tmp_path / "taken").mkdir()
    status, _, errors = gcmtag_command("export", results, "--to", "csv", "-o", tmp_path / "taken")
    assert status == 1
    assert "choose another file with -o" in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "taken"]
