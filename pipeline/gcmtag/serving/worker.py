"""One thread that takes documents from the job store, reads them, and has their passages tagged."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pypdfium2

from gcmtag.classifying import Inputs
from gcmtag.document import Document, Passage, Tags
from gcmtag.encoding.encoder import Progress
from gcmtag.errors import EmptyDocument, GcmtagError, UnreadableDocument
from gcmtag.reading import format_of
from gcmtag.reading.common import document_id_of
from gcmtag.segmenting import read
from gcmtag.serving import unpacking
from gcmtag.serving.batching import Batcher, Busy, NotReady
from gcmtag.serving.jobs import Job, JobStore
from gcmtag.serving.settings import LONGEST_PASSAGE, Settings
from gcmtag.tables import documents_table, tags_table
from gcmtag.tagger import Tagger

STEP: Final = 64  # passages between two looks at whether the service stops
IDLE: Final = 30.0  # seconds between two looks for expired jobs
# pdfium must not be called by two threads at once.
_PDFIUM: Final = threading.Lock()
# Each may take a lot of memory.
_UNPACKING: Final = threading.Lock()
SECONDS_TO_UNPACK: Final = 10

OnEnd = Callable[[Job, str, int], None]


class _HandedBack(Exception):
    """The service stops before the document is done."""


@dataclass(frozen=True, slots=True)
class _QueuedTagger(Tagger):
    """A tagger whose passages go through the queue of the service, a few at a time."""

    batcher: Batcher
    stopping: threading.Event
    on_step: Progress

    def tag_inputs(self, inputs: Inputs, progress: Progress | None = None) -> list[Tags]:
        """Tags of the passages; gives up between two steps when the service stops."""
        tags: list[Tags] = []
        for start in range(0, len(inputs), STEP):
            if self.stopping.is_set():
                raise _HandedBack
            end = start + STEP
            piece = Inputs(inputs.texts[start:end], inputs.contexts[start:end], inputs.declared[start:end])
            tags += self.batcher.submit(piece, patient=True).result()
            self.on_step(len(tags), len(inputs))
        return tags


class Worker:
    """Works through the job store until it is stopped.

    Args:
        store: where the jobs are.
        batcher: what tags their passages.
        settings: the limits.
        on_end: called with (job, "done" or "failed" or "handed back", passages) when it lets go of a job.
    """

    def __init__(self, store: JobStore, batcher: Batcher, settings: Settings, on_end: OnEnd | None = None) -> None:
        self._store, self._batcher, self._settings, self._on_end = store, batcher, settings, on_end
        self._stopping, self._called = threading.Event(), threading.Event()
        self._draining = False
        self._thread = threading.Thread(target=self._run, name="gcmtag-documents", daemon=True)

    def start(self) -> None:
        """Begins to work, in the background."""
        self._thread.start()

    def call(self) -> None:
        """Says that a job was queued."""
        self._called.set()

    def stop(self, timeout: float) -> None:
        """Waits for the job at hand for ``timeout`` seconds, then has it handed back."""
        self._draining = True
        self._called.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        while not self._draining:
            self._called.clear()
            self._store.expire(self._settings.keep)
            while not self._draining and self._batcher.ready and (job := self._store.take()) is not None:
                self._do(job)
            self._called.wait(IDLE if self._batcher.ready else 0.2)

    def _do(self, job: Job) -> None:
        outcome, passages = "failed", 0
        path = self._store.source(job)
        try:
            document = read_upload(path, job, self._settings)
            passages = len(document.passages)
            self._store.progress(job.id, 0, passages)
            tagged = self._tagger(job).tag_document(document)
            self._store.finish(job.id, tags_table([tagged]), documents_table([tagged]))
            outcome = "done"
        except (_HandedBack, NotReady, CancelledError):
            self._store.hand_back(job.id, attempted=False)
            outcome = "handed back"
        except GcmtagError as error:
            self._store.fail(job.id, str(error).replace(str(path), job.name))
        except Exception as error:  # one document must not stop the service
            self._store.fail(job.id, f"{job.name}: it could not be tagged ({type(error).__name__}); check the file")
        if self._on_end is not None:
            self._on_end(job, outcome, passages)

    def _tagger(self, job: Job) -> Tagger:
        own = self._batcher.tagger
        if own is None:
            raise NotReady("the model is not loaded")

        def on_step(done: int, total: int) -> None:
            self._store.progress(job.id, done, total)

        return _QueuedTagger(own.classifier, own.model, self._batcher, self._stopping, on_step)


def check_upload(path: Path, settings: Settings) -> None:
    """Looks at a file before it is queued: is it of a kind that is read, and not too long?

    Raises:
        DocumentError: it is not; the message is one line.
        Busy: others of its kind are being looked at.
    """
    kind = format_of(path)
    if kind == "parquet":
        _check_parquet(path, settings.most_passages)
    if kind == "pdf" and _PDFIUM.acquire(timeout=1.0):
        # Where another document is being read the worker counts the pages, a little later.
        try:
            _check_pages(path, settings.most_pages)
        finally:
            _PDFIUM.release()


def read_upload(path: Path, job: Job, settings: Settings) -> Document:
    """Reads a document within the limits; its path becomes the name that the sender gave it.

    Raises:
        DocumentError: it cannot be read, holds no passage, or is beyond a limit.
    """
    with _PDFIUM:
        if format_of(path) == "pdf":
            _check_pages(path, settings.most_pages)
        try:
            document = read(path)
        except EmptyDocument:
            if not job.pasted:
                raise
            document = _as_it_stands(path)
    _check_passages(path, document, settings.most_passages)
    return replace(document, path=job.name)


def _as_it_stands(path: Path) -> Document:
    """A pasted text that has no running text in the eyes of the segmenter: each of its paragraphs is a passage."""
    data = path.read_bytes()
    texts = [" ".join(part.split()) for part in re.split(r"\n\s*\n", data.decode("utf-8"))]
    name = document_id_of(data)
    passages = tuple(
        Passage(name, ordinal, text, locator=f"para. {ordinal}") for ordinal, text in enumerate(filter(None, texts), 1)
    )
    if not passages:
        raise EmptyDocument(f"{path}: there is no text; paste some")
    return Document(name, str(path), path.stem, "text", "en", None, passages)


def _check_parquet(path: Path, most: int) -> None:
    if not _UNPACKING.acquire(timeout=SECONDS_TO_UNPACK):
        raise Busy(f"other tables are being unpacked: send this one again in {SECONDS_TO_UNPACK} s", SECONDS_TO_UNPACK)
    try:
        said = unpacking.refusal(path, most)
    finally:
        _UNPACKING.release()
    if said:
        raise UnreadableDocument(f"{path}: {said}")


def _check_pages(path: Path, most: int) -> None:
    try:
        with pypdfium2.PdfDocument(path) as pdf:
            pages = len(pdf)
    except pypdfium2.PdfiumError:
        return  # the reader says what is wrong with it
    if pages > most:
        raise UnreadableDocument(f"{path}: it has {pages} pages, this service takes {most}; split it")


def _check_passages(path: Path, document: Document, most: int) -> None:
    if len(document.passages) > most:
        raise UnreadableDocument(
            f"{path}: it has {len(document.passages)} passages, this service takes {most}; split it"
        )
    longest = max((len(passage.text) for passage in document.passages), default=0)
    if longest > LONGEST_PASSAGE:
        raise UnreadableDocument(
            f"{path}: one passage has {longest} characters, at most {LONGEST_PASSAGE} are taken; put "
            "line breaks between its paragraphs"
        )
