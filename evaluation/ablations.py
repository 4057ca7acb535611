"""What each ingredient of the recipe is worth, on documents that no variant learned from.

    python evaluation/ablations.py [--tuned NAME=MODEL_DIR ...] [--only TEXT]

Every variant learns from the passages that the shipped model's twin learned from (or a part of them), is calibrated and
gets its threshold on the same deciding documents, and is scored on the two real documents. The last column is the mean
average precision on the deciding documents, which calibration hardly moves. Variants without fine-tuning are fitted
here; fine-tuned encoders are read from twins that ``gcmtag train`` wrote. Writes ablations.{json,md} in
evaluation/results; with ``--only`` the variants whose name has that text are measured, and the others stay as they are
on file.
"""

import argparse
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from gcmtag.classifying import Inputs, load_classifier
from gcmtag.classifying.calibration import best_threshold, fit_calibration
from gcmtag.classifying.classifier import objective_logits
from gcmtag.classifying.features import CONTEXT_WEIGHT, declared_rows, joined_texts
from gcmtag.classifying.sparse import SideBySide
from gcmtag.classifying.words import Words
from gcmtag.encoding import Encoder, load_encoder
from gcmtag.evaluating.metrics import Judged, cluster_micro_f1, mean_average_precision, measure
from gcmtag.training import LabelledPassage, read_corpus, read_recipe
from gcmtag.training.corpus import COMPACT_DOCUMENT, inputs_of, label_matrix
from gcmtag.training.recipe import Recipe
from gcmtag.training.trainer import calibration_split, fit_objectives

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "evaluation" / "results"
PILOT: Final = ROOT.parent / "shared" / "authored-pilot"
SMALL: Final = "all-MiniLM-L6-v2"
STRENGTH: Final = 10.0

Logits = np.ndarray[Any, np.dtype[np.float32]]
# Members' logits, shape (members, n, 23), of the deciding and of the asked passages.
Variant = Callable[["Material"], tuple[Logits, Logits]]
Row = tuple[str, Variant, bool]  # name, variant, whether calibrated


@dataclass(frozen=True)
class Material:
    """Passages to learn from, to decide on and to be asked about, and the small encoder with its memory."""

    seen: Sequence[LabelledPassage]
    deciding: Sequence[LabelledPassage]
    asked: Sequence[LabelledPassage]
    vectors: "Vectors"


class Vectors:
    """Vectors of texts by the small encoder as it comes, each text encoded once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Any] = {}

    def of(self, texts: Sequence[str]) -> Any:  # noqa: ANN401
        """Shape (n, dimension)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def once(variant: Variant) -> Variant:
    """The variant, fitted once for the same material."""
    known: list[tuple[Material, tuple[Logits, Logits]]] = []

    def run(material: Material) -> tuple[Logits, Logits]:
        for seen, found in known:
            if seen is material:
                return found
        known.append((material, variant(material)))
        return known[-1][1]

    return run


def words(context: bool, declared: bool) -> Variant:
    """TF-IDF with a logistic regression per objective."""

    def run(material: Material) -> tuple[Logits, Logits]:
        inputs = [inputs_of(part) for part in (material.seen, material.deciding, material.asked)]
        text = Words.learn(inputs[0].texts, 2, 40_000)
        above = Words.learn(inputs[0].nearest_contexts(), 1, 5_000)

        def features(part: Inputs) -> Any:  # noqa: ANN401
            blocks: list[Any] = [text.rows(part.texts)]
            blocks += [above.rows(part.nearest_contexts()).times(CONTEXT_WEIGHT)] if context else []
            blocks += [declared_rows(part)] if declared else []
            return SideBySide(blocks).as_scipy()

        return _fitted(material, *map(features, inputs))

    return run


def vectors(context: bool) -> Variant:
    """The small encoder as it comes, with a logistic regression per objective."""

    def run(material: Material) -> tuple[Logits, Logits]:
        parts = [inputs_of(part) for part in (material.seen, material.deciding, material.asked)]
        return _fitted(
            material, *(material.vectors.of(joined_texts(part) if context else part.texts) for part in parts)
        )

    return run


def both(*variants: Variant) -> Variant:
    """Members side by side; calibration learns their weights."""

    def run(material: Material) -> tuple[Logits, Logits]:
        found = [variant(material) for variant in variants]
        return np.concatenate([logits for logits, _ in found]), np.concatenate([logits for _, logits in found])

    return run


