"""Corpus to model directory: recipe, calibration, threshold and card."""

from gcmtag.training.corpus import LabelledPassage, read_corpus
from gcmtag.training.recipe import Recipe, read_recipe
from gcmtag.training.trainer import Trained, train

__all__ = ["LabelledPassage", "Recipe", "Trained", "read_corpus", "read_recipe", "train"]
