"""Tags documents and tables; one that fails is recorded and the rest goes on. Memory does not grow with the input."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from gcmtag.encoding.encoder import Progress
from gcmtag.errors import DocumentError
from gcmtag.reading import content_id
from gcmtag.running import failures
from gcmtag.running.failures import Failure
from gcmtag.running.sources import Batch, Piece, Whole, in_batches, pieces_of
from gcmtag.running.store import Finished, Parts, Span, Store, about_run, write_run
from gcmtag.running.tagging import Loader, is_light, tag_here, tag_in_processes, usable_cores
from gcmtag.running.writing import MOST_EXCEL_ROWS, in_groups, unified, write_failures, write_tables
from gcmtag.tagger import Tagger, warned

OnDocument = Callable[[int, int, str], None]

# Passages that are tagged together and kept together. What a stopped run has to do again is at most so much: some
# seconds of work.
LIGHT_BATCH: Final = 4096
HEAVY_BATCH: Final = 512


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: finished documents in order, how many of them were done before, and what failed.

    ``parts`` has the tags, too many perhaps for the memory; ``notes`` are lines that a user should read.
    """

    parts: Parts
    documents: pa.Table
    passages: int
    written: list[Path]
    failures: list[Failure]
    taken_up: int
    seconds: float
    notes: list[str]


@dataclass(slots=True)
class _Work:
    """What is known so far, by document in order."""

    paths: dict[str, Path] = field(default_factory=dict[str, Path])
    spans: dict[str, tuple[Span, ...]] = field(default_factory=dict[str, tuple[Span, ...]])
    failures: list[Failure] = field(default_factory=list[Failure])
    taken_up: int = 0

    @property
    def passages(self) -> int:
        return sum(spans[-1].last for spans in self.spans.values())


def run(
    paths: Sequence[Path],
    folder: Path,
    tagger: Loader,
    model: str,
    *,
    formats: Sequence[str] = ("parquet", "csv"),
    restart: bool = False,
    jobs: int | None = None,
    batch: int | None = None,
    settings: Mapping[str, Any] | None = None,
    on_document: OnDocument | None = None,
    on_passages: Progress | None = None,
) -> Outcome:
    """Tags the documents and writes tables, failures and run.json into ``folder``.

    What an earlier run into the same folder finished is not tagged again: a document, or a stretch of a table.
    Interrupted, the run leaves what it has done in the folder and can be taken up by the same call.

    Args:
        paths: documents, in the order of the output.
        folder: made if need be.
        tagger: gives the model; called only when there is something to tag. With a light model it is sent to other
            processes and must be picklable.
        model: id of that model.
        formats: of the tables: parquet, csv, jsonl, xlsx.
        restart: tag everything anew.
        jobs: processes of a light model (by default the cores that may be used), threads of another.
        batch: passages that are tagged together; by default what suits the model.
        settings: what to record in run.json besides.
        on_document: called with (documents read, documents in all, name of the next).
        on_passages: called with (texts encoded, texts in all) within a batch.

    Raises:
        UsageError: the folder cannot be written or holds results of another model.
        WorkerLost: processes died again and again.
    """
    started, began = datetime.now(UTC), time.monotonic()
    store = Store(folder, model, restart=restart)
    work = _Work()
    own = cache(lambda: _ready(tagger, jobs))
    size = cache(lambda: batch if batch is not None else LIGHT_BATCH if is_light(own()) else HEAVY_BATCH)
    for done in _tagged(_batches(paths, store, work, size, on_document), tagger, own, store, jobs, on_passages):
        for whole in done.complete:
            store.finish(Finished(warned(whole.document), whole.spans, model))
    if on_document is not None:
        on_document(len(paths), len(paths), "")
    parts = Parts([store.parts / span.file_name for spans in work.spans.values() for span in spans])
    documents = store.documents(work.paths)
    schema = unified(parts.schemas())
    written = write_tables(in_groups(parts.tables(), schema), schema, folder / "tags", formats)
    written += write_tables([documents], documents.schema, folder / "documents", formats)
    write_failures(work.failures, folder / "failures.csv")
    notes = _notes(folder, work.passages) if "xlsx" in formats else []
    seconds = time.monotonic() - began
    write_run(
        {
            **about_run(model, settings, started, seconds),
            "documents": len(work.paths),
            "documents_taken_up": work.taken_up,
            "passages": work.passages,
            "failures": len(work.failures),
            "notes": notes,
        },
        folder / "run.json",
    )
    return Outcome(parts, documents, work.passages, written, work.failures, work.taken_up, seconds, notes)


def _ready(load: Loader, jobs: int | None) -> Tagger:
    tagger = load()
    if jobs is not None and not is_light(tagger):
        import torch  # noqa: PLC0415

        torch.set_num_threads(jobs)
    return tagger


def _batches(
    paths: Sequence[Path], store: Store, work: _Work, size: Callable[[], int], on_document: OnDocument | None
) -> Iterator[Batch]:
    """What is to be tagged; the model is loaded only if there is something."""

    def found() -> Iterator[Piece | Whole]:
        for position, path in enumerate(paths):
            if on_document is not None:
                on_document(position, len(paths), path.name)
            yield from _pieces(path, store, work, size)

    pieces = found()
    first = next(pieces, None)
    if first is not None:
        yield from in_batches(chain([first], pieces), size())


def _pieces(path: Path, store: Store, work: _Work, size: Callable[[], int]) -> Iterator[Piece | Whole]:
    if path.is_dir():
        work.failures.append(failures.of_folder(path))
        return
    try:
        name = content_id(path)
        if name in work.paths:
            work.failures.append(failures.of_copy(path, work.paths[name]))
            return
        kept = store.get(name)
        if kept is not None:
            work.taken_up += 1
            _note_done(work, name, path, kept.spans, kept.unread_pages)
            return
        for item in pieces_of(path, size, store.holds):
            if isinstance(item, Whole):
                _note_done(work, name, path, item.spans, item.document.unread_pages)
            yield item
    except DocumentError as error:
        work.failures.append(Failure(str(path), None, error.reason, str(error)))


def _note_done(work: _Work, name: str, path: Path, spans: tuple[Span, ...], unread_pages: Mapping[int, str]) -> None:
    work.paths[name], work.spans[name] = path, spans
    work.failures.extend(failures.of_pages(path, unread_pages))


def _tagged(
    batches: Iterator[Batch],
    load: Loader,
    own: Callable[[], Tagger],
    store: Store,
    jobs: int | None,
    on_passages: Progress | None,
) -> Iterator[Batch]:
    first = next(batches, None)
    if first is None:
        return
    rest = chain([first], batches)
    if first.pieces and is_light(own()):
        processes = jobs if jobs is not None else usable_cores()
        yield from tag_in_processes(rest, load, store.parts, processes, on_passages)
    else:
        yield from tag_here(rest, own, store.parts, on_passages)


def _notes(folder: Path, passages: int) -> list[str]:
    room = MOST_EXCEL_ROWS - 1
    if passages <= room:
        return []
    return [
        f"{folder / 'tags.xlsx'} holds the first {room} of {passages} passages, as many as a sheet can: take another "
        "--format for all of them"
    ]
