"""What an operator sees: one JSON object a line on standard error, and the figures for Prometheus.

Neither ever holds a word of a document, a file's name, an API key, or the id of a job.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Final, TextIO

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

LOGGER: Final = logging.getLogger("gcmtag.serving")
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, event, and the fields given under ``fields``."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; of an exception only its type and the line of code, for its message may quote a document."""
        values: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        if record.name != LOGGER.name:
            values["logger"] = record.name
        values |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0] is not None:
            values |= described(record.exc_info[1])
        return json.dumps(values, ensure_ascii=True, default=str)


def log_to(stream: TextIO = sys.stderr) -> None:
    """Sends the log of the service and of the web server to a stream, in JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    for name in (LOGGER.name, "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)


def log(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Writes one line."""
    LOGGER.log(level, event, extra={"fields": fields})


def described(error: BaseException | None) -> dict[str, str]:
    """An exception without its message: type, and file and line where it was raised."""
    if error is None:
        return {}
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    return {"error": type(error).__name__, "where": where}


class Figures:
    """The figures of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "gcmtag_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "gcmtag_request_seconds", "Time to answer a request", ["route"], buckets=_SECONDS, registry=self.registry
        )
        self.refused = Counter("gcmtag_refused", "Requests refused by a limit", ["status"], registry=self.registry)
        self.texts = Counter("gcmtag_texts", "Passages tagged", registry=self.registry)
        self.batch_texts = Histogram(
            "gcmtag_batch_texts", "Passages in a batch", buckets=(1, 2, 4, 8, 16, 32, 64, 128), registry=self.registry
        )
        self.batch_requests = Histogram(
            "gcmtag_batch_requests", "Requests in a batch", buckets=(1, 2, 4, 8, 16, 32), registry=self.registry
        )
        self.batch_seconds = Histogram(
            "gcmtag_batch_seconds", "Time of a batch", buckets=_SECONDS, registry=self.registry
        )
        self.waiting = Gauge("gcmtag_queue_texts", "Passages that wait", registry=self.registry)
        self.jobs = Gauge("gcmtag_jobs", "Documents by state", ["state"], registry=self.registry)
        self.ended = Counter("gcmtag_jobs_ended", "Documents let go of", ["outcome"], registry=self.registry)
        self.ready = Gauge("gcmtag_ready", "1 where the model is loaded", registry=self.registry)
        self.started = Gauge("gcmtag_start_time_seconds", "When the service started", registry=self.registry)
        self.started.set(time.time())

    def on_batch(self, texts: int, requests: int, seconds: float) -> None:
        """Counts a batch."""
        self.texts.inc(texts)
        self.batch_texts.observe(texts)
        self.batch_requests.observe(requests)
        self.batch_seconds.observe(seconds)

    def exposition(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return bytes(generate_latest(self.registry))
