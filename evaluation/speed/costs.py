"""What a run of 10^5 to 10^9 passages takes and costs, from measured rates, as a table in docs/large-runs.md.

    python evaluation/speed/costs.py [--standard RATE] [--fast RATE] [--cores 2] [--price 0.05] [--doc PAGE]

Rates are passages a second on one machine with ``--cores`` cores; without options they are taken from
``evaluation/results/speed.json``, its parts ``folder`` and ``fast``. ``--price`` is what
a core costs in an hour, in dollars. Hours on a machine are passages divided by the rate. A cluster is counted as many
such machines without loss; ``evaluation/speed/large.py`` shows how nearly linear one machine is.
"""

import argparse
import json
import math
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
SIZES: Final = tuple(10**power for power in range(5, 10))
BEGIN: Final = "<!-- costs: begin -->"
END: Final = "<!-- costs: end -->"
A_NIGHT: Final = 12.0  # hours in which a run should be done
# The part of speed.json that has a tier's rate: documents with their contexts, and a table.
TIERS: Final = {"standard": "folder", "fast": "fast"}


def table(rates: Mapping[str, float], cores: int, price: float) -> str:
    """Markdown: a row a number of passages, for each tier the time on one machine, the cost, and machines for a night.

    Args:
        rates: passages a second on one machine, by tier.
        cores: of that machine.
        price: of a core for an hour, in dollars.

    >>> print(table({"fast": 5000.0}, 2, 0.05).splitlines()[2])
    | 100,000 | 20 s | $0.001 | 1 |
    """
    head = ["passages"]
    for tier in rates:
        head += [f"{tier}: one machine", "cost", f"machines for {A_NIGHT:.0f} hours"]
    lines = [_line(head), _line(["---:"] * len(head))]
    for passages in SIZES:
        cells = [f"{passages:,}"]
        for rate in rates.values():
            hours = passages / rate / 3600
            cells += [_duration(hours), _dollars(hours * cores * price), f"{math.ceil(hours / A_NIGHT):,}"]
        lines.append(_line(cells))
    return "\n".join(lines)


def put_between(text: str, content: str) -> str:
    """The text with the content between the two marker comments.

    >>> put_between("a " + BEGIN + " old " + END + " b", "new").splitlines()[1:3]
    ['', 'new']
    """
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{content}\n\n{END}{after}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _duration(hours: float) -> str:
    """In the largest unit that it fills.

    >>> [_duration(hours) for hours in (0.005, 0.5, 30, 24 * 700)]
    ['18 s', '30 min', '30 h', '700 days']
    """
    if hours < 1 / 60:
        return f"{hours * 3600:.0f} s"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:,.0f} days"


def _dollars(cost: float) -> str:
    return f"${cost:.3f}" if cost < 0.1 else f"${cost:.2f}" if cost < 10 else f"${cost:,.0f}"


def _rates(arguments: argparse.Namespace) -> dict[str, float]:
    path = ROOT / "evaluation" / "results" / "speed.json"
    measured = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found = {tier: getattr(arguments, tier) or _measured(measured.get(part, {}), tier) for tier, part in TIERS.items()}
    missing = [tier for tier, rate in found.items() if not rate]
    if missing:
        sys.exit(f"no rate of {' and '.join(missing)}: give --{' and --'.join(missing)}, or measure {path.name} first")
    return {tier: float(rate) for tier, rate in found.items()}


def _measured(part: Mapping[str, Any], tier: str) -> float | None:
    """Passages a second, the median over repetitions; None where the part was not run."""
    if not part:
        return None
    if tier == "fast":
        return float(part["lines"] / statistics.median(part["seconds"]))
    seconds = part["seconds"]
    # The start of the process is paid once, however large the run.
    working = statistics.median(seconds["command"]) - statistics.median(seconds["ready"])
    return float(part["passages"] / working)


def main() -> None:
    """Writes the table into the page and prints it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--standard", type=float, help="passages a second")
    parser.add_argument("--fast", type=float, help="passages a second")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--price", type=float, default=0.05, help="dollars for a core and hour")
    parser.add_argument("--doc", type=Path, default=ROOT / "docs" / "large-runs.md")
    arguments = parser.parse_args()
    rates = _rates(arguments)
    measured = ", ".join(f"{tier} {rate:,.0f}" for tier, rate in rates.items())
    content = (
        f"{table(rates, arguments.cores, arguments.price)}\n\nPassages a second on {arguments.cores} cores: "
        f"{measured}; the standard tier on documents, with contexts, the fast one on "
        f"a table of shorter passages ([speed](../evaluation/results/speed.md), "
        f"[a million](../evaluation/results/large.md)). "
        f"A core costs ${arguments.price:.2f} an hour."
    )
    arguments.doc.write_text(put_between(arguments.doc.read_text(encoding="utf-8"), content), encoding="utf-8")
    print(content)


if __name__ == "__main__":
    main()
