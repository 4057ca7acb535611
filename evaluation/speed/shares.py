"""Where the time of a run goes: stacks are looked at every few milliseconds and told by the room they are in.

A profiler that traces calls would slow Python code and leave compiled code as it is, and so shift the shares.
"""

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from types import FrameType
from typing import Final

EVERY: Final = 0.005  # seconds
WAITING: Final = ("threading", "queue", "selectors", "concurrent.futures")
# The innermost frame that a rule fits decides; of the rules the first.
RULES: Final = (
    ("gcmtag.encoding.cache", "looking vectors up"),
    ("gcmtag.encoding.weights", "loading the model"),
    ("gcmtag.encoding.carriers", "loading the model"),
    ("gcmtag.encoding.adapter", "loading the model"),
    ("gcmtag.classifying.storage", "loading the model"),
    ("gcmtag.encoding", "encoding"),
    ("sentence_transformers", "encoding"),
    ("gcmtag.classifying.evidence", "evidence"),
    ("gcmtag.classifying", "words and heads"),
    ("gcmtag.reading", "reading files"),
    ("gcmtag.segmenting", "cutting into passages"),
    ("gcmtag.tables", "tables"),
    ("gcmtag.reporting", "report"),
    ("gcmtag.auditing", "report"),
    ("gcmtag.running", "writing"),
)
LOADING: Final = frozenset({"_load", "load_encoder", "load_classifier", "__init__", "<module>"})
OTHER: Final = "other"
IMPORTS: Final = "imports"


class Shares:
    """Watches the main thread while it is entered; ``seconds`` by stage, and ``beside`` those of other threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.beside: dict[str, float] = defaultdict(float)
        self._done, self._thread = threading.Event(), threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Shares":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        main, own, before = threading.main_thread().ident, threading.get_ident(), time.perf_counter()
        while not self._done.wait(EVERY):
            now = time.perf_counter()
            # Weighed by the time since the last look, which is long after compiled code that let nobody in between.
            for thread, frame in sys._current_frames().items():
                stack = _stack(frame)
                if thread == main:
                    self.seconds[stage_of(stack)] += now - before
                elif thread != own and not stack[0][0].startswith(WAITING):
                    self.beside[stage_of(stack)] += now - before
            before = now


def stage_of(stack: list[tuple[str, str]]) -> str:
    """The stage that a stack belongs to.

    Args:
        stack: module and function of each frame, innermost first.
    """
    modules = [module for module, _ in stack]
    if any(module.startswith("importlib._bootstrap") for module in modules):
        return IMPORTS
    found = (_stage_of_frame(*frame, modules[place:]) for place, frame in enumerate(stack))
    stage = next((stage for stage in found if stage), OTHER)
    # Of the threads that are waited for, those that encode are in one module, and the one that cuts into tokens is not.
    waiting_for = next((module for module in modules if not module.startswith(WAITING)), OTHER)
    waits = modules[0].startswith(WAITING) and waiting_for != "gcmtag.encoding.cores"
    return "tokenising" if stage == "encoding" and waits else stage


def _stage_of_frame(module: str, function: str, outer: Sequence[str]) -> str | None:
    if "token" in function.lower() or module.startswith(("tokenizers", "transformers.tokenization")):
        return "tokenising"
    if module == "gcmtag.segmenting.sentences" and "gcmtag.segmenting.pipeline" not in outer:
        return "evidence"
    stage = next((name for room, name in RULES if module.startswith(room)), None)
    return "loading the model" if stage == "encoding" and function in LOADING else stage


def _stack(frame: FrameType | None) -> list[tuple[str, str]]:
    found = []
    while frame is not None:
        found.append((str(frame.f_globals.get("__name__", "")), frame.f_code.co_name))
        frame = frame.f_back
    return found
