"""A classifier that needs no model and works on one core, importable by other processes."""

import os
import signal
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gcmtag import Tagger
from gcmtag.classifying import Inputs
from gcmtag.classifying.classifier import Scores

MODEL = "stub-0.1-abc"
FATAL = "this passage kills"


@dataclass(frozen=True)
class Seen:
    """Passages as they are."""

    inputs: Inputs
    parts: None = None


@dataclass(frozen=True)
class LightClassifier:
    """Scores that hang on the text only; dies at a fatal passage, the first time or always.

    ``marks`` is a folder in which each process leaves a file with its number, and each death one.
    """

    marks: Path | None = None
    deadly: bool = False
    light: bool = True
    threshold: float = 0.98
    doubt: tuple[float, float] = (0.96, 0.99)

    def views(self, inputs: Inputs, spans: object = None, progress: object = None) -> "Seen":
        return Seen(inputs)

    def score_sentences(self, inputs: Inputs, vectors: object) -> np.ndarray:
        return _numbers(inputs.texts, 23)

    def score_views(self, views: "Seen") -> Scores:
        inputs = views.inputs
        if self.marks is not None:
            (self.marks / f"process-{os.getpid()}").touch()
            if any(FATAL in text for text in inputs.texts) and (self.deadly or not (self.marks / "died").exists()):
                (self.marks / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return Scores(_numbers(inputs.texts, 23), _numbers(inputs.texts, 4), _numbers(inputs.texts, 7))


def _numbers(texts: Sequence[str], columns: int) -> "np.ndarray":
    seeds = np.array([zlib.crc32(text.encode()) for text in texts], dtype=np.uint64)[:, np.newaxis]
    steps = np.arange(1, columns + 1, dtype=np.uint64) * np.uint64(2654435761)
    return ((seeds * steps >> np.uint64(8)) % np.uint64(1_000_003) / np.float32(1_000_003)).astype(np.float32)


def light_tagger(marks: Path | None = None, *, deadly: bool = False, light: bool = True) -> Tagger:
    return Tagger(LightClassifier(marks, deadly, light), MODEL)
