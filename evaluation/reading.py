"""Measure how well documents are read, beside two public readers used as they come.

    python evaluation/reading.py [--only WORD ...] [--draw N] [--keep DIR] [-o evaluation/results]

Makes every document of `layouts` in a temporary folder, reads each with gcmtag, markitdown and (PDF only) pdfplumber,
and writes reading.json and reading.md. Documents whose program is not installed are left out and named.
What markitdown and pdfplumber give is cut into passages where they part it: markitdown at blank lines, its headings,
table rules and list marks taken off; pdfplumber, which knows no paragraphs, at lines that end a sentence.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import gcmtag
from gcmtag.errors import DocumentError
from layouts import Case, MissingProgram, cases, make
from layouts.scoring import Score, score, total

RESULTS: Final = Path(__file__).parent / "results"
PAGES: Final = 2000
_MEMORY: Final = r"""
import re, sys, time
from pathlib import Path
import gcmtag.segmenting
from gcmtag.reading import read_blocks
start = time.process_time()
pages = read_blocks(Path(sys.argv[1])).pages
read = time.process_time() - start
document = gcmtag.segmenting.read(sys.argv[1])
peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(pages, read, time.process_time() - start - read, peak)
"""


def ours(path: Path) -> list[str]:
    """Passages that gcmtag reads."""
    return [passage.text for passage in gcmtag.read(path).passages]


def markitdown(path: Path) -> list[str]:
    """Paragraphs of the Markdown that markitdown makes of a file; headings are taken out, cells of tables parted."""
    from markitdown import MarkItDown  # noqa: PLC0415  # a peer, installed for this measurement only

    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*[-*|] )", MarkItDown().convert(str(path)).text_content):
        if paragraph.lstrip().startswith("#") or re.fullmatch(r"[\s|:-]*", paragraph):
            continue
        cells = paragraph.strip().strip("|").split("|") if paragraph.lstrip().startswith("|") else [paragraph]
        found += [" ".join(re.sub(r"\*\*|\\", "", cell).split()) for cell in cells if cell.strip(" -:\n")]
    return found


def pdfplumber(path: Path) -> list[str]:
    """Text that pdfplumber takes off the pages, cut where a line ends a sentence."""
    if path.suffix != ".pdf":
        return []
    import pdfplumber as peer  # noqa: PLC0415  # a peer, installed for this measurement only

    with peer.open(path) as pdf:
        text = "\n".join(page.extract_text() or "" for page in pdf.pages)
    return [" ".join(part.split()) for part in re.split(r"(?<=[.:])\n", text) if part.strip()]


READERS: Final[dict[str, Callable[[Path], list[str]]]] = {
    "gcmtag": ours,
    "markitdown": markitdown,
    "pdfplumber": pdfplumber,
}


def main() -> None:
    """Make, read, score, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], help="words of the names of the documents to take")
    parser.add_argument("--draw", type=int, default=0, help="0, or another number for other texts in the same layouts")
    parser.add_argument("--keep", type=Path, help="folder to leave the documents in")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    taken = [case for case in cases(chosen.draw) if not chosen.only or any(word in case.name for word in chosen.only)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        made = make(taken, folder)
        missing = sorted({str(path) for path in made.values() if isinstance(path, MissingProgram)})
        rows = [row for case in taken if isinstance(path := made[case.name], Path) for row in _rows(case, path)]
        speed = _speed(folder)
    result = {"documents": rows, "missing": missing, "speed": speed}
    chosen.output.mkdir(parents=True, exist_ok=True)
    (chosen.output / "reading.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (chosen.output / "reading.md").write_text(_page(rows, missing, speed), encoding="utf-8")
    sys.stdout.write(_page(rows, missing, speed))


def _rows(case: Case, path: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, reader in READERS.items():
        if name == "pdfplumber" and path.suffix != ".pdf":
            continue
        try:
            given, failure = reader(path), ""
        except ImportError:
            continue
        except DocumentError as error:
            given, failure = [], str(error).removeprefix(f"{path}: ")
        result = score(given, case.truth, case.manuscript.unwanted)
        scan = "scan" if case.dots else "text layer"
        row = {"document": case.name, "layout": case.layout, "program": case.program, "kind": scan, "reader": name}
        rows.append({**row, "pdf": path.suffix == ".pdf", "failure": failure, **asdict(result)})
    return rows


def _speed(folder: Path) -> dict[str, float]:
    """Read one file of 2,000 pages in a process of its own: CPU seconds, and the most memory held, in MB."""
    from layouts.long import write  # noqa: PLC0415  # slow, and only here

    path = folder / "long.pdf"
    write(path, PAGES)
    done = subprocess.run(  # this interpreter, our own file
        [sys.executable, "-c", _MEMORY, str(path)], check=True, capture_output=True, text=True
    )
    pages, read, cut, memory = map(float, done.stdout.split())
    return {"pages": pages, "pages_a_second_read": pages / read, "pages_a_second_cut": pages / cut, "memory_mb": memory}


def _page(rows: Sequence[dict[str, object]], missing: Sequence[str], speed: dict[str, float]) -> str:
    lines = ["# Reading documents", "", "Written by `python evaluation/reading.py`.", ""]
    layered = [row for row in rows if row["kind"] == "text layer"]
    scans = [row for row in rows if row["kind"] == "scan"]
    lines += _table("Documents with a text layer, all formats", layered)
    lines += _table("Documents with a text layer, PDF alone", [row for row in layered if row["pdf"]])
    own = [row for row in rows if row["reader"] == "gcmtag"]
    refused = {re.sub(r"^.*?: ", "", str(row["failure"])) for row in own if row["kind"] == "scan" and row["failure"]}
    if refused:
        lines += ["## Scans", "", f"Not measured here: gcmtag says that {'; '.join(sorted(refused))}.", ""]
        own = [row for row in own if row["kind"] == "text layer"]
    elif scans:
        lines += _table("Scans", scans)
    lines += _by_layout(own)
    lines += [
        "## Speed",
        "",
        f"A PDF of {speed['pages']:.0f} pages: {speed['pages_a_second_read']:.0f} pages a second read, "
        f"{speed['pages_a_second_cut']:.0f} read and cut into passages, on one core; "
        f"at most {speed['memory_mb']:.0f} MB of memory.",
        "",
    ]
    if missing:
        lines += ["Left out: " + "; ".join(missing), ""]
    return "\n".join(lines)


def _table(title: str, rows: Sequence[dict[str, object]]) -> list[str]:
    by_reader: defaultdict[str, list[Score]] = defaultdict(list)
    for row in rows:
        by_reader[str(row["reader"])].append(_score(row))
    lines = [
        f"## {title}",
        "",
        "| reader | documents | boundaries F1 | characters | order | unwanted |",
        "|---" * 6 + "|",
    ]
    lines += [f"| {name} {_cells(total(scores))}" for name, scores in by_reader.items()]
    return [*lines, ""]


def _by_layout(rows: Sequence[dict[str, object]]) -> list[str]:
    lines = ["## gcmtag by layout", "", "| layout | documents | boundaries F1 | characters | order | unwanted |"]
    lines.append("|---" * 6 + "|")
    layouts = dict.fromkeys(str(row["layout"]) for row in rows)
    for layout in layouts:
        lines.append(f"| {layout} {_cells(total(_score(row) for row in rows if row['layout'] == layout))}")
    return [*lines, ""]


def _cells(score: Score) -> str:
    shares = (score.boundaries_f1, 100 * score.characters_right, 100 * score.order_right)
    return f"| {score.documents} | {shares[0]:.3f} | {shares[1]:.2f} % | {shares[2]:.2f} % | {score.unwanted} |"


def _score(row: dict[str, object]) -> Score:
    return Score(**{name: int(str(row[name])) for name in Score.__dataclass_fields__})


if __name__ == "__main__":
    main()
