"""Texts in context to calibrated scores, and from scores to objectives, clusters, role and evidence."""

from gcmtag.classifying.classifier import Classifier
from gcmtag.classifying.inputs import Inputs
from gcmtag.classifying.storage import load_classifier, save_classifier

__all__ = ["Classifier", "Inputs", "load_classifier", "save_classifier"]
