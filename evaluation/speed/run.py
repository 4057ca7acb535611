"""Measures how fast the package is, beside peers in the same run; needs the extras dev and peers.

    python evaluation/speed/run.py [--only PART ...] [-o evaluation/results]

Parts: standard (texts to tags beside sentence-transformers and SetFit), precision (scores against float32), folder (the
whole command against the encoder), reports (90 of them, once from nothing), again (a second run, a damaged entry of the
cache), cold (starts of a process), fast (the fast tier), quality (against speed, a picture), profile (where the time
goes). Writes speed.json, speed.md and pictures; parts that are not run now stay as they are on file. Nothing else
should run on the machine.
"""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from speed.measuring import machine
from speed.parts import PARTS, LeftOut, Options
from speed.writing import read, write

ROOT: Final = Path(__file__).parents[2]
RESULTS: Final = ROOT / "evaluation" / "results"


def main() -> None:
    """Runs the parts that were asked for, one after another, and writes after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), metavar="PART")
    parser.add_argument("--passages", type=int, default=400, help="of the part standard")
    parser.add_argument("--repetitions", type=int, default=5, help="of everything that is compared")
    parser.add_argument("--learning", type=int, default=300, help="passages from which the peers' heads learn")
    parser.add_argument("--documents", type=int, default=102, help="in the folder that is tagged, 102 at most")
    parser.add_argument("--reports", type=int, default=90, help="that are tagged once")
    parser.add_argument("--report-passages", type=int, default=15_000, help="of all those reports together")
    parser.add_argument("--starts", type=int, default=10, help="of a process, for cold starts")
    parser.add_argument("--lines", type=int, default=50_000, help="of the table for the fast tier")
    parser.add_argument("--sample", type=int, default=400, help="texts by which peers are timed for the picture")
    parser.add_argument(
        "--gold", nargs="+", type=Path, default=sorted((ROOT.parent / "shared" / "gold").glob("*.jsonl"))
    )
    parser.add_argument("--metrics", type=Path, default=RESULTS / "metrics.json", help="where quality was written")
    parser.add_argument("--fast-metrics", type=Path, default=RESULTS / "fast" / "metrics.json", help="of the fast tier")
    parser.add_argument("--model", default="standard", help="the standard tier, by name or path")
    parser.add_argument("--fast-model", default="fast", help="the fast tier, likewise")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    asked = vars(parser.parse_args())
    only, output = asked.pop("only"), asked.pop("output")
    results = read(output / "speed.json", list(PARTS))
    with tempfile.TemporaryDirectory() as folder:
        options = Options(**asked, folder=Path(folder))
        for name in PARTS:
            if name not in only:
                continue
            about = {"machine": machine(), "measured": datetime.now(UTC).isoformat(timespec="seconds")}
            try:
                results[name] = {**about, **PARTS[name](options)}
            except LeftOut as why:
                results[name] = {**about, "left_out": str(why)}
            write(results, output)
            print(f"{name} done", file=sys.stderr, flush=True)
    print(write(results, output))


if __name__ == "__main__":
    main()
