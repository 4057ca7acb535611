"""Evaluation that never scores a passage with a model that learned from its document.

A gold document that the model was trained on is scored by a model trained anew by the same recipe without it; its
labels then serve neither weights nor calibration nor threshold. A document that the model never saw is scored by the
model as it is.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from gcmtag.classifying import Classifier
from gcmtag.encoding.encoder import Progress
from gcmtag.evaluating.metrics import Judged, Measures, difference, measure, per_objective
from gcmtag.evaluating.peers import choose_threshold, peers
from gcmtag.objectives import OBJECTIVES, ROLES
from gcmtag.training.corpus import LabelledPassage, inputs_of, label_matrix
from gcmtag.training.recipe import Recipe
from gcmtag.training.trainer import train

OURS: Final = "gcmtag"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Results by document, "pooled" last: measures by system, per-objective figures and role accuracy of ours.

    ``per_objective`` maps a document to rows of (objective, precision, recall, F1, gold positives).
    """

    model: str
    trained_without: dict[str, bool]
    measures: dict[str, dict[str, Measures]]
    differences: dict[str, dict[str, tuple[float, tuple[float, float]]]]
    per_objective: dict[str, list[tuple[int, float, float, float, int]]]
    role_accuracy: dict[str, float]


def evaluate(
    classifier: Classifier,
    model: str,
    trained_on: Sequence[str],
    recipe: Recipe,
    corpus: Sequence[LabelledPassage],
    gold: Sequence[LabelledPassage],
    *,
    progress: Progress | None = None,
) -> Evaluation:
    """Scores gold passages, each document by a model that did not learn from it, beside the peers.

    Args:
        classifier: the model.
        model: its id.
        trained_on: names of the documents it learned from.
        recipe: how it was trained.
        corpus: what it was trained on; peers learn from the same passages.
        gold: labelled passages of one or more documents.
        progress: called with (steps done, steps in all).
    """
    documents = list(dict.fromkeys(p.document for p in gold))
    peer_scorers = peers(classifier.encoder)
    judged: dict[str, dict[str, Judged]] = {}
    roles: dict[str, list[bool]] = {}
    steps, done = len(documents) * (1 + len(peer_scorers)), 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, steps)

    for document in documents:
        asked = [p for p in gold if p.document == document]
        others = [p for p in corpus if p.document != document]
        ours = classifier if document not in trained_on else train(recipe, others, classifier.encoder)[0]
        scores = ours.score(inputs_of(asked))
        truth = label_matrix(asked)
        judged[document] = {OURS: Judged(truth, scores.objectives >= ours.threshold, scores.objectives)}
        roles[document] = [
            ROLES[int(row.argmax())] == p.role for p, row in zip(asked, scores.roles, strict=True) if p.role is not None
        ]
        step()
        for name, scorer in peer_scorers.items():
            threshold = choose_threshold(scorer, others, recipe)
            found = scorer(others, asked)
            judged[document][name] = Judged(truth, found >= threshold, found)
            step()
    if len(documents) > 1:
        judged["pooled"] = {
            name: _pooled([judged[document][name] for document in documents]) for name in judged[documents[0]]
        }
        roles["pooled"] = [hit for document in documents for hit in roles[document]]
    return Evaluation(
        model=model,
        trained_without={document: document in trained_on for document in documents},
        measures={d: {name: measure(j, recipe.seed) for name, j in found.items()} for d, found in judged.items()},
        differences={
            d: {name: difference(found[OURS], j, recipe.seed) for name, j in found.items() if name != OURS}
            for d, found in judged.items()
        },
        per_objective={
            d: [(o.number, *per_objective(found[OURS], o.number - 1)) for o in OBJECTIVES] for d, found in judged.items()
        },
        role_accuracy={d: float(np.mean(hits)) if hits else float("nan") for d, hits in roles.items()},
    )


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Writes ``metrics.json`` and ``metrics.md`` into ``folder``, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_without_nan(asdict(evaluation)), indent=1, ensure_ascii=False)
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
    (folder / "metrics.md").write_text(as_markdown(evaluation), encoding="utf-8")


def as_markdown(evaluation: Evaluation) -> str:
    """Tables for people: systems by document, then objectives of the last (pooled) document."""
    lines = [f"# Quality of {evaluation.model}", ""]
    for document, systems in evaluation.measures.items():
        passages = next(iter(systems.values())).passages
        how = {True: ", scored by a model trained without it", False: ""}[evaluation.trained_without.get(document, False)]
        lines += [f"## {document} ({passages} passages{how})", ""]
        lines += ["| system | micro-F1 (95 % interval) | macro-F1 | mAP | clusters | calibration error | ours minus it |"]
        lines += ["|---|---|---|---|---|---|---|"]
        lines += [_system_row(name, m, evaluation.differences[document].get(name)) for name, m in systems.items()]
        lines += ["", f"Role accuracy: {evaluation.role_accuracy[document]:.3f}", ""]
    document, rows = list(evaluation.per_objective.items())[-1]
    lines += [f"## By objective ({document})", "", "| objective | gold | precision | recall | F1 |", "|---|---|---|---|---|"]
    lines += [
        f"| {number} {OBJECTIVES[number - 1].short} | {count} | {_figure(precision)} | {_figure(recall)} | {_figure(f)} |"
        for number, precision, recall, f, count in rows
    ]
    lines += ["", "A dash stands where nothing was predicted (precision) or nothing was to be found (recall).", ""]
    return "\n".join(lines)


def _system_row(name: str, measures: Measures, against: tuple[float, tuple[float, float]] | None) -> str:
    low, high = measures.intervals["micro_f1"]
    gap = "" if against is None else f"{against[0]:+.3f} ({against[1][0]:+.3f} to {against[1][1]:+.3f})"
    v = measures.values
    # A cosine is no probability; its distance from one means nothing.
    error = "" if name.startswith("cosine") else f"{v['calibration_error']:.3f}"
    return (
        f"| {name} | {v['micro_f1']:.3f} ({low:.3f} to {high:.3f}) | {v['macro_f1']:.3f} | "
        f"{v['mean_average_precision']:.3f} | {v['cluster_micro_f1']:.3f} | {error} | {gap} |"
    )


def _figure(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


def _pooled(parts: Sequence[Judged]) -> Judged:
    return Judged(
        np.concatenate([part.gold for part in parts]),
        np.concatenate([part.chosen for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )


def _without_nan(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 4)
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
