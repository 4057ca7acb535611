"""Compares counted with corrected shares on labelled passages that the classifier did not see, and tests the intervals.

    python evaluation/attention.py [MODEL]

The passages of the model's ``unseen.safetensors`` are parted by document into random halves. What is known of the
errors, and everything that is tuned, comes from one half; of the other, 200 samples are drawn with different profiles
of shares, small and skewed ones included. Beside the method of the audit stand counting (CC), summing probabilities
(PCC; Bella et al. 2010), adjusted counting (ACC; Forman 2008), adjusted summing (PACC; Bella et al. 2010) and
expectation maximisation (EMQ; Saerens et al. 2002).

Two oracles show how near any method can come. Both know the profile that a sample was drawn with and how the classifier
errs on the very passages that were drawn from, objective by objective: one from the tags, the other from 16 bins of
scores. What they miss is which passages happen to be in the sample.

The same is done for an uneven classifier: the logits of each objective are lowered by a random amount, so that it
overlooks some objectives far more often than others. Writes results/attention.json, .md, .svg and .png.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit, logit

from gcmtag.auditing.confusing import learn_errors, problem_labels
from gcmtag.auditing.quantifying import Quantifier
from gcmtag.auditing.tuning import SKEWS, Sample, covers, draw_sample, halves, learn_tuning
from gcmtag.classifying.storage import Unseen, load_unseen
from gcmtag.reporting import plots
from gcmtag.tagger import find_model

TRIALS, SPLITS, DRAWS, LEVEL, SEED = 200, 5, 60, 0.9, 7
COUNT = 23
LOWERED = (2.0, 8.0)  # logits, for the uneven classifier: about as uneven as one published for goals of development
SHARES = (0.0, 0.02, 0.05, 0.1, 0.3, 1.0)  # upper bounds of true shares, for the table
RESULTS = Path(__file__).parent / "results"
AUDIT, NAIVE = "audit", "CC"
ORACLES = {"oracle, tags": 2, "oracle, scores": 16}  # bins


@dataclass(frozen=True, slots=True)
class Trial:
    """One sample: its size, skew and true shares, the estimates by method, and whether the intervals held."""

    size: int
    skew: float
    truth: np.ndarray
    estimates: Mapping[str, np.ndarray]
    held_profile: np.ndarray
    held_text: np.ndarray


def adjusted(observed: np.ndarray, found: np.ndarray, false: np.ndarray) -> np.ndarray:
    """(observed - false positive rate) / (recall - false positive rate), within 0 and 1."""
    return np.clip((observed - false) / np.maximum(found - false, 0.05), 0, 1)


def rates(values: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean value of passages about each objective and of others, drawn to the mean of all objectives by 10 passages."""
    return tuple(  # type: ignore[return-value]
        ((values * mask).sum(axis=0) + 10 * (values * mask).sum() / mask.sum()) / (mask.sum(axis=0) + 10)
        for mask in (labels, ~labels)
    )


def maximised(scores: np.ndarray, prior: np.ndarray, rounds: int = 100) -> np.ndarray:
    """EMQ: expectation maximisation from calibrated probabilities, shape (n, 23)."""
    safe, share = np.clip(scores.astype(float), 1e-6, 1 - 1e-6), prior.copy()
    for _ in range(rounds):
        about = safe * share / prior
        share = np.clip((about / (about + (1 - safe) * (1 - share) / (1 - prior))).mean(axis=0), 1e-9, 1 - 1e-9)
    return share


def peers(scores: np.ndarray, known: Unseen, threshold: float) -> dict[str, np.ndarray]:
    """Estimates of the published methods, each of shape (23)."""
    counted, summed = (scores >= threshold).mean(axis=0), scores.mean(axis=0)
    return {
        NAIVE: counted,
        "PCC": summed,
        "ACC": adjusted(counted, *rates(known.scores >= threshold, known.labels)),
        "PACC": adjusted(summed, *rates(known.scores, known.labels)),
        "EMQ": maximised(scores, np.clip(known.labels.mean(axis=0), 1e-3, 0.5)),
    }


