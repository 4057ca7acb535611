"""The recipe of a model: every choice that training makes, in one TOML file."""

import tomllib
from dataclasses import MISSING, asdict, dataclass, fields, replace
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
        epochs: passes over the passages in fine-tuning; 0 leaves the encoder as it is.
        learning_rate: of the adapter.
        rank: of the adapter.
        batch_size: passages between two steps.
        context_dropout: share of passages that are learned without their context.
        longest_term: longest run of words that counts as a term of a text.
        most_terms: size of the text vocabulary.
        lexical_strength: inverse of the penalty on the weights of words (C of a logistic regression).
        dense_strength: the same for the weights on vectors where the encoder is left as it is.
        further_epochs: passes of the second fit, which goes on from the first with everything.
        further_rate: learning rate of the second fit.
        calibration: documents on which calibration and threshold are chosen; the twin never learns from them.
        calibration_share: share of the documents that are drawn for it where a corpus has none of those.
        tested: documents that measure the recipe: the twin never sees them, and no decision depends on them.
        corpus: files or folders, relative to the recipe's own folder.
        teacher: folder of a model, likewise relative, from whose encoder a model without one takes what single words
            mean; its twin of the name ``TEACHER-held-out`` teaches this one's. Empty for a model with an encoder.
        dictionary_words: how many single words it takes.
    """

    name: str
    version: str
    seed: int
    encoder: str
    max_tokens: int
    epochs: int
    learning_rate: float
    rank: int
    batch_size: int
    context_dropout: float
    longest_term: int
    most_terms: int
    lexical_strength: float
    dense_strength: float
    further_epochs: int
    further_rate: float
    calibration: tuple[str, ...]
    calibration_share: float
    tested: tuple[str, ...]
    corpus: tuple[Path, ...]
    teacher: str = ""
    dictionary_words: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values, without the corpora's places, which differ between machines."""
        values = asdict(self)
        values.pop("corpus")
        values["teacher"] = Path(self.teacher).name
        values |= {"calibration": list(self.calibration), "tested": list(self.tested)}
        return values


def read_recipe(path: Path, corpus: tuple[Path, ...] = ()) -> Recipe:
    """The recipe in a TOML file; ``corpus`` replaces the corpora that it names.

    A recipe with the setting ``like`` takes all that it does not say itself from the recipe of that name beside it.

    Raises:
        UsageError: there is no such file, or it lacks a setting, or has one that does not exist or has the wrong type.
    """
    values = _values(path)
    if "like" in values:
        other = path.parent / str(values.pop("like"))
        values = _values(other) | values
    recipe = _checked(path, values)
    return replace(
        recipe,
        corpus=corpus or tuple(path.parent / entry for entry in recipe.corpus),
        teacher=str(path.parent / recipe.teacher) if recipe.teacher else "",
    )


def _values(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"{path} is not a readable recipe ({error}): copy models/standard.toml and change it"
        ) from error


def _checked(path: Path, values: dict[str, Any]) -> Recipe:
    types: dict[str, Any] = {field.name: field.type for field in fields(Recipe)}
    needed = {field.name for field in fields(Recipe) if field.default is MISSING}
    if not needed <= values.keys() <= types.keys():
        odd = ", ".join(sorted((needed - values.keys()) | (values.keys() - types.keys())))
        raise UsageError(f"{path}: missing or unknown settings: {odd}; compare with models/standard.toml")
    for name, value in values.items():
        if types[name] is float and type(value) is int:
            values[name] = float(value)
        elif types[name] in (int, float, str):
            # True is an int to isinstance.
            if type(value) is not types[name]:
                raise UsageError(f"{path}: {name} is {value!r}, expected {types[name].__name__}")
        elif isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            values[name] = tuple(value)
        else:
            raise UsageError(f"{path}: {name} is {value!r}, expected a list of strings")
    if values["epochs"] and not values["further_epochs"]:
        raise UsageError(f"{path}: further_epochs is 0, so the second fit would learn nothing: set it to 1 or more")
    return Recipe(**values)
