"""Audit a hundred documents with twenty thousand passages: how long, how much memory, how large the page.

    python evaluation/audit_size.py [--documents 100] [--passages 20000] [--seed 1] [--keep DIR] [-o evaluation/results]

The tags are drawn: scores are those of the shipped model's unseen passages, and every text is put together from words
of this file. The audit is that of `gcmtag audit DIR -o report.html --by region`, in a process of its own whose memory
is measured. Writes audit_size.json and audit_size.md.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from gcmtag.classifying.storage import load_unseen, model_id, read_manifest
from gcmtag.objectives import ROLES
from gcmtag.tagger import find_model

RESULTS: Final = Path(__file__).parent / "results"
REGIONS: Final = ("Africa", "Americas", "Arab States", "Asia and the Pacific", "Europe")
WORDS: Final = (  # noqa: SIM905 - a list of words is read as words
    "the office of Marovia has opened a desk for workers who leave and for families at home with staff that speak four "
    "languages while towns keep registers of visits and a fund pays for schools roads and clinics in the hills where "
    "seasons are dry most years so that people can stay or return when they wish under the plan that was agreed"
).split()
_AUDIT: Final = r"""
import atexit, json, re, sys, time
from pathlib import Path

def measured():
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    print(json.dumps({"cpu_seconds": time.process_time(), "memory_mb": int(peak[1]) / 1024}))

atexit.register(measured)
from gcmtag.cli import main
sys.argv = ["gcmtag", "audit", sys.argv[1], "-o", sys.argv[2], "--by", "region"]
main()
"""


def write_tags(folder: Path, documents: int, passages: int, seed: int) -> None:
    """The two tables of a run, drawn: each document has a leaning to some objectives of its own."""
    rng = np.random.default_rng(seed)
    model = find_model("standard")
    unseen, name = load_unseen(model), model_id(read_manifest(model))
    threshold = float(json.loads((model / "settings.json").read_text(encoding="utf-8"))["threshold"])
    rows: list[dict[str, Any]] = []
    sizes = rng.multinomial(passages, rng.dirichlet(np.full(documents, 3.0)))
    for number, size in enumerate(sizes, start=1):
        weights = unseen.labels @ rng.dirichlet(np.full(23, 0.5)) + 0.01
        chosen = rng.choice(len(unseen.labels), size, p=weights / weights.sum())
        for ordinal, row in enumerate(chosen.tolist(), start=1):
            scores = unseen.scores[row]
            rows.append(
                {
                    "document_id": f"document-{number:03d}",
                    "passage_id": f"document-{number:03d}-{ordinal}",
                    "ordinal": ordinal,
                    "locator": f"para. {ordinal}",
                    "page": 1 + ordinal // 6,
                    "section": "",
                    "question": None,
                    "part": None,
                    "kind": "paragraph",
                    "language": "en",
                    "text": " ".join(rng.choice(WORDS, int(rng.integers(20, 120)))).capitalize() + ".",
                    "declared": [],
                    "objectives": [int(at) + 1 for at in np.flatnonzero(scores >= threshold)],
                    "scores": [float(score) for score in scores],
                    "clusters": [],
                    "cluster_scores": [],
                    "role": str(rng.choice(ROLES)),
                    "role_score": 0.9,
                    "evidence": [],
                    "model": name,
                }
            )
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_json(folder / "tags.jsonl", orient="records", lines=True)
    about = [
        {
            "document_id": f"document-{number:03d}",
            "path": f"document-{number:03d}.pdf",
            "title": f"Review of State {number}",
            "format": "pdf",
            "language": "en",
            "pages": 40,
            "passages": int(size),
            "dropped": "{}",
            "declared_priorities": sorted(rng.choice(23, 4, replace=False).tolist()),
            "warnings": [],
            "model": name,
            "region": REGIONS[number % len(REGIONS)],
        }
        for number, size in enumerate(sizes, start=1)
    ]
    for row in about:
        row["declared_priorities"] = [at + 1 for at in row["declared_priorities"]]
    pd.DataFrame(about).to_json(folder / "documents.jsonl", orient="records", lines=True)


def measure(tags: Path, report: Path) -> dict[str, float]:
    """Audits a folder in a process of its own: wall and CPU seconds, peak of memory in MB, size of the page in MB.

    Raises:
        CalledProcessError: the audit failed.
    """
    begun = time.monotonic()
    done = subprocess.run(  # this interpreter, our own files
        [sys.executable, "-c", _AUDIT, str(tags), str(report)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(re.findall(r"^\{.*\}$", done.stdout, re.M)[-1])
    return {**found, "wall_seconds": time.monotonic() - begun, "page_mb": report.stat().st_size / 1e6}


def main() -> None:
    """Draws the tags, audits them, writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--passages", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder to leave tags and report in")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        write_tags(folder / "tags", chosen.documents, chosen.passages, chosen.seed)
        found = measure(folder / "tags", folder / "report.html")
    result = {
        "documents": chosen.documents,
        "passages": chosen.passages,
        "seed": chosen.seed,
        **{name: round(value, 2) for name, value in found.items()},
    }
    chosen.output.mkdir(parents=True, exist_ok=True)
    (chosen.output / "audit_size.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    page = (
        "# The size of an audit\n\nWritten by `python evaluation/audit_size.py`: drawn tags, compared by region.\n\n"
        "| documents | passages | wall, s | CPU, s | most memory, MB | page, MB |\n|---|---|---|---|---|---|\n"
        f"| {chosen.documents} | {chosen.passages} | {found['wall_seconds']:.1f} | {found['cpu_seconds']:.1f} | "
        f"{found['memory_mb']:.0f} | {found['page_mb']:.2f} |\n"
    )
    (chosen.output / "audit_size.md").write_text(page, encoding="utf-8")
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