def of_documents(number: int, variant: Variant) -> Variant:
    """The variant on the Compact's text and the first ``number`` documents of a drawn order."""

    def run(material: Material) -> tuple[Logits, Logits]:
        names = sorted({p.document for p in material.seen} - {COMPACT_DOCUMENT})
        np.random.default_rng(1).shuffle(names)
        kept = {COMPACT_DOCUMENT, *names[:number]}
        return variant(replace(material, seen=[p for p in material.seen if p.document in kept]))

    return run


def with_more(more: Sequence[LabelledPassage], variant: Variant) -> Variant:
    """The variant on more passages."""
    return lambda material: variant(replace(material, seen=[*material.seen, *more]))


def pooled_with_sentences(variant: Variant) -> Variant:
    """Scores of the passage and the highest of its sentences', as two members."""

    def run(material: Material) -> tuple[Logits, Logits]:
        whole = variant(material)
        parts = [_sentences(passages) for passages in (material.deciding, material.asked)]
        single = variant(replace(material, deciding=parts[0][0], asked=parts[1][0]))
        highest = [_highest(logits, owners) for logits, (_, owners) in zip(single, parts, strict=True)]
        return np.concatenate([whole[0], highest[0]]), np.concatenate([whole[1], highest[1]])

    return run


def tuned(folder: Path, members: tuple[int, ...] = (0, 1, 2)) -> Variant:
    """A twin that training wrote: member 0 reads words, 1 the whole passage, 2 its most telling sentence."""
    known: dict[int, Any] = {}

    def run(material: Material) -> tuple[Logits, Logits]:
        if not known:
            classifier, _ = load_classifier(folder)
            for n, part in enumerate((material.deciding, material.asked)):
                known[n] = objective_logits(classifier.objective_heads, classifier.views(inputs_of(part)))
        return known[0][list(members)], known[1][list(members)]

    return run


def _sentences(passages: Sequence[LabelledPassage]) -> tuple[list[LabelledPassage], list[int]]:
    rows, owners = [], []
    for owner, passage in enumerate(passages):
        for sentence in re.split(r"(?<=[.;])\s+(?=[A-Z(])", passage.text):
            if sentence.strip():
                rows.append(replace(passage, text=sentence))
                owners.append(owner)
    return rows, owners


def _highest(logits: Logits, owners: Sequence[int]) -> Logits:
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    return np.maximum.reduceat(logits, starts, axis=1)


def _fitted(material: Material, seen: Any, deciding: Any, asked: Any) -> tuple[Logits, Logits]:  # noqa: ANN401
    head = fit_objectives(seen, label_matrix(material.seen), STRENGTH)
    return head.logits(deciding)[np.newaxis], head.logits(asked)[np.newaxis]


def scored(name: str, variant: Variant, material: Material, *, calibrated: bool = True) -> dict[str, Any]:
    """One row of the table."""
    deciding, asked = variant(material)
    gold = label_matrix(material.asked)
    decided = label_matrix(material.deciding)
    if calibrated:
        calibration = fit_calibration(deciding, decided)
        threshold = best_threshold(calibration.probabilities(deciding))
        scores, own = calibration.probabilities(asked), calibration.probabilities(deciding)
    else:
        scores, own = (1 / (1 + np.exp(-logits.mean(axis=0))) for logits in (asked, deciding))
        threshold = 0.5
    judged = Judged(gold, scores >= threshold, scores.astype(np.float32))
    found = measure(judged, seed=1)
    documents = np.array([p.document for p in material.asked])
    return {
        "variant": name,
        "micro_f1": found.values["micro_f1"],
        "interval": found.intervals["micro_f1"],
        **{
            str(d): float(measure(judged.rows(np.flatnonzero(documents == d)), seed=1).values["micro_f1"])
            for d in dict.fromkeys(documents)
        },
        "macro_f1": found.values["macro_f1"],
        "map": found.values["mean_average_precision"],
        "clusters": cluster_micro_f1(judged),
        "calibration_error": found.values["calibration_error"],
        "authored_map": mean_average_precision(Judged(decided, own >= threshold, own.astype(np.float32))),
    }


