"""Writes the card of the shipped models, models/README.md, from what training and evaluation left on file.

    python evaluation/model_card.py

A test holds that the card on file is what this writes. In the manner of Mitchell et al. 2019, "Model cards for model
reporting".
"""

import json
import textwrap
from pathlib import Path
from typing import Any, Final

import numpy as np

from gcmtag.classifying.storage import load_unseen
from gcmtag.objectives import OBJECTIVES
from gcmtag.training import LabelledPassage, read_corpus

ROOT: Final = Path(__file__).parents[1]
MODELS: Final = ROOT / "models"
METRICS: Final = ROOT / "evaluation" / "results" / "metrics.json"
FAST_METRICS: Final = ROOT / "evaluation" / "results" / "fast" / "metrics.json"
REBUILT: Final = ROOT / "evaluation" / "results" / "rebuilt.json"
CORPUS: Final = ROOT / "corpus" / "authored"
WIDTH: Final = 118
WATTS: Final = 30  # of two cores of a server, roughly
FAILURES: Final = 4  # examples of each kind
LONGEST: Final = 300  # characters of an example


def model_card() -> str:
    """The text of the card."""
    metrics = json.loads(METRICS.read_text(encoding="utf-8"))
    card = _json("standard", "card.json")
    twin = _json("standard-held-out", "card.json")
    settings = _json("standard", "settings.json")
    return "\n".join(
        [
            *_what(card, twin, settings),
            *_data(card),
            *_quality(metrics),
            *_doubt(settings),
            *_failures(settings["threshold"]),
            *_making(card),
            "",
        ]
    )


