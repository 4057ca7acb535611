"""How good a model is on labelled passages, with intervals, beside simple peers."""

from gcmtag.evaluating.metrics import Measures, measure
from gcmtag.evaluating.protocol import (
    Contestant,
    Evaluation,
    as_markdown,
    evaluate,
    load_contestants,
    write_evaluation,
)

__all__ = [
    "Contestant",
    "Evaluation",
    "Measures",
    "as_markdown",
    "evaluate",
    "load_contestants",
    "measure",
    "write_evaluation",
]