def variants(twins: dict[str, Path]) -> list[Row]:
    """The table's rows in their order; the last ones only where there is something to make them of."""
    full_words, full_vectors = once(words(context=True, declared=True)), once(vectors(context=True))
    base = both(full_words, full_vectors)
    pilot = [replace(p, role=None) for p in read_corpus([PILOT])] if PILOT.is_dir() else []
    rows: list[Row] = [
        ("words alone", words(context=False, declared=False), True),
        ("words and context", words(context=True, declared=False), True),
        ("words, context and declared objectives", full_words, True),
        ("small encoder as it comes, text alone", vectors(context=False), True),
        ("small encoder as it comes, with context", full_vectors, True),
        ("A: words, context, declared + small encoder", base, True),
        ("A without calibration, threshold one half", base, False),
        ("A, also scored by sentence", pooled_with_sentences(base), True),
        *[(f"A, {number} documents", of_documents(number, base), True) for number in (8, 16, 32)],
    ]
    for name, folder in twins.items():
        rows += [
            (f"{name}, fine-tuned, alone", tuned(folder, (1,)), True),
            (f"{name}, fine-tuned, + words, context, declared", tuned(folder, (0, 1)), True),
            (f"{name}, fine-tuned, + the most telling sentence", tuned(folder, (1, 2)), True),
            (f"{name}, all three (as shipped)", tuned(folder), True),
        ]
    if pilot:
        rows.append(("A, and the 1,140 pilot passages", with_more(pilot, base), True))
    if len(twins) > 1:
        rows.append((" + ".join(twins) + ", all members", both(*map(tuned, twins.values())), True))
    return rows


def as_markdown(rows: Sequence[dict[str, Any]], documents: Sequence[str], sizes: Sequence[int], title: str) -> str:
    """The table for people."""
    head = ["variant", "micro-F1 (95 % interval)", *documents, "macro-F1", "mAP", "clusters", "calib. error",
            "mAP on deciding documents"]  # fmt: skip
    lines = [
        f"# {title}",
        "",
        f"Learned from {sizes[0]:,} passages, decided on {sizes[1]:,} of other documents, scored on {sizes[2]} of two "
        "real documents that served neither.",
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    for row in rows:
        low, high = row["interval"]
        figures = [*(row[d] for d in documents), row["macro_f1"], row["map"], row["clusters"]]
        lines.append(
            f"| {row['variant']} | {row['micro_f1']:.3f} ({low:.3f} to {high:.3f}) | "
            + " | ".join(f"{figure:.3f}" for figure in [*figures, row["calibration_error"], row["authored_map"]])
            + " |"
        )
    return "\n".join([*lines, ""])


def material_of(recipe: Recipe) -> Material:
    """What the shipped model's twin learned from and was decided on, and the real documents that served neither."""
    passages = read_corpus(recipe.corpus)
    seen, deciding = calibration_split([p for p in passages if p.document not in recipe.tested], recipe)
    asked = [p for p in passages if p.document in recipe.tested]
    return Material(seen, deciding, asked, Vectors(load_encoder(SMALL)))


def measured_rows(name: str, every: Sequence[Row], material: Material, title: str, only: str = "") -> None:
    """Scores every variant whose name has ``only`` in it and writes NAME.{json,md} in evaluation/results.

    Both are written after each variant, for all of it takes long. The others stay as they are on file.
    """
    documents = list(dict.fromkeys(p.document for p in material.asked))
    sizes = [len(material.seen), len(material.deciding), len(material.asked)]
    on_file = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) if only else []
    measured = {row["variant"]: row for row in on_file}
    order = [own for own, _, _ in every]
    RESULTS.mkdir(exist_ok=True)
    for own, variant, calibrated in every:
        if only not in own:
            continue
        measured[own] = scored(own, variant, material, calibrated=calibrated)
        print(f"{measured[own]['micro_f1']:.3f} {measured[own]['map']:.3f}  {own}", flush=True)
        rows = [measured[known] for known in dict.fromkeys([*order, *measured]) if known in measured]
        (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        (RESULTS / f"{name}.md").write_text(as_markdown(rows, documents, sizes, title), encoding="utf-8")


def main() -> None:
    """Runs every variant and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuned", action="append", default=[], metavar="NAME=MODEL_DIR")
    parser.add_argument("--only", default="", metavar="TEXT")
    options = parser.parse_args()
    material = material_of(read_recipe(ROOT / "models" / "standard.toml"))
    every = variants({name: Path(folder) for name, folder in (entry.split("=", 1) for entry in options.tuned)})
    measured_rows("ablations", every, material, "What each ingredient is worth", options.only)


if __name__ == "__main__":
    main()
