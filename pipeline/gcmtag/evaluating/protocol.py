"""Evaluation that never scores a passage with a model that learned from its document.

Gold documents that the model was trained on are scored by its twin, trained by the same recipe without any of them:
their labels serve neither weights nor calibration nor threshold. Documents that the model never saw are scored by the
model as it is. Peers learn from the passages that the scoring model learned from, and no others.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gcmtag.classifying import Classifier, load_classifier
from gcmtag.encoding.encoder import Progress
from gcmtag.errors import CorpusMismatch, UsageError
from gcmtag.evaluating.metrics import Judged, Measures, difference, measure, per_objective, reliability
from gcmtag.evaluating.peers import UNCALIBRATED, Peer, answers, documents_of
from gcmtag.evaluating.pictures import draw_reliability
from gcmtag.objectives import OBJECTIVES, ROLES
from gcmtag.training.corpus import LabelledPassage, inputs_of, label_matrix
from gcmtag.training.recipe import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

OURS: Final = "gcmtag"
POOLED: Final = "pooled"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Results by document, "pooled" last: measures by system; of ours also figures by objective, roles, reliability.

    ``per_objective`` maps a document to rows of (objective, precision, recall, F1, gold positives), ``reliability`` to
    rows of (mean score of a bin, share of pairs where the objective applies, pairs).
    """

    model: str
    scored_by: dict[str, str]
    measures: dict[str, dict[str, Measures]]
    differences: dict[str, dict[str, tuple[float, tuple[float, float]]]]
    per_objective: dict[str, list[tuple[int, float, float, float, int]]]
    role_accuracy: dict[str, float]
    reliability: dict[str, list[tuple[float, float, int]]]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A model with its id, the documents it learned from, and those on which its calibration was decided."""

    classifier: Classifier
    model: str
    learned_from: frozenset[str]
    decided_on: frozenset[str] = frozenset()

    def knows(self, document: str) -> bool:
        """Whether labels of the document served weights, calibration or threshold."""
        return document in self.learned_from or document in self.decided_on


def evaluate(
    model: Contestant,
    twin: Contestant | None,
    recipe: Recipe,
    corpus: Sequence[LabelledPassage],
    gold: Sequence[LabelledPassage],
    peers: Mapping[str, Peer],
    *,
    progress: Progress | None = None,
) -> Evaluation:
    """Scores gold passages, each by a model that did not learn from its document, beside the peers.

    Args:
        model: the model in question.
        twin: the same recipe without the tested documents; needed where the model learned from one of them.
        recipe: how they were trained.
        corpus: labelled passages of all documents that the models learned from; peers learn from them.
        gold: labelled passages of one or more documents.
        peers: systems to stand beside it, by name.
        progress: called with (steps done, steps in all).

    Raises:
        UsageError: the model learned from a gold document and so did the twin, or there is none.
        CorpusMismatch: there is no gold, or the corpus lacks a document that the scoring model learned from.
    """
    if not gold:
        raise CorpusMismatch("the gold files hold no passage: name files with labelled passages")
    documents = list(dict.fromkeys(p.document for p in gold))
    scorers = {document: _scorer(document, model, twin) for document in documents}
    contestants = list({contestant.model: contestant for contestant in scorers.values()}.values())
    for contestant in contestants:
        _check_corpus(contestant, corpus)
    judged: dict[str, dict[str, Judged]] = {document: {} for document in documents}
    roles: dict[str, list[bool]] = {}
    steps, done = len(contestants) * (1 + len(peers)), 0
    for contestant in contestants:
        own = {d: [p for p in gold if p.document == d] for d in documents if scorers[d].model == contestant.model}
        for document, asked in own.items():
            scores = contestant.classifier.score(inputs_of(asked))
            chosen = scores.objectives >= contestant.classifier.threshold
            judged[document][OURS] = Judged(label_matrix(asked), chosen, scores.objectives)
            roles[document] = _role_hits(asked, scores.roles)
        learned = documents_of(corpus, contestant.learned_from)
        deciding = documents_of(corpus, contestant.decided_on)
        for name, peer in peers.items():
            done += 1
            if progress is not None:
                progress(done, steps)
            found, threshold = answers(peer, learned, deciding, [p for asked in own.values() for p in asked])
            start = 0
            for document, asked in own.items():
                rows = found[start : start + len(asked)]
                judged[document][name] = Judged(label_matrix(asked), rows >= threshold, rows)
                start += len(asked)
    if progress is not None:
        progress(steps, steps)
    if len(documents) > 1:
        judged[POOLED] = {name: _pooled([judged[d][name] for d in documents]) for name in judged[documents[0]]}
        roles[POOLED] = [hit for document in documents for hit in roles[document]]
    sources = [document for document in documents for p in gold if p.document == document]
    return Evaluation(
        model=model.model,
        scored_by={document: scorers[document].model for document in documents},
        measures={
            d: {name: measure(j, recipe.seed, sources if d == POOLED else ()) for name, j in found.items()}
            for d, found in judged.items()
        },
        differences={
            d: {name: difference(found[OURS], j, recipe.seed) for name, j in found.items() if name != OURS}
            for d, found in judged.items()
        },
        per_objective={
            d: [(o.number, *per_objective(found[OURS], o.number - 1)) for o in OBJECTIVES]
            for d, found in judged.items()
        },
        reliability={d: reliability(found[OURS]) for d, found in judged.items()},
        role_accuracy={d: float(np.mean(hits)) if hits else float("nan") for d, hits in roles.items()},
    )


def load_contestants(folder: Path, twin_folder: Path) -> tuple[Contestant, Contestant | None]:
    """The model in ``folder`` and its twin in ``twin_folder``, None where there is none.

    Raises:
        ModelNotFound: no model in ``folder``.
        ModelDamaged: a file of a model was changed.
    """
    twin = _contestant(twin_folder) if (twin_folder / "manifest.json").is_file() else None
    return _contestant(folder), twin


def _contestant(folder: Path) -> Contestant:
    classifier, model = load_classifier(folder)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return Contestant(classifier, model, frozenset(card["documents"]), frozenset(card["calibration_documents"]))


def _check_corpus(contestant: Contestant, corpus: Sequence[LabelledPassage]) -> None:
    missing = sorted(contestant.learned_from - {p.document for p in corpus})
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise CorpusMismatch(
            f"{contestant.model} learned from {', '.join(missing[:3])}{more}, which the corpus lacks, so peers would "
            "learn from less: name the corpus of its training with --corpus"
        )


def _scorer(document: str, model: Contestant, twin: Contestant | None) -> Contestant:
    if not model.knows(document):
        return model
    if twin is not None and not twin.knows(document):
        return twin
    raise UsageError(
        f"{model.model} learned from {document}, and there is no twin that did not: name {document} under 'tested' in "
        "the recipe and run 'gcmtag train', or measure on other documents"
    )


def _role_hits(passages: Sequence[LabelledPassage], scores: "NDArray[np.float32]") -> list[bool]:
    return [ROLES[int(row.argmax())] == p.role for p, row in zip(passages, scores, strict=True) if p.role is not None]


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Writes ``metrics.json``, ``metrics.md`` and the picture of reliability into ``folder``, made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_without_nan(asdict(evaluation)), indent=1, ensure_ascii=False)
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
    (folder / "metrics.md").write_text(as_markdown(evaluation), encoding="utf-8")
    draw_reliability(list(evaluation.reliability.values())[-1], folder)


def as_markdown(evaluation: Evaluation) -> str:
    """Tables for people: systems by document, then objectives of the last (pooled) document."""
    lines = [f"# Quality of {evaluation.model}", ""]
    for document, systems in evaluation.measures.items():
        passages = next(iter(systems.values())).passages
        lines += [f"## {document} ({passages} passages)", ""]
        if document in evaluation.scored_by:
            lines += [f"Scored by `{evaluation.scored_by[document]}`, which did not learn from it.", ""]
        lines += [
            "| system | micro-F1 (95 % interval) | macro-F1 | mAP | clusters | calibration error | ours minus it |"
        ]
        lines += ["|---|---|---|---|---|---|---|"]
        lines += [_system_row(name, m, evaluation.differences[document].get(name)) for name, m in systems.items()]
        lines += ["", f"Role accuracy: {_figure(evaluation.role_accuracy[document], 3)}", ""]
    document, rows = list(evaluation.per_objective.items())[-1]
    lines += [
        f"## By objective ({document})",
        "",
        "| objective | gold | precision | recall | F1 |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {number} {OBJECTIVES[number - 1].short} | {count} | " + " | ".join(map(_figure, figures)) + " |"
        for number, *figures, count in rows
    ]
    lines += ["", "A dash stands where nothing was predicted (precision) or nothing was to be found (recall).", ""]
    return "\n".join(lines)


def _system_row(name: str, measures: Measures, against: tuple[float, tuple[float, float]] | None) -> str:
    low, high = measures.intervals["micro_f1"]
    gap = "" if against is None else f"{against[0]:+.3f} ({against[1][0]:+.3f} to {against[1][1]:+.3f})"
    v = measures.values
    # Counts and cosines are no probabilities; their distance from one means nothing.
    error = "" if name in UNCALIBRATED else f"{v['calibration_error']:.3f}"
    return (
        f"| {name} | {v['micro_f1']:.3f} ({low:.3f} to {high:.3f}) | {v['macro_f1']:.3f} | "
        f"{_figure(v['mean_average_precision'], 3)} | {v['cluster_micro_f1']:.3f} | {error} | {gap} |"
    )


def _figure(value: float, digits: int = 2) -> str:
    return "–" if np.isnan(value) else f"{value:.{digits}f}"


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
