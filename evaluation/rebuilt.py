"""Does training from nothing give the models that are shipped? Compares them with models that were built anew.

    gcmtag train --recipe models/standard.toml -o build/anew/standard
    python evaluation/rebuilt.py build/anew/standard [--shipped models/standard]

Both and their twins score all labelled passages of the real documents and a sample of the authored ones. Writes
rebuilt.{json,md} in evaluation/results.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from gcmtag.classifying import load_classifier
from gcmtag.training import LabelledPassage, read_corpus
from gcmtag.training.corpus import inputs_of

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "evaluation" / "results"
GOLD: Final = ROOT.parent / "shared" / "gold"
SAMPLE: Final = 300  # authored passages
SEED: Final = 20181210
WEIGHTS: Final = "weights.safetensors"


def compared(shipped: Path, anew: Path, passages: list[LabelledPassage]) -> dict[str, Any]:
    """How far the scores of two models lie apart."""
    (ours, _), (other, _) = load_classifier(shipped), load_classifier(anew)
    inputs = inputs_of(passages)
    first, second = ours.score(inputs), other.score(inputs)
    tags = first.objectives >= ours.threshold, second.objectives >= other.threshold
    return {
        "model": shipped.name,
        "passages": len(passages),
        "same_weights": (shipped / WEIGHTS).read_bytes() == (anew / WEIGHTS).read_bytes(),
        "largest_difference": {
            kind: float(np.abs(getattr(first, kind) - getattr(second, kind)).max())
            for kind in ("objectives", "clusters", "roles")
        },
        "tags": int(tags[0].sum()),
        "tags_that_differ": int((tags[0] != tags[1]).sum()),
    }


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """The table for people."""
    lines = [
        "# Built anew",
        "",
        "Models that `gcmtag train` built from nothing beside those that are shipped, on all labelled passages of the "
        f"real documents and {SAMPLE} of the authored ones.",
        "",
        "| model | passages | largest difference of a score: objectives | clusters | roles | tags that differ | "
        "weights the same to the byte |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        apart = " | ".join(f"{value:.4f}" for value in row["largest_difference"].values())
        lines.append(
            f"| {row['model']} | {row['passages']} | {apart} | {row['tags_that_differ']} of {row['tags']} | "
            f"{'yes' if row['same_weights'] else 'no'} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Compares both models and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("anew", type=Path, help="folder of the model that was built; its twin stands beside it")
    parser.add_argument("--shipped", type=Path, default=ROOT / "models" / "standard")
    options = parser.parse_args()
    authored = read_corpus([ROOT / "corpus" / "authored"])
    drawn = np.random.default_rng(SEED).choice(len(authored), SAMPLE, replace=False)
    passages = [*read_corpus([GOLD]), *(authored[i] for i in np.sort(drawn))]
    rows = [
        compared(*(own.with_name(own.name + end) for own in (options.shipped, options.anew)), passages)
        for end in ("", "-held-out")
    ]
    (RESULTS / "rebuilt.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "rebuilt.md").write_text(as_markdown(rows), encoding="utf-8")
    print(as_markdown(rows))


if __name__ == "__main__":
    main()
