"""Batches to parts on disk, in this process or spread over several."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from pathlib import Path
from typing import Final

import pyarrow as pa

from gcmtag.encoding.encoder import Progress
from gcmtag.errors import WorkerLost
from gcmtag.running.sources import Batch, Piece
from gcmtag.running.store import write_part
from gcmtag.tables import PASSAGES_SCHEMA
from gcmtag.tagger import Tagger

Loader = Callable[[], Tagger]

FEW: Final = 3  # batches for which it is not worth while to start processes
MOST_LOSSES: Final = 3  # of processes, without a batch done in between

_own: Tagger | None = None  # the model of a worker process


def usable_cores() -> int:
    """Processor cores that this process may use: its affinity and the limits of its control group respected."""
    from joblib import cpu_count  # noqa: PLC0415

    return int(cpu_count())


def is_light(tagger: Tagger) -> bool:
    """Whether the model loads in a moment and works on one core, so that several processes may each have one."""
    return bool(getattr(tagger.classifier, "light", False))


def tag_pieces(tagger: Tagger, pieces: Sequence[Piece], progress: Progress | None = None) -> list[pa.Table]:
    """The tags tables of pieces, which the model sees together."""
    passages = pa.concat_tables([piece.passages.select(PASSAGES_SCHEMA.names) for piece in pieces])
    tagged = tagger.tag_table(passages, progress)
    tables, first = [], 0
    for piece in pieces:
        table = tagged.slice(first, piece.passages.num_rows)
        for name in piece.passages.column_names[len(PASSAGES_SCHEMA) :]:
            table = table.append_column(piece.passages.schema.field(name), piece.passages.column(name))
        tables.append(table)
        first += piece.passages.num_rows
    return tables


def tag_here(batches: Iterable[Batch], load: Loader, folder: Path, progress: Progress | None) -> Iterator[Batch]:
    """Tags batches one after another and writes their parts; gives each batch when it is on disk."""
    for batch in batches:
        _tag(load, batch.pieces, folder, progress)
        yield batch


def tag_in_processes(
    batches: Iterable[Batch], load: Loader, folder: Path, jobs: int, progress: Progress | None
) -> Iterator[Batch]:
    """The same with ``jobs`` processes, each with its own model; batches are given in their order.

    A few batches only are done here. So many wait at a time that no process is idle, and no more.

    Args:
        batches: what is to be tagged.
        load: gives the model; must be picklable, as a function of a module with its arguments is.
        folder: of the parts.
        jobs: number of processes.
        progress: called with (passages done, passages handed out so far).

    Raises:
        WorkerLost: processes die again and again.
    """
    iterator = iter(batches)
    first = list(islice(iterator, FEW))
    if len(first) < FEW or jobs == 1:
        yield from tag_here(chain(first, iterator), load, folder, progress)
        return
    given = done = 0
    with _Processes(load, folder, jobs) as processes:
        for batch in chain(first, iterator):
            processes.put(batch)
            given += len(batch)
            while processes.full:
                ready = processes.get()
                done += len(ready)
                if progress is not None:
                    progress(done, given)
                yield ready
        while processes.waiting:
            yield processes.get()


class _Processes:
    """Worker processes and the batches that they work on, oldest first.

    A part is written whole or not at all and its name says what is in it, so a batch whose process died is done again.
    """

    def __init__(self, load: Loader, folder: Path, jobs: int) -> None:
        self._load, self._folder, self._jobs = load, folder, jobs
        self.waiting: deque[tuple[Batch, Future[None]]] = deque()
        self._losses = 0
        self._pool = self._started()

    def __enter__(self) -> "_Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def full(self) -> bool:
        return len(self.waiting) >= 2 * self._jobs

    def put(self, batch: Batch) -> None:
        self.waiting.append((batch, self._submitted(batch)))

    def get(self) -> Batch:
        while True:
            batch, future = self.waiting[0]
            try:
                future.result()
            except BrokenProcessPool as error:
                self._replace(error)
            else:
                self._losses = 0
                self.waiting.popleft()
                return batch

    def _submitted(self, batch: Batch) -> "Future[None]":
        try:
            return self._pool.submit(_tag_in_worker, batch.pieces, self._folder)
        except BrokenProcessPool as error:
            broken: Future[None] = Future()
            broken.set_exception(error)
            return broken

    def _replace(self, error: BrokenProcessPool) -> None:
        """Starts anew with everything that is not done."""
        self._losses += 1
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._losses >= MOST_LOSSES:
            raise WorkerLost(
                f"a process that tags was killed {self._losses} times, perhaps for want of memory: run the same "
                "command again with fewer --jobs; it goes on where it was"
            ) from error
        self._pool = self._started()
        batches = [batch for batch, _ in self.waiting]
        self.waiting.clear()
        for batch in batches:
            self.put(batch)

    def _started(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._jobs,
            # A forked process would inherit locks of threads that it does not have.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(self._load,),
        )


def _start_worker(load: Loader) -> None:
    """Loads the model of a worker process and makes it a good child: one core, deaf to ^C, no orphan."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    global _own  # noqa: PLW0603
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pa.set_cpu_count(1)
    _own = load()
    threadpool_limits(limits=1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _tag_in_worker(pieces: Sequence[Piece], folder: Path) -> None:
    tagger = _own
    if tagger is None:
        raise RuntimeError("the worker has no model")
    _tag(lambda: tagger, pieces, folder, None)


def _tag(load: Loader, pieces: Sequence[Piece], folder: Path, progress: Progress | None) -> None:
    if not pieces:
        return
    for piece, table in zip(pieces, tag_pieces(load(), pieces, progress), strict=True):
        write_part(table, folder / piece.span.file_name)
