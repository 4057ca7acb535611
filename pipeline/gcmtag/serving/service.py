"""The parts of a running service, put together once and handed to its routes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from gcmtag.classifying import Inputs
from gcmtag.document import Tags
from gcmtag.errors import DocumentError, UnreadableDocument
from gcmtag.serving.batching import Batcher
from gcmtag.serving.jobs import Job, JobStore
from gcmtag.serving.settings import Settings
from gcmtag.serving.watching import Figures, log
from gcmtag.serving.worker import Worker, check_upload
from gcmtag.tagger import Tagger

SECONDS_BETWEEN_LOOKS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Service:
    """Queue, jobs, worker and figures of one service."""

    settings: Settings
    figures: Figures
    batcher: Batcher
    store: JobStore
    worker: Worker

    @classmethod
    def of(cls, settings: Settings, load: Callable[[], Tagger]) -> "Service":
        """A service that has not begun to work.

        Raises:
            UsageError: the state folder cannot be used.
        """
        figures = Figures()
        batcher = Batcher(load, settings.batch_texts, settings.queue_texts, figures.on_batch)
        store = JobStore(settings.state, settings.queue_jobs)

        def on_end(job: Job, outcome: str, passages: int) -> None:
            figures.ended.labels(outcome).inc()
            log("document", outcome=outcome, passages=passages, attempt=job.attempts + 1, owner=job.owner)

        return cls(settings, figures, batcher, store, Worker(store, batcher, settings, on_end))

    def start(self) -> None:
        """Loads the model and takes up jobs, in the background."""
        self.batcher.start()
        self.worker.start()
        log("started", jobs_waiting=self.store.waiting(), keys=len(self.settings.keys))

    def stop(self) -> None:
        """Finishes the job at hand or hands it back, answers what waits, and lets go of the state folder."""
        self.worker.stop(self.settings.patience)
        self.batcher.stop(self.settings.patience)
        log("stopped", jobs_waiting=self.store.waiting())
        self.store.close()

    async def tag(self, inputs: Inputs, gone: "Callable[[], object]") -> list[Tags]:
        """Tags of passages.

        Args:
            inputs: the passages.
            gone: an async function that tells whether the caller has hung up; the passages are then dropped.

        Raises:
            Busy: the queue is full.
            NotReady: the model is not loaded.
            CancelledError: the caller has hung up.
        """
        future = self.batcher.submit(inputs)
        waiting = asyncio.wrap_future(future)
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=SECONDS_BETWEEN_LOOKS)
            if done:
                return waiting.result()
            if await gone():  # type: ignore[misc]
                waiting.cancel()
                raise ConnectionAbortedError

    def accept(self, owner: str, name: str, content: BinaryIO, *, pasted: bool = False) -> Job:
        """Queues a document.

        Raises:
            Busy: too many documents wait.
            DocumentError: it is of a kind that is not read, or beyond a limit.
        """
        job = self.store.add(owner, name, content, pasted=pasted)
        path = self.store.source(job)
        try:
            check_upload(path, self.settings)
        except DocumentError as error:
            self.store.remove(job.id)
            raise UnreadableDocument(str(error).replace(str(path), job.name)) from error
        except BaseException:
            self.store.remove(job.id)
            raise
        self.store.queue(job)
        self.worker.call()
        return job

    def measure(self) -> bytes:
        """The figures for Prometheus, those of the moment brought up to date."""
        self.figures.waiting.set(self.batcher.waiting)
        self.figures.ready.set(self.batcher.ready)
        for state, count in self.store.counts().items():
            self.figures.jobs.labels(state).set(count)
        return self.figures.exposition()
