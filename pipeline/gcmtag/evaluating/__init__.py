"""How good a model is on labelled passages, with intervals, beside simple peers."""

from gcmtag.evaluating.metrics import Measures, measure
from gcmtag.evaluating.protocol import Evaluation, evaluate, write_evaluation

__all__ = ["Evaluation", "Measures", "evaluate", "measure", "write_evaluation"]
