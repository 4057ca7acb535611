"""Run over 300 files broken on purpose, with good ones among them: what is read, what fails, how long, how much memory.

    python evaluation/broken_files.py [--count 300] [--seed 1] [--keep DIR] [-o evaluation/results]

The run is that of `gcmtag tag` but for the model: every passage gets the same tags. It has a process of its own, whose
memory is measured, and writes broken-files.json.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent))

from layouts.broken import TEXT, make, sound_docx, sound_pdf

RESULTS: Final = Path(__file__).parent / "results"
LONGEST: Final = 30.0  # seconds a file
MOST_MEMORY: Final = 1000.0  # MB

_RUN: Final = """
import json, sys, time
from pathlib import Path
from gcmtag import Tags
from gcmtag.columns import TagColumns
from gcmtag.running import run
from gcmtag.tables import with_tags

TAGS = Tags((), (0.0,) * 23, (), (0.0,) * 4, "context", 0.5)

class Same:
    classifier = None

    def tag_table(self, passages, _=None):
        return with_tags(passages, TagColumns.of([TAGS] * passages.num_rows), "same")

paths = sorted(path for path in Path(sys.argv[1]).iterdir())
begun = []
outcome = run(paths, Path(sys.argv[2]), Same, "same", on_document=lambda *_: begun.append(time.monotonic()))
seconds = {path.name: end - start for path, start, end in zip(paths, begun, begun[1:])}
# Not getrusage, whose peak is that of the process which started this one, if that was larger.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
memory = int(peak.split()[1]) / 1024
print(json.dumps({"seconds": seconds, "memory_mb": memory,
                  "tagged": [Path(path).name for path in outcome.documents["path"].to_pylist()]}))
"""


def run_over(folder: Path, results: Path, time_limit: float) -> dict[str, Any]:
    """Run over all files of a folder in a process of its own.

    Returns:
        "status" of the process, "seconds" by file name, "memory_mb" (peak), names of the files that were "tagged", and
        "failures" (rows of failures.csv).

    Raises:
        TimeoutExpired: the run took longer than ``time_limit`` seconds.
    """
    done = subprocess.run(  # this interpreter, our own files
        [sys.executable, "-c", _RUN, str(folder), str(results)],
        capture_output=True,
        text=True,
        timeout=time_limit,
        check=False,
    )
    if done.returncode:
        return {"status": done.returncode, "errors": done.stderr[-2000:]}
    with (results / "failures.csv").open(newline="", encoding="utf-8") as file:
        failures = list(csv.DictReader(file))
    return {"status": 0, **json.loads(done.stdout.splitlines()[-1]), "failures": failures}


def good_files(folder: Path) -> list[Path]:
    """Put three sound documents among the others."""
    contents = {"000-good.pdf": sound_pdf(), "150-good.docx": sound_docx(), "zzz-good.txt": TEXT.encode()}
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in contents]


def main() -> None:
    """Make, run, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder to leave the files in")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary) / "files"
        folder.mkdir(parents=True, exist_ok=True)
        families = make(folder, chosen.count, chosen.seed)
        good = good_files(folder)
        found = run_over(folder, Path(temporary) / "out", LONGEST * chosen.count)
    if found["status"]:
        sys.exit(f"the run ended with status {found['status']}: {found['errors']}")
    failed = {Path(row["path"]).name for row in found["failures"]}
    rows = {
        family: {
            "files": len(paths),
            "in failures.csv": sum(path.name in failed for path in paths),
            "read in part": sum(path.name in found["tagged"] for path in paths),
            "neither": [path.name for path in paths if path.name not in failed and path.name not in found["tagged"]],
            "slowest, seconds": round(max(found["seconds"][path.name] for path in paths), 2),
        }
        for family, paths in families.items()
    }
    summary = {
        "files": chosen.count,
        "seed": chosen.seed,
        "good files tagged": sum(path.name in found["tagged"] for path in good),
        "slowest, seconds": round(max(found["seconds"].values()), 2),
        "most memory, MB": round(found["memory_mb"]),
        "families": rows,
    }
    chosen.output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(summary, indent=1) + "\n"
    (chosen.output / "broken-files.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
