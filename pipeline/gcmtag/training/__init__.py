"""Corpus to model directory: recipe, out-of-fold calibration, thresholds and card."""

from gcmtag.training.corpus import LabelledPassage, read_corpus
from gcmtag.training.recipe import Recipe, read_recipe
from gcmtag.training.trainer import train

__all__ = ["LabelledPassage", "Recipe", "read_corpus", "read_recipe", "train"]
