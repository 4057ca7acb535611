"""A service in this process, by the small model or by a stand-in that answers when it is told to."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.testclient import TestClient

from gcmtag.classifying import Inputs
from gcmtag.document import Tags
from gcmtag.serving import Settings, create_app
from gcmtag.serving.batching import WARM_UP

FEES = "The Republic of Marovia cut the fee on remittances to 3 per cent."
NOTE = f"{FEES}\n\nBorder guards were trained to recognise victims of trafficking.\n\nThe harbour was painted.\n"
LOCAL = "http://127.0.0.1:8000"


class StandIn:
    """Tags nothing, counts its batches, and waits at ``gate`` where that is closed."""

    model = "stand-in 1"
    classifier: Any = None

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.batches: list[list[str]] = []

    def tag_inputs(self, inputs: Inputs, progress: object = None) -> list[Tags]:
        if list(inputs.texts) == [WARM_UP]:
            return [nothing()]
        self.entered.set()
        self.gate.wait(10)
        if "break" in inputs.texts:
            raise RuntimeError("secret words of a document")
        self.batches.append(list(inputs.texts))
        return [nothing() for _ in inputs.texts]

    def deciding_words(self, text: str, context: str = "") -> dict[int, list[tuple[str, float]]]:
        return {number: [] for number in range(1, 24)}


def nothing() -> Tags:
    return Tags((), (0.0,) * 23, (), (0.0,) * 4, "context", 1.0)


@contextmanager
def client_of(tagger: object, state: Path, **settings: Any) -> Iterator[TestClient]:
    """A client of a service that is ready."""
    app = create_app(Settings(state, **settings), lambda: tagger)
    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as client:
        until(lambda: client.get("/readyz").status_code == 200)
        yield client


@contextmanager
def served(tagger: object, state: Path, **settings: Any) -> Iterator[str]:
    """The address of a service on a real socket."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(Settings(state, **settings), lambda: tagger), log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    until(lambda: server.started and server.config.app.state.service.batcher.ready)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def until(true: Any, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def finished(client: Any, job: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    """The job once it has ended."""
    found: dict[str, Any] = {}

    def ended() -> bool:
        found.update(client.get(job["url"], headers=headers).json())
        return found["state"] in {"done", "failed"}

    until(ended)
    return found
