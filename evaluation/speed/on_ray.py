"""The real models on Ray with two actors, beside the local engine, and with an actor killed in mid-run.

    python evaluation/speed/on_ray.py [--fast 40000] [--standard 400]

Tags the same tables three times with each tier: by the local engine, by Ray, and by Ray while one of the two actors is
killed as soon as a first file of tags is there. Compares every passage. Needs the extra ``ray``. Writes ray.{json,md}
in evaluation/results.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from speed.measuring import machine
from speed.texts import many_texts

RESULTS: Final = Path(__file__).parents[2] / "evaluation" / "results"
FILES: Final = 8
ACTORS: Final = 2
OF_AN_ACTOR: Final = "ray::MapWorker"  # how Ray names the processes of its actors
EVERY: Final = 0.05  # seconds between two looks


def write_tables(passages: int, folder: Path) -> None:
    """The texts in a few files, as JSON Lines."""
    folder.mkdir()
    rows = [json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(many_texts(passages))]
    for number in range(FILES):
        (folder / f"{number}.jsonl").write_text("".join(rows[number::FILES]), encoding="utf-8")


def tag(tier: str, inputs: Path, output: Path, *more: str, kill: bool = False) -> tuple[pa.Table, float, bool]:
    """The tags in order, the seconds, and whether an actor was killed.

    Raises:
        RuntimeError: the command failed.
    """
    command = [sys.executable, "-m", "gcmtag", "tag", str(inputs), "-o", str(output), "--format", "parquet"]
    command += ["--tier", tier, "--no-report", "--quiet", *more]
    began, killed = time.perf_counter(), False
    with subprocess.Popen(command, env=os.environ | {"RAY_worker_niceness": "0"}) as process:
        while process.poll() is None:
            if kill and not killed and any((output / "tags.parquet").glob("*.parquet")):
                killed = _kill_an_actor(process.pid)
            time.sleep(EVERY)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    tags = output / "tags.parquet"
    files = sorted(tags.iterdir()) if tags.is_dir() else [tags]
    return pa.concat_tables([pq.read_table(file) for file in files]), seconds, killed


def _kill_an_actor(command: int) -> bool:
    for process in psutil.Process(command).children(recursive=True):
        try:
            if process.cmdline() and process.cmdline()[0].startswith(OF_AN_ACTOR):
                process.kill()
                return True
        except psutil.Error:
            continue
    return False


def compared(local: pa.Table, other: pa.Table) -> dict[str, Any]:
    """What must be equal: every passage once, in order, its objectives, and its scores as far as they are."""
    one, two = (np.array(table["scores"].to_pylist(), dtype=np.float64) for table in (local, other))
    same_rows = local["passage_id"].to_pylist() == other["passage_id"].to_pylist()
    return {
        "passages": other.num_rows,
        "every passage once, in order": same_rows and len(set(other["passage_id"].to_pylist())) == other.num_rows,
        "same objectives": local["objectives"].equals(other["objectives"]),
        "largest difference of a score": float(np.abs(one - two).max()) if same_rows else None,
    }


def measure(tier: str, passages: int, work: Path) -> list[dict[str, Any]]:
    """Three runs of a tier."""
    inputs = work / f"{tier} in"
    write_tables(passages, inputs)
    ray = ("--engine", "ray", "--jobs", str(ACTORS))
    local, seconds, _ = tag(tier, inputs, work / f"{tier} local")
    rows = [{"tier": tier, "run": "local engine", "seconds": seconds, **compared(local, local)}]
    for run, kill in ((f"Ray, {ACTORS} actors", False), (f"Ray, {ACTORS} actors, one killed", True)):
        found, seconds, killed = tag(tier, inputs, work / f"{tier} {run}", *ray, kill=kill)
        if kill and not killed:
            raise RuntimeError("no actor was found in time to kill it: give more passages")
        rows.append({"tier": tier, "run": run, "seconds": seconds, **compared(local, found)})
    return rows


def as_markdown(found: dict[str, Any]) -> str:
    """The table for people."""
    about = found["machine"]
    lines = [
        "# The real models on Ray",
        "",
        f"{about['processor']}, {about['cores']} cores; start of Python, of Ray and of the models included.",
        "",
        "| tier | run | passages | seconds | every passage once, in order | same objectives | largest difference |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in found["runs"]:
        yes = ["yes" if row[name] else "NO" for name in ("every passage once, in order", "same objectives")]
        lines.append(
            f"| {row['tier']} | {row['run']} | {row['passages']:,} | {row['seconds']:.1f} | {yes[0]} | {yes[1]} | "
            f"{row['largest difference of a score']} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Measures both tiers and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", type=int, default=40_000, help="passages for the fast tier")
    parser.add_argument("--standard", type=int, default=400, help="passages for the standard tier")
    options = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for tier, passages in (("fast", options.fast), ("standard", options.standard)):
            runs += measure(tier, passages, Path(folder))
    found = {"machine": machine(), "measured": datetime.now(UTC).isoformat(timespec="seconds"), "runs": runs}
    (RESULTS / "ray.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "ray.md").write_text(as_markdown(found), encoding="utf-8")
    print(as_markdown(found))


if __name__ == "__main__":
    main()