def _json(model: str, name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((MODELS / model / name).read_text(encoding="utf-8"))
    return values


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _what(card: dict[str, Any], twin: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    return [
        "# Shipped models",
        "",
        "| folder | what it is |",
        "|---|---|",
        f"| `standard/` | the default of every command; learned from {card['passages']:,} labelled passages |",
        f"| `standard-held-out/` | its twin, which learned from {twin['passages']:,}: neither from the two real "
        "documents nor from those that decided calibration and threshold; it measures the recipe |",
        "| `fast/`, `fast-held-out/` | words alone, without an encoder: for a million passages, or an answer at once |",
        "",
        _wrapped(
            "A folder holds JSON and safetensors with a manifest of hashes; loading runs no code from it and refuses a "
            f"file that was changed. The encoder's own weights ({settings['encoder']['name']}) come from Python "
            "packages and are checked by hash; what is here is the low-rank adapter, the vocabularies, and the heads."
        ),
        "",
        _wrapped(
            "**Meant for** finding and counting passages by objective in English reviews, reports and notes on "
            "migration policy, with a person reading the passages before drawing a conclusion. **Not meant for** "
            "judging a government, for other languages, or for texts outside this field."
        ),
        "",
    ]


def _data(card: dict[str, Any]) -> list[str]:
    real = [name for name in card["recipe"]["tested"] if name in card["documents"]]
    return [
        "## What it learned from",
        "",
        _wrapped(
            f"{len(card['documents'])} documents: documents written for this project about invented States and bodies "
            "([../corpus/README.md](../corpus/README.md)), the Compact's own text, and the labelled passages of "
            f"{len(real)} real documents ({', '.join(real)}). {len(card['calibration_documents'])} of the written "
            "documents decided calibration and threshold."
        ),
        "",
    ]


def _fast_quality(standard: dict[str, float]) -> str:
    measured = json.loads(FAST_METRICS.read_text(encoding="utf-8"))
    found = list(measured["measures"].values())[-1]["gcmtag"]
    values, (low, high) = found["values"], found["intervals"]["micro_f1"]
    share, role = values["micro_f1"] / standard["micro_f1"], measured["role_accuracy"]["pooled"]
    return (
        "The fast model, scored likewise by its own twin: "
        f"micro-F1 {values['micro_f1']:.3f} ({low:.3f} to {high:.3f}), {share:.2f} of the standard one's; mean average "
        f"precision {values['mean_average_precision']:.3f}; role {role:.3f} right, hardly better than a guess. "
        "All figures: [metrics.md](../evaluation/results/fast/metrics.md)."
    )


def _quality(metrics: dict[str, Any]) -> list[str]:
    document, systems = list(metrics["measures"].items())[-1]
    ours = next(iter(systems.values()))
    values, intervals = ours["values"], ours["intervals"]
    low, high = intervals["micro_f1"]
    weak = sorted(metrics["per_objective"][document], key=lambda row: row[3])[:5]
    return [
        "## How good it is",
        "",
        _wrapped(
            f"On {ours['passages']} passages of {len(metrics['scored_by'])} real documents, scored by the twin: "
            f"micro-F1 {values['micro_f1']:.3f} ({low:.3f} to {high:.3f}), macro-F1 {values['macro_f1']:.3f}, mean "
            f"average precision {values['mean_average_precision']:.3f}, clusters {values['cluster_micro_f1']:.3f}, "
            f"role {metrics['role_accuracy'][document]:.3f} right, calibration error "
            f"{values['calibration_error']:.3f}, Brier score {values['brier']:.4f}. All figures, peers and intervals: "
            "[metrics.md](../evaluation/results/metrics.md)."
        ),
        "",
        _wrapped(_fast_quality(values)),
        "",
        "![How often a score comes true](../evaluation/results/reliability.png)",
        "",
        "| objective | gold | precision | recall | F1 | learned from |",
        "|---|---|---|---|---|---|",
        *_rows(metrics["per_objective"][document]),
        "",
        _wrapped(
            f"Weakest: {', '.join(f'{number} {OBJECTIVES[number - 1].short}' for number, *_ in weak)}. Where gold "
            "has few passages of an objective, its figures say little."
        ),
        "",
    ]


def _rows(rows: list[Any]) -> list[str]:
    positives = _json("standard", "card.json")["positives"]
    return [
        f"| {number} {OBJECTIVES[number - 1].short} | {count} | "
        + " | ".join("–" if figure is None else f"{figure:.2f}" for figure in figures)
        + f" | {positives[str(number)]} |"
        for number, *figures, count in rows
    ]


def _doubt(settings: dict[str, Any]) -> list[str]:
    unseen = load_unseen(MODELS / "standard-held-out")
    low, high = settings["doubt"]
    threshold = settings["threshold"]
    inside = (unseen.scores >= low) & (unseen.scores <= high)
    wrong = (unseen.scores >= threshold) != unseen.labels
    passages = inside.any(axis=1)
    return [
        "## Where it is unsure",
        "",
        _wrapped(
            f"An objective is predicted at a score of {threshold:.2f} or more. Scores from {low:.2f} to {high:.2f} "
            f"count as unsure (column `unsure`): on the {len(passages):,} passages that decided this, "
            f"{passages.mean():.0%} have such an objective, and {(wrong & inside).sum() / wrong.sum():.0%} of all "
            f"wrong decisions are there, though only {inside.mean():.1%} of all decisions."
        ),
        "",
    ]


def _failures(threshold: float) -> list[str]:
    """The surest wrong decisions of the twin on written documents that it did not see."""
    unseen = load_unseen(MODELS / "standard-held-out")
    chosen = set(_json("standard", "card.json")["calibration_documents"])
    passages = [p for p in read_corpus([CORPUS]) if p.document in chosen]
    said = unseen.scores >= threshold
    invented = np.where(said & ~unseen.labels, unseen.scores, -1.0)
    missed = np.where(~said & unseen.labels, 1 - unseen.scores, -1.0)
    return [
        "## Known failures",
        "",
        "Its surest wrong decisions on written documents that the twin did not learn from. Predicted, and not so:",
        "",
        *_examples(invented, passages, lambda score: f"score {score:.2f}"),
        "",
        "Not predicted, though so:",
        "",
        *_examples(missed, passages, lambda score: f"score {1 - score:.2f}"),
        "",
    ]


def _examples(surety: Any, passages: list[LabelledPassage], said: Any) -> list[str]:  # noqa: ANN401
    lines: list[str] = []
    for place in np.argsort(-surety, axis=None)[:FAILURES]:
        row, column = divmod(int(place), len(OBJECTIVES))
        text = passages[row].text
        shown = text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"
        objective = OBJECTIVES[column]
        lines.append(f"- {objective.number} {objective.short} ({said(surety[row, column])}): “{shown}”")
    return lines


def _making(card: dict[str, Any]) -> list[str]:
    return [
        "## How to make it again",
        "",
        "    gcmtag train --recipe models/standard.toml -o models/standard",
        "    gcmtag evaluate --peers all --gold ../shared/gold/a-76-642.jsonl ../shared/gold/mmr-2020.jsonl \\",
        "        -o evaluation/results",
        "    python evaluation/model_card.py",
        "",
        _wrapped(
            f"Training took {card['training_seconds'] / 60:.0f} minutes on two cores with bfloat16 instructions, other "
            f"work beside it (about {card['training_seconds'] / 3600 * WATTS / 1000:.2f} kWh at {WATTS} W). It reads "
            "the texts that are not ours to publish from `../shared`; with `--checkpoints DIR` a run that was cut "
            "short goes on."
        ),
        "",
        _wrapped(_built_anew()),
    ]


def _built_anew() -> str:
    rows = json.loads(REBUILT.read_text(encoding="utf-8"))
    apart = max(value for row in rows for value in row["largest_difference"].values())
    tags = sum(row["tags_that_differ"] for row in rows)
    weights = "the same to the byte" if all(row["same_weights"] for row in rows) else "not the same"
    return (
        f"Built anew from nothing once more, the weights were {weights}; on {rows[0]['passages']} passages no score "
        f"was further off than {apart:.4f}, and {tags or 'no'} tags differed "
        "([rebuilt.md](../evaluation/results/rebuilt.md))."
    )


if __name__ == "__main__":
    (MODELS / "README.md").write_text(model_card(), encoding="utf-8")
