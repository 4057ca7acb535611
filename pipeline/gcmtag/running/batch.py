"""Tags documents one after another; one that fails is recorded and the rest goes on."""

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

import gcmtag
from gcmtag.document import Document
from gcmtag.encoding.encoder import Progress
from gcmtag.errors import DocumentError
from gcmtag.running.store import Failure, Store, write_failures, write_run, write_table
from gcmtag.segmenting import read
from gcmtag.tagger import Tagger

OnDocument = Callable[[int, int, str], None]


@dataclass(slots=True)
class Outcome:
    """What a run did: finished documents in order, how many of them were done before, and what failed."""

    tags: pa.Table
    documents: pa.Table
    written: list[Path]
    failures: list[Failure]
    taken_up: int
    seconds: float


@dataclass(slots=True)
class _Work:
    done: list[str] = field(default_factory=list[str])
    failures: list[Failure] = field(default_factory=list[Failure])
    taken_up: int = 0
    first_path: dict[str, Path] = field(default_factory=dict[str, Path])


def run(
    paths: Sequence[Path],
    folder: Path,
    tagger: Callable[[], Tagger],
    model: str,
    *,
    formats: Sequence[str] = ("parquet", "csv"),
    restart: bool = False,
    settings: Mapping[str, Any] | None = None,
    on_document: OnDocument | None = None,
    on_passages: Progress | None = None,
) -> Outcome:
    """Tags the documents and writes tables, failures and run.json into ``folder``.

    A document that an earlier run into the same folder finished is not tagged again. Interrupted, the run leaves its
    finished documents in the folder and can be taken up by the same call.

    Args:
        paths: documents, in the order of the output.
        folder: made if need be.
        tagger: gives the model; called only when there is something to tag.
        model: id of that model.
        formats: of the tables: parquet, csv, jsonl, xlsx.
        restart: tag everything anew.
        settings: what to record in run.json besides.
        on_document: called with (documents done, documents in all, name of the next).
        on_passages: called with (texts encoded, texts in all) within a document.

    Raises:
        UsageError: the folder cannot be written or holds results of another model.
    """
    started, began = datetime.now(UTC), time.monotonic()
    store = Store(folder, model, restart=restart)
    work = _Work()
    for position, path in enumerate(paths):
        if on_document is not None:
            on_document(position, len(paths), path.name)
        _tag_one(path, store, tagger, work, on_passages)
    if on_document is not None:
        on_document(len(paths), len(paths), "")
    tags, documents = store.tables({name: work.first_path[name] for name in work.done})
    written = [*write_table(tags, folder / "tags", formats), *write_table(documents, folder / "documents", formats)]
    write_failures(work.failures, folder / "failures.csv")
    seconds = time.monotonic() - began
    write_run(
        {
            "gcmtag": gcmtag.__version__,
            "python": platform.python_version(),
            "model": model,
            "settings": dict(settings or {}),
            "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(seconds, 2),
            "documents": len(work.done),
            "documents_taken_up": work.taken_up,
            "passages": tags.num_rows,
            "failures": len(work.failures),
        },
        folder / "run.json",
    )
    return Outcome(tags, documents, written, work.failures, work.taken_up, seconds)


def _tag_one(path: Path, store: Store, tagger: Callable[[], Tagger], work: _Work, on_passages: Progress | None) -> None:
    if path.is_dir():
        message = f"{path}: no document in this folder; name one with .txt, .md, .html, .docx, .pdf or table files"
        work.failures.append(Failure(str(path), None, "empty", message))
        return
    try:
        document = read(path)
    except DocumentError as error:
        work.failures.append(Failure(str(path), None, error.reason, str(error)))
        return
    name = document.document_id
    if name in work.first_path:
        message = f"{path} has the same content as {work.first_path[name]}, which is tagged: nothing to do"
        work.failures.append(Failure(str(path), None, "duplicate", message))
        return
    work.first_path[name] = path
    if store.has(name):
        work.taken_up += 1
    else:
        store.add(tagger().tag_document(document, on_passages))
    work.done.append(name)
    work.failures.extend(_page_failures(document))


def _page_failures(document: Document) -> list[Failure]:
    return [
        Failure(document.path, page, "unreadable page", f"{document.path}, page {page}: {why}")
        for page, why in document.unread_pages.items()
    ]
