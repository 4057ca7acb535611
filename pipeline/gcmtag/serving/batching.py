"""One thread that owns the model: requests that wait together are encoded together."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from gcmtag.classifying import Inputs
from gcmtag.document import Tags
from gcmtag.errors import GcmtagError
from gcmtag.segmenting import sentences
from gcmtag.segmenting.languages import language_of
from gcmtag.tagger import Tagger

WARM_UP: Final = "Migrants were told of their rights in words that they understand, and visas were eased."
SHARE: Final = 16  # texts of one request in a row; a long one cannot keep short ones waiting
LONGEST_GATHERING: Final = 0.1  # seconds
SHARE_OF_GATHERING: Final = 0.05  # of the time that the last batch took
OnBatch = Callable[[int, int, float], None]


class Busy(GcmtagError):
    """The queue is full; ``retry_after`` says in how many seconds it may be worth asking again."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotReady(GcmtagError):
    """The model is still being loaded, or the service is stopping."""


@dataclass(slots=True, eq=False)
class _Request:
    inputs: Inputs
    future: "Future[list[Tags]]"
    taken: int = 0
    done: list[Tags] = field(default_factory=list[Tags])

    def take(self, most: int) -> Inputs:
        start, self.taken = self.taken, min(self.taken + most, len(self.inputs))
        return _slice(self.inputs, start, self.taken)


class Batcher:
    """Tags what is submitted, in batches that mix the requests at hand, each in turn.

    Args:
        load: gives the model; called in the thread of the batcher.
        batch_texts: most texts of a batch.
        queue_texts: most texts that may wait; a request beyond that is refused.
        on_batch: called with (texts, requests, seconds) after each batch.
    """

    def __init__(
        self, load: Callable[[], Tagger], batch_texts: int, queue_texts: int, on_batch: OnBatch | None = None
    ) -> None:
        self._load, self._batch_texts, self._queue_texts, self._on_batch = load, batch_texts, queue_texts, on_batch
        self._requests: deque[_Request] = deque()
        self._waiting, self._stopping = 0, False
        self._changed = threading.Condition()
        self._rate = 20.0  # texts a second, until it is measured
        self._gathering, self._expected = 0.0, 0  # seconds to wait for so many texts
        self._thread = threading.Thread(target=self._run, name="gcmtag-batcher", daemon=True)
        self.tagger: Tagger | None = None
        self.failure = ""

    def start(self) -> None:
        """Loads the model and begins to work, in the background."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Finishes what waits, for ``timeout`` seconds at most, and takes nothing more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)
        with self._changed:
            left, self._requests = list(self._requests), deque()
        for request in left:
            _fail(request, NotReady("the service is stopping: ask again once it runs"))

    @property
    def ready(self) -> bool:
        """Whether a request would be taken."""
        return self.tagger is not None and not self._stopping

    @property
    def waiting(self) -> int:
        """Texts that wait."""
        return self._waiting

    def submit(self, inputs: Inputs, *, patient: bool = False) -> "Future[list[Tags]]":
        """Queues passages; the future gives their tags in the same order.

        Args:
            inputs: the passages.
            patient: for work that is bounded elsewhere: it may wait in a full queue.

        Raises:
            Busy: the queue is full.
            NotReady: the model is not loaded, or the service is stopping.
        """
        future: Future[list[Tags]] = Future()
        with self._changed:
            if not self.ready:
                raise NotReady(self.failure or "the model is being loaded or the service is stopping: ask again soon")
            if not patient and self._waiting and self._waiting + len(inputs) > self._queue_texts:
                seconds = max(1, min(60, round(self._waiting / self._rate)))
                raise Busy(f"{self._waiting} texts wait already: ask again in {seconds} s", seconds)
            if len(inputs):
                self._requests.append(_Request(inputs, future))
                self._waiting += len(inputs)
                self._changed.notify()
            else:
                future.set_result([])
        return future

    def _run(self) -> None:
        try:
            tagger = self._load()
            # So that the first request is no slower: what is loaded at its first use is loaded now.
            tagger.tag_inputs(Inputs.of_texts([WARM_UP]))
            sentences(WARM_UP)
            language_of(WARM_UP)
            self.tagger = tagger
        except Exception as error:  # whatever it was, /readyz must say so
            self.tagger, self.failure = None, f"the model could not be loaded ({type(error).__name__})"
            if isinstance(error, GcmtagError):
                self.failure = str(error)
            return
        while (batch := self._next_batch()) is not None:
            self._tag(batch)

    def _next_batch(self) -> "list[tuple[_Request, Inputs]] | None":
        with self._changed:
            while not self._requests:
                if self._stopping:
                    return None
                self._changed.wait()
            self._gather()
            batch: list[tuple[_Request, Inputs]] = []
            room = self._batch_texts
            while self._requests and room:
                request = self._requests.popleft()
                if request.future.cancelled():
                    self._waiting -= len(request.inputs) - request.taken
                    continue
                piece = request.take(min(SHARE, room))
                room -= len(piece)
                self._waiting -= len(piece)
                batch.append((request, piece))
                if request.taken < len(request.inputs):
                    self._requests.append(request)
            return batch

    def _gather(self) -> None:
        """Waits a moment for those who were answered together and will ask again together.

        Else the first of them to be back would get a batch of its own, and a batch of one costs far more a text.
        """
        end = time.monotonic() + self._gathering
        while self._waiting < self._expected and not self._stopping and (left := end - time.monotonic()) > 0:
            self._changed.wait(left)

    def _tag(self, batch: "list[tuple[_Request, Inputs]]") -> None:
        assert self.tagger is not None  # noqa: S101
        texts = sum(len(piece) for _, piece in batch)
        if not texts:
            return
        began = time.monotonic()
        try:
            tags = self.tagger.tag_inputs(_joined([piece for _, piece in batch]))
        except Exception as error:  # a request must get an answer whatever happens, and the thread must live
            if len(batch) > 1:
                # One bad text must not spoil the answers of the others.
                for one in batch:
                    self._tag([one])
            else:
                self._drop(batch[0][0], error)
            return
        seconds = time.monotonic() - began
        self._rate = 0.9 * self._rate + 0.1 * texts / max(seconds, 1e-3)
        requests = len({id(request) for request, _ in batch})
        # A caller who is alone has nobody to wait for.
        self._expected = texts if requests > 1 else 0
        self._gathering = min(LONGEST_GATHERING, SHARE_OF_GATHERING * seconds)
        start = 0
        for request, piece in batch:
            request.done += tags[start : start + len(piece)]
            start += len(piece)
            if len(request.done) == len(request.inputs) and request.future.set_running_or_notify_cancel():
                request.future.set_result(request.done)
        if self._on_batch is not None:
            self._on_batch(texts, requests, seconds)

    def _drop(self, request: _Request, error: Exception) -> None:
        with self._changed:
            if request in self._requests:
                self._requests.remove(request)
                self._waiting -= len(request.inputs) - request.taken
        _fail(request, error)


def _fail(request: _Request, error: Exception) -> None:
    if not request.future.done() and request.future.set_running_or_notify_cancel():
        request.future.set_exception(error)


def _slice(inputs: Inputs, start: int, end: int) -> Inputs:
    return Inputs(inputs.texts[start:end], inputs.contexts[start:end], inputs.declared[start:end])


def _joined(pieces: list[Inputs]) -> Inputs:
    return Inputs(
        [text for piece in pieces for text in piece.texts],
        [context for piece in pieces for context in piece.contexts],
        [declared for piece in pieces for declared in piece.declared],
    )
