"""Texts in context to calibrated scores, and from scores to objectives, clusters, role and evidence."""

from gcmtag.classifying.classifier import Classifier
from gcmtag.classifying.inputs import Inputs
from gcmtag.classifying.storage import Unseen, load_classifier, load_unseen, save_classifier

__all__ = ["Classifier", "Inputs", "Unseen", "load_classifier", "load_unseen", "save_classifier"]