def trials(unseen: Unseen, threshold: float) -> Iterator[Trial]:
    """Draws the samples and estimates their shares."""
    rng = np.random.default_rng(SEED)
    for _ in range(SPLITS):
        first = halves(unseen.documents, rng)
        known = Unseen(unseen.scores[first], unseen.labels[first], unseen.documents[first])
        scores, labels = unseen.scores[~first], unseen.labels[~first]
        quantifier = Quantifier(learn_errors(known, DRAWS, rng), SEED, learn_tuning(known, threshold, rng))
        bins, tagged = quantifier.errors.bins(scores), problem_labels(scores >= threshold)
        told = {name: oracle_bins(scores, labels, threshold, size) for name, size in ORACLES.items()}
        for at in range(TRIALS // SPLITS):
            sample = draw_sample(labels, at, rng)
            truth = labels[sample.rows].mean(axis=0)
            shares = quantifier.shares(quantifier.alone(bins[sample.rows], tagged[sample.rows]))
            oracles = {name: oracle(own, labels, sample) for name, own in told.items()}
            yield Trial(
                len(sample.rows),
                sample.skew,
                truth,
                {**peers(scores[sample.rows], known, threshold), **oracles, AUDIT: shares.estimate[:COUNT]},
                covers(shares.draws[:, :COUNT], sample.profile, LEVEL),
                covers(shares.text[:, :COUNT], truth, LEVEL),
            )


def oracle_bins(scores: np.ndarray, labels: np.ndarray, threshold: float, size: int) -> np.ndarray:
    """Bin of each score, shape (n, 23): two at the threshold, more at portions of the positives."""
    edges = [threshold] if size == 2 else np.unique(np.quantile(scores[labels], np.arange(1, size) / size))
    return np.searchsorted(edges, scores, side="right")


def oracle(bins: np.ndarray, labels: np.ndarray, sample: Sample) -> np.ndarray:
    """Expected shares of a sample, shape (23), given its bins and everything but which passages it holds."""
    estimate = np.empty(COUNT)
    for at in range(COUNT):
        size = int(bins[:, at].max()) + 1
        every = np.bincount(bins[:, at], weights=sample.weights, minlength=size)
        about = np.bincount(bins[:, at], weights=sample.weights * labels[:, at], minlength=size)
        estimate[at] = (about / np.maximum(every, 1e-12))[bins[sample.rows, at]].mean()
    return estimate


def uneven(unseen: Unseen) -> Unseen:
    """A classifier that overlooks some objectives more than others: the logits of each are lowered differently."""
    lowered = np.random.default_rng(SEED).uniform(*LOWERED, COUNT)
    safe = np.clip(unseen.scores.astype(float), 1e-6, 1 - 1e-6)
    return Unseen(expit(logit(safe) - lowered).astype(np.float32), unseen.labels, unseen.documents)


def summed_up(found: list[Trial], unseen: Unseen, threshold: float) -> dict[str, Any]:
    """Mean absolute errors and coverages, overall and by part."""
    truth = np.array([trial.truth for trial in found])
    errors = {name: np.abs(np.array([t.estimates[name] for t in found]) - truth) for name in found[0].estimates}
    profile, text = (np.array([getattr(t, name) for t in found]) for name in ("held_profile", "held_text"))
    sizes, skews = np.array([t.size for t in found]), np.array([t.skew for t in found])
    every = np.ones_like(truth, dtype=bool)
    parts = {"all": every}
    parts |= {f"skew {value:g}": every & (skews == value)[:, None] for value in SKEWS}
    parts |= {
        "up to 100 passages": every & (sizes <= 100)[:, None],
        "above 300 passages": every & (sizes > 300)[:, None],
    }
    for low, high in zip((-1.0, *SHARES), SHARES, strict=False):
        name = "true share 0" if low < 0 else f"true share {100 * low:g} to {100 * high:g} %"
        parts[name] = (truth > low) & (truth <= high)
    chosen = unseen.scores >= threshold
    recall = (chosen & unseen.labels).sum(axis=0) / np.maximum(unseen.labels.sum(axis=0), 1)
    return {
        "trials": len(found),
        "recall": {"least": round(float(recall.min()), 3), "most": round(float(recall.max()), 3)},
        "parts": {
            name: {
                "shares": int(mask.sum()),
                "mean_absolute_error": {
                    method: round(float(value[mask].mean()), 5) for method, value in errors.items()
                },
                "ratio": round(float(errors[AUDIT][mask].mean() / errors[NAIVE][mask].mean()), 3),
                "coverage_profile": round(float(profile[mask].mean()), 3),
                "coverage_text": round(float(text[mask].mean()), 3),
            }
            for name, mask in parts.items()
            if mask.any()
        },
    }


def as_markdown(result: Mapping[str, Any]) -> str:
    """The result as tables."""
    lines = [
        "# Counted and corrected shares",
        "",
        f"{TRIALS} samples with different profiles of shares, drawn from one half of {result['passages']} labelled "
        f"passages of {result['documents']} documents that the members of model {result['model']} did not see; what is "
        "known of its errors comes from the other half (documents, not passages, are parted). Mean absolute error of a "
        "share of the sample, in percentage points; `ratio` is that of the audit over that of counting (CC). `profile` "
        "and `text` are the portions of 90 % intervals that held the shares which the sample was drawn with, and those "
        "of the sample itself. The oracles know the profile and how the classifier errs on the very passages that were "
        "drawn from, by its tags or by 16 bins of its scores; what they miss is which passages are in the sample, so "
        "no method that goes by scores can be much better. Written by `python evaluation/attention.py`.",
    ]
    for name, part in result["classifiers"].items():
        methods = list(part["parts"]["all"]["mean_absolute_error"])
        lines += [
            "",
            f"## {name}: recall from {part['recall']['least']:.0%} to {part['recall']['most']:.0%} by objective",
            "",
            f"| samples or shares | {' | '.join(methods)} | ratio | profile | text |",
            "|---|" + "---|" * (len(methods) + 3),
        ]
        for label, row in part["parts"].items():
            cells = [f"{100 * row['mean_absolute_error'][method]:.2f}" for method in methods]
            cells += [f"{row[key]:.2f}" for key in ("ratio", "coverage_profile", "coverage_text")]
            lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def plot(result: Mapping[str, Any]) -> dict[str, Any]:
    """Error of counted and corrected shares by the size of the true share, for both classifiers."""
    rows = [
        {"classifier": name, "share": label.removeprefix("true share "), "method": method, "error": 100 * error[key]}
        for name, part in result["classifiers"].items()
        for label, own in part["parts"].items()
        if label.startswith("true share")
        for error in [own["mean_absolute_error"]]
        for method, key in (("counted", NAIVE), ("corrected", AUDIT))
    ]
    order = list(dict.fromkeys(row["share"] for row in rows))
    return {
        "data": {"values": rows},
        "facet": {"column": {"field": "classifier", "title": None, "sort": None}},
        "resolve": {"scale": {"y": "independent"}},
        "spec": {
            "width": 400,
            "height": 260,
            "mark": {"type": "line", "point": {"size": 70}, "strokeWidth": 2},
            "encoding": {
                "x": {"field": "share", "sort": order, "title": "true share", "axis": {"labelAngle": 0}},
                "y": {"field": "error", "type": "quantitative", "title": "mean absolute error, percentage points"},
                "color": {
                    "field": "method",
                    "scale": {"domain": ["counted", "corrected"], "range": ["#8a8a8a", "#0e406f"]},
                },
                "shape": {"field": "method", "scale": {"domain": ["counted", "corrected"]}},
                "strokeDash": {
                    "field": "method",
                    "scale": {"domain": ["counted", "corrected"], "range": [[4, 3], [1, 0]]},
                },
            },
        },
        "title": "Correction matters where shares are large or the classifier is uneven",
    }


def main() -> None:
    """Runs all trials and writes the results."""
    folder = find_model(sys.argv[1] if len(sys.argv) > 1 else "standard")
    unseen = load_unseen(folder)
    threshold = float(json.loads((folder / "settings.json").read_text(encoding="utf-8"))["threshold"])
    result = {
        "model": folder.name,
        "passages": len(unseen.labels),
        "documents": len(np.unique(unseen.documents)),
        "level": LEVEL,
        "classifiers": {
            name: summed_up(list(trials(own, threshold)), own, threshold)
            for name, own in (("as shipped", unseen), ("made uneven", uneven(unseen)))
        },
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "attention.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "attention.md").write_text(as_markdown(result), encoding="utf-8")
    plots.render(plot(result), RESULTS / "attention.svg", RESULTS / "attention.png")


if __name__ == "__main__":
    main()
