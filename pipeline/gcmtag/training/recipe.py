"""The recipe of a model: every choice that training makes, in one TOML file."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from gcmtag.errors import UsageError


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a training run.

    Attributes:
        name: name of the model.
        version: version of the model.
        seed: the one seed of the run.
        encoder: encoder by known name or path.
        max_tokens: texts are cut after so many tokens.
        longest_term: longest run of words that counts as a term of a text.
        most_terms: size of the text vocabulary.
        lexical_strength: inverse of the penalty on the weights of words (C of a logistic regression).
        dense_strength: the same for the weights on vectors.
        folds: number of groups of documents for out-of-fold calibration.
        corpus: files or folders, relative to the recipe's own folder.
    """

    name: str
    version: str
    seed: int
    encoder: str
    max_tokens: int
    longest_term: int
    most_terms: int
    lexical_strength: float
    dense_strength: float
    folds: int
    corpus: tuple[Path, ...]


def read_recipe(path: Path, corpus: tuple[Path, ...] = ()) -> Recipe:
    """The recipe in a TOML file; ``corpus`` replaces the corpora that it names.

    Raises:
        UsageError: there is no such file, or it lacks a setting or has one that does not exist.
    """
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} is not a readable recipe ({error}): copy models/standard.toml and change it") from error
    known = {field.name: field.type for field in fields(Recipe)}
    if values.keys() != known.keys():
        odd = ", ".join(sorted(values.keys() ^ known.keys()))
        raise UsageError(f"{path}: missing or unknown settings: {odd}; compare with models/standard.toml")
    for name in ("lexical_strength", "dense_strength"):
        values[name] = float(values[name])
    own = tuple(path.parent / entry for entry in values["corpus"])
    return Recipe(**{**values, "corpus": corpus or own})
