"""Does time grow in step with the input, and does memory stay flat? The real command on tables of several sizes.

    python evaluation/speed/large.py [--tier fast] [--passages 10000 100000 1000000] [--jobs N] [--characters 600]
        [-o evaluation/results]

Makes a JSONL table of each size, put together from fixed phrases about invented countries with a fixed seed, some 600
characters a passage unless told otherwise and no two alike; runs ``gcmtag tag`` on it as a process of its own with
Parquet as its output; and looks ten times a second at the resident memory of the process and its children, what they
share counted once where the system tells (PSS). Writes large.json, large.md and large.svg and large.png. Run it when
nothing else runs.
"""

import argparse
import json
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from wordings import DID, HOW, WHO

ROOT: Final = Path(__file__).parents[2]
EVERY: Final = 0.1  # seconds
CHARACTERS: Final = 600
MOST_POINTS: Final = 400  # of a line in the plot
SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Measured:
    """One run; memory in megabytes, ``moments`` are (seconds, megabytes)."""

    tier: str
    passages: int
    seconds: float
    passages_per_second: float
    peak_megabytes: float
    megabytes_at_quarters: list[float]
    moments: list[tuple[float, float]]


def write_table(path: Path, passages: int, characters: int) -> None:
    """Writes the synthetic table, a JSON object a line."""
    draw = random.Random(SEED)  # noqa: S311
    with path.open("w", encoding="utf-8") as file:
        for number in range(passages):
            sentences, length = [], 0
            while length < characters:
                year = draw.randrange(1990, 2031)
                sentences.append(f"In {year} {draw.choice(WHO)} {draw.choice(DID)} {draw.choice(HOW)}.")
                length += len(sentences[-1]) + 1
            text = f"{' '.join(sentences)} Record {number}."
            row = {"id": number, "country": draw.choice(WHO), "text": text}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def measure(tier: str, passages: int, characters: int, jobs: int | None, work: Path) -> Measured:
    """Runs the command once and watches it."""
    table, output = work / f"{passages}.jsonl", work / "out"
    write_table(table, passages, characters)
    command = [sys.executable, "-m", "gcmtag", "tag", str(table), "-o", str(output), "--format", "parquet"]
    command += ["--tier", tier, "--quiet", *(["--jobs", str(jobs)] if jobs else [])]
    began = time.monotonic()
    moments: list[tuple[float, float]] = []
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            moments.append((time.monotonic() - began, _megabytes(process.pid)))
            time.sleep(EVERY)
    seconds = time.monotonic() - began
    if process.returncode:
        sys.exit(f"gcmtag tag ended with status {process.returncode}")
    written = pq.ParquetFile(output / "tags.parquet").metadata.num_rows
    if written != passages:
        sys.exit(f"{written} of {passages} passages were written")
    shutil.rmtree(output)
    table.unlink()
    memory = [value for _, value in moments] or [0.0]
    quarters = [max(memory[len(memory) * i // 4 : len(memory) * (i + 1) // 4] or [0.0]) for i in range(4)]
    step = max(1, len(moments) // MOST_POINTS)
    return Measured(tier, passages, seconds, passages / seconds, max(memory), quarters, moments[::step])


def _megabytes(pid: int) -> float:
    """Memory of a process and its children."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0.0
    return sum(map(_own_megabytes, family))


def _own_megabytes(process: psutil.Process) -> float:
    try:
        memory = process.memory_full_info()
        return float(getattr(memory, "pss", 0) or memory.rss) / 1e6
    except psutil.Error:
        return 0.0


def report(measured: list[Measured], characters: int) -> str:
    """Markdown: a row a run, and how time and memory grow."""
    lines = [
        "# Large tables\n",
        f"`gcmtag tag` from JSONL to Parquet on {_machine()}, {characters} characters a passage; "
        "memory is that of all its processes together.\n",
        "| tier | passages | seconds | passages a second | peak MB | highest MB in each quarter of the run |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for run in measured:
        quarters = ", ".join(f"{value:,.0f}" for value in run.megabytes_at_quarters)
        lines.append(
            f"| {run.tier} | {run.passages:,} | {run.seconds:,.1f} | {run.passages_per_second:,.0f} | "
            f"{run.peak_megabytes:,.0f} | {quarters} |"
        )
    if len(measured) > 1:
        small, large = measured[-2], measured[-1]
        added = (large.seconds - small.seconds) / (large.passages - small.passages)
        lines.append(
            f"\nFrom {small.passages:,} to {large.passages:,} passages each one more takes {added * 1e6:,.0f} "
            f"microseconds, and the peak of memory grows by {large.peak_megabytes - small.peak_megabytes:,.0f} MB."
        )
    return "\n".join(lines) + "\n"


def _machine() -> str:
    memory = psutil.virtual_memory().total / 1e9
    return f"{psutil.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}"


def plot(measured: list[Measured], stem: Path) -> None:
    """Memory over the share of the run that is done, a line a size, as SVG and PNG."""
    import vl_convert  # noqa: PLC0415

    values: list[dict[str, Any]] = [
        {"share": 100 * moment / run.seconds, "memory": memory, "passages": f"{run.passages:,}"}
        for run in measured
        for moment, memory in run.moments
    ]
    order = [f"{run.passages:,}" for run in measured]
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": f"Memory of gcmtag tag --tier {measured[0].tier} while it works",
        "width": 560,
        "height": 300,
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 2},
        "encoding": {
            "x": {"field": "share", "type": "quantitative", "title": "share of the run, %"},
            "y": {"field": "memory", "type": "quantitative", "title": "resident memory, MB", "scale": {"zero": True}},
            "color": {"field": "passages", "type": "nominal", "sort": order, "scale": {"scheme": "dark2"}},
        },
        "config": {"background": "white"},
    }
    stem.with_suffix(".svg").write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")
    stem.with_suffix(".png").write_bytes(vl_convert.vegalite_to_png(spec, scale=2))


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tier", default="fast")
    parser.add_argument("--passages", type=int, nargs="+", default=[10**4, 10**5, 10**6])
    parser.add_argument("--characters", type=int, default=CHARACTERS, help="of a passage")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "evaluation" / "results")
    arguments = parser.parse_args()
    measured = []
    with tempfile.TemporaryDirectory() as work:
        for passages in arguments.passages:
            measured.append(measure(arguments.tier, passages, arguments.characters, arguments.jobs, Path(work)))
            print(
                f"{passages:,} passages: {measured[-1].seconds:.1f} s, {measured[-1].peak_megabytes:.0f} MB", flush=True
            )
    stem = arguments.output / ("large" if arguments.tier == "fast" else f"large-{arguments.tier}")
    values = {"machine": _machine(), "characters": arguments.characters, "runs": [asdict(run) for run in measured]}
    stem.with_suffix(".json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(report(measured, arguments.characters), encoding="utf-8")
    plot(measured, stem)


if __name__ == "__main__":
    main()
