"""What a run leaves on disk while it works, so that it can be taken up again.

Layout of the output folder, format version 3 (2 had one part of tags a document, 1 no guiding principles):

    tags.*, documents.*   the tables, in each format asked for
    failures.csv          a row for every document or page that could not be read
    run.json              versions, model, settings, timings
    .parts/               what is done: Parquet files of tags, named by document and ordinals of their first and last
                          passage, one of each finished document's row, and state.json with the model and version they
                          belong to
"""

import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

import gcmtag
from gcmtag.document import Document
from gcmtag.errors import UsageError
from gcmtag.tables import DOCUMENTS_SCHEMA, document_table

FORMAT_VERSION: Final = 3
_NOTES: Final = b"gcmtag"  # key of what a document's part says besides its row


@dataclass(frozen=True, slots=True)
class Span:
    """Passages of one document that are kept together: ordinals of the first and the last."""

    document_id: str
    first: int
    last: int

    @property
    def file_name(self) -> str:
        """Of the part with their tags."""
        return f"{self.document_id}.{self.first}-{self.last}.tags.parquet"


@dataclass(frozen=True, slots=True)
class Finished:
    """A document all of whose passages are tagged: what is known of it, and where its tags are, in order."""

    document: Document
    spans: tuple[Span, ...]
    model: str

    @property
    def passages(self) -> int:
        """How many there are."""
        return self.spans[-1].last


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store knows of a finished document; ``row`` is that of the documents table."""

    row: pa.Table
    spans: tuple[Span, ...]
    unread_pages: Mapping[int, str] = field(default_factory=dict[int, str])


class Store:
    """Finished documents of one output folder.

    Args:
        folder: the output folder; made if need be.
        model: id of the model; parts of another model are refused.
        restart: forget what was done before.

    Raises:
        UsageError: the folder cannot be written, or holds results of another model.
    """

    def __init__(self, folder: Path, model: str, *, restart: bool) -> None:
        self.folder, self.parts = folder, folder / ".parts"
        try:
            if restart and self.parts.exists():
                shutil.rmtree(self.parts)
            self.parts.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write to {folder} ({error.strerror}): choose another folder with -o") from error
        state = {"format_version": FORMAT_VERSION, "gcmtag": gcmtag.__version__, "model": model}
        self._claim(state)

    def _claim(self, state: Mapping[str, object]) -> None:
        path = self.parts / "state.json"
        if not path.exists():
            write_whole(path, json.dumps(state))
        elif _read_json(path) != state:
            raise UsageError(
                f"{self.folder} holds results of another model or version: add --restart to replace them, or choose "
                "another folder with -o"
            )

    def get(self, document_id: str) -> Kept | None:
        """A finished document, if it is one and all its tags are there."""
        path = self._row(document_id)
        if not path.exists():
            return None
        row = pq.read_table(path)
        notes = json.loads(row.schema.metadata[_NOTES])
        spans = tuple(Span(document_id, first, last) for first, last in notes["spans"])
        if not all(self.holds(span) for span in spans):
            return None
        unread = {int(page): why for page, why in notes["unread_pages"].items()}
        return Kept(row.replace_schema_metadata(None), spans, unread)

    def holds(self, span: Span) -> bool:
        """Whether the tags of these passages are there."""
        return (self.parts / span.file_name).exists()

    def finish(self, finished: Finished) -> None:
        """Keeps the row of a document whose tags are kept already."""
        document = finished.document
        notes = {
            "spans": [(span.first, span.last) for span in finished.spans],
            "unread_pages": {str(page): why for page, why in document.unread_pages.items()},
        }
        row = document_table(document, finished.passages, finished.model)
        metadata = {_NOTES: json.dumps(notes).encode()}
        write_part(row.replace_schema_metadata(metadata), self._row(document.document_id))

    def documents(self, paths: Mapping[str, Path]) -> pa.Table:
        """The documents table of the given documents, in that order.

        Args:
            paths: for each document's id where it is now; it may have been moved since it was tagged.
        """
        if not paths:
            return DOCUMENTS_SCHEMA.empty_table()
        rows = pa.concat_tables([pq.read_table(self._row(name)).replace_schema_metadata(None) for name in paths])
        places = pa.array([str(path) for path in paths.values()], type=pa.string())
        return rows.set_column(rows.column_names.index("path"), "path", places)

    def _row(self, document_id: str) -> Path:
        return self.parts / f"{document_id}.document.parquet"


@dataclass(frozen=True, slots=True)
class Parts:
    """Tags in several files, in order; read one at a time. Without ``filesystem`` they are on this machine."""

    paths: Sequence[Path | str]
    filesystem: Any = None

    def schemas(self) -> Iterator[pa.Schema]:
        """Of each file."""
        return (pq.read_schema(path, filesystem=self.filesystem) for path in self.paths)

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Each file, or these columns of it."""
        wanted = None if columns is None else list(columns)
        return (pq.read_table(path, columns=wanted, filesystem=self.filesystem) for path in self.paths)


def is_result(path: Path) -> bool:
    """Whether the file is one that a run wrote into its output folder."""
    ours = path.stem in {"tags", "documents"} or path.name in {"failures.csv", "report.html"}
    # Ray writes a folder of that name.
    folder = path.parent.parent if path.parent.name == "tags.parquet" else path.parent if ours else None
    return folder is not None and (folder / ".parts" / "state.json").is_file()


def write_part(table: pa.Table, path: Path) -> None:
    """Writes a Parquet file whole or not at all, also where two processes write the same one."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    # Read once or twice and thrown away: speed counts, not size.
    pq.write_table(table, unfinished, compression="lz4", use_dictionary=False)
    unfinished.replace(path)


def write_whole(path: Path, text: str) -> None:
    """Writes a text file whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def about_run(model: str, settings: Mapping[str, Any] | None, started: datetime, seconds: float) -> dict[str, Any]:
    """What run.json says of every run: versions, model, settings, times; ``seconds`` is how long it took."""
    return {
        "gcmtag": gcmtag.__version__,
        "python": platform.python_version(),
        "model": model,
        "settings": dict(settings or {}),
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
    }


def write_run(values: Mapping[str, Any], path: Path) -> None:
    """Writes run.json."""
    write_whole(path, json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
