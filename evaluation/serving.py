"""Puts the service under load on loopback and measures it beside the tagger alone.

    python evaluation/serving.py [--seconds 300] [--clients 32] [--model standard] [-o evaluation/results]

The stretches, each a share of the time: the tagger alone on 256 texts at once (batch throughput, before and after the
others); one client, one request after another (the time of a single request); all clients as fast as they are answered
(what the service sustains, saturated); and all clients together at fixed rates, shares of batch throughput, whether or
not they are answered (the time of a request at a rate).

**What the time of a request is compared at.** Saturated, 32 clients that ask again as soon as they are answered always
have 32 requests in the service, so the mean time of a request is 32 requests by the throughput, whatever the service
does (Little 1961): it could be three times that of a single request only if encoding together made a text ten times
cheaper. A time can be asked for only at a rate that leaves the service room, so it is measured at rates below
saturation, from the moment at which a request was due; the saturated time stands beside it.

The requests hold ``TEXTS`` texts each, put together from fixed phrases about invented countries with a fixed seed, so
that none is like another. Run it alone on the machine.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

import httpx
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parent))

from wordings import DID, HOW, WHO

TEXTS: Final = 4
RATES: Final = (0.3, 0.5, 0.65, 0.8)  # of batch throughput
WISHED_SHARE: Final = 0.8  # of batch throughput, saturated
WISHED_RATIO: Final = 3.0  # p95 by the time of a single request
SECONDS_BETWEEN_LOOKS: Final = 0.25
# Shares of all seconds; those of the rates are shared by them.
BATCH, SINGLE, WARM, SATURATED, PACED = 0.05, 0.1, 0.05, 0.3, 0.45


@dataclass(slots=True)
class Stretch:
    """Answers of one stretch: seconds of each request that was answered, and how many were refused or failed."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the requests was answered; 0 where there was none."""
        return float(np.quantile(self.times, share)) if self.times else 0.0


@dataclass(slots=True)
class Watched:
    """What was seen of the service from outside, every quarter second.

    A look is (second, texts tagged so far, seconds of batches so far, MB of memory).
    """

    looks: list[tuple[float, float, float, float]] = field(default_factory=list)

    def texts_per_second(self) -> float:
        """Texts tagged in a second, from the end of the first batch that was seen to the end of the last."""
        ends = [after for before, after in pairwise(self.looks) if after[1] > before[1]]
        if len(ends) < 2:
            return 0.0
        return (ends[-1][1] - ends[0][1]) / (ends[-1][0] - ends[0][0])

    def busy(self) -> float:
        """Share of that time in which the model worked; the rest is what the service adds."""
        ends = [after for before, after in pairwise(self.looks) if after[1] > before[1]]
        if len(ends) < 2:
            return 0.0
        return (ends[-1][2] - ends[0][2]) / (ends[-1][0] - ends[0][0])

    def memory(self, share: float) -> float:
        """Resident memory, MB, as its median in a tenth of the time around a share of it."""
        if not self.looks:
            return 0.0
        at = round(share * (len(self.looks) - 1))
        width = max(1, len(self.looks) // 20)
        return float(np.median([look[3] for look in self.looks[max(0, at - width) : at + width + 1]]))


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests at a fixed rate; times in seconds from the moment at which a request was due."""

    share_of_batch: float
    requests_per_second: float
    requests: int
    refused_429: int
    median: float
    p95: float
    p95_by_single: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is written down; times in seconds, memory in MB."""

    clients: int
    texts_a_request: int
    seconds: float
    requests: int
    refused_429: int
    failed: int
    batch_texts_per_second: float
    batch_before: float
    batch_after: float
    service_texts_per_second: float
    share_of_batch: float
    share_of_time_in_the_model: float
    single_median: float
    single_p95: float
    saturated_median: float
    saturated_p95: float
    saturated_p95_by_single: float
    rates: list[Rate]
    sustained_share_of_batch: float
    memory_start: float
    memory_middle: float
    memory_end: float
    memory_most: float
    model: str
    machine: str


def texts(count: int, seed: int) -> list[str]:
    """Texts of one to three sentences."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    return [
        " ".join(
            f"{draw.choice(WHO)} {draw.choice(DID)} in {draw.randint(2019, 2030)} {draw.choice(HOW)}, "
            f"case {draw.randint(1, 9999)}."
            for _ in range(draw.randint(1, 3))
        )
        for _ in range(count)
    ]


def batch_throughput(model: str, seconds: float) -> float:
    """Texts that the tagger alone tags in a second, in its own process as the service is."""
    code = (
        "import sys, time, gcmtag\n"
        "sys.path.insert(0, sys.argv[1]); from serving import texts\n"
        "tagger = gcmtag.load(sys.argv[2]); tagger.tag(texts(32, 1))\n"
        "done, began = 0, time.monotonic()\n"
        "while time.monotonic() - began < float(sys.argv[3]):\n"
        "    tagger.tag(texts(256, 2 + done)); done += 256\n"
        "print(done / (time.monotonic() - began))\n"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent), model, str(seconds)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


async def one(client: httpx.AsyncClient, seed: int, stretch: Stretch, began: float) -> None:
    """Sends a request and notes how it went since it was due; after a refusal waits as told, a second at most."""
    try:
        answer = await client.post("/v1/tag", json={"texts": texts(TEXTS, seed)})
        if answer.status_code == 429:
            stretch.refused += 1
            await asyncio.sleep(min(1.0, float(answer.headers["retry-after"])))
        elif answer.status_code == 200 and len(answer.json()["tags"]) == TEXTS:
            stretch.times.append(time.monotonic() - began)
        else:
            stretch.failed += 1
    except (httpx.HTTPError, ValueError, KeyError):
        stretch.failed += 1


async def load(address: str, clients: int, seconds: float, rate: float | None, seed: int) -> Stretch:
    """All clients for some seconds.

    Args:
        address: of the service.
        clients: how many ask at the same time.
        seconds: how long.
        rate: requests a second of all clients together, as they come by chance (exponential gaps); ``None`` for as
            many as are answered.
        seed: of the texts and gaps.
    """
    stretch, began = Stretch(), time.monotonic()
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits, trust_env=False) as client:

        async def ask(number: int) -> None:
            draw = random.Random(seed + number)  # noqa: S311 - no secret
            due, at = began, 0
            while True:
                # Due by the plan and not by the last answer: who waits for an answer asks late, and that is its time.
                due = time.monotonic() if rate is None else due + draw.expovariate(rate / clients)
                if due >= began + seconds:
                    return
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await one(client, seed + number * 1_000_000 + at, stretch, due)
                at += 1

        await asyncio.gather(*(ask(number) for number in range(clients)))
    stretch.seconds = time.monotonic() - began
    return stretch


async def watch(address: str, process: psutil.Process, watched: Watched) -> None:
    """Looks at the figures of the service until it is cancelled."""
    async with httpx.AsyncClient(base_url=address, timeout=120, trust_env=False) as client:
        while True:
            with suppress(httpx.HTTPError):
                text = (await client.get("/metrics")).text
                found = dict(re.findall(r"^(gcmtag_\w+) ([\d.e+-]+)$", text, flags=re.MULTILINE))
                tagged, busy = float(found["gcmtag_texts_total"]), float(found["gcmtag_batch_seconds_sum"])
                memory = float(process.memory_info().rss) / 1e6
                watched.looks.append((time.monotonic(), tagged, busy, memory))
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


async def watched_load(
    address: str, process: psutil.Process, clients: int, seconds: float, rate: float | None, seed: int
) -> tuple[Stretch, Watched]:
    """``load`` and what was seen of the service meanwhile."""
    watched = Watched()
    watching = asyncio.create_task(watch(address, process, watched))
    stretch = await load(address, clients, seconds, rate, seed)
    watching.cancel()
    return stretch, watched


@contextmanager
def service(model: str) -> Iterator[tuple[psutil.Process, str]]:
    """A service on a free port: its process and address; stopped whatever happens."""
    with tempfile.TemporaryDirectory() as state:
        log = Path(state) / "log"
        command = [sys.executable, "-m", "gcmtag", "serve", "--port", "0", "--model", model, "--state", state]
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(command, stderr=file, text=True)
        try:
            yield psutil.Process(process.pid), _address(process, log)
        finally:
            process.terminate()
            try:
                process.wait(90)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    """The address of a service once it is ready."""
    while process.poll() is None:
        if found := re.search(r'"listening".*"port": (\d+)', log.read_text(encoding="utf-8")):
            address = f"http://127.0.0.1:{found[1]}"
            try:
                if httpx.get(f"{address}/readyz", trust_env=False, timeout=30).status_code == 200:
                    return address
            except httpx.HTTPError:
                pass
        time.sleep(0.2)
    sys.exit(log.read_text(encoding="utf-8"))


def measure(seconds: float, clients: int, model: str) -> Figures:
    """Runs all stretches."""
    before = batch_throughput(model, seconds * BATCH)
    with service(model) as (process, address):
        single = asyncio.run(load(address, 1, seconds * SINGLE, None, 100))
        warm = asyncio.run(load(address, clients, seconds * WARM, None, 200))
        full, seen = asyncio.run(watched_load(address, process, clients, seconds * SATURATED, None, 300))
        looks = list(seen.looks)
        paced = []
        for at, share in enumerate(RATES):
            rate = share * before / TEXTS
            stretch, also = asyncio.run(
                watched_load(address, process, clients, seconds * PACED / len(RATES), rate, 400 + 100 * at)
            )
            paced.append((share, rate, stretch))
            looks += also.looks
        model_id = httpx.get(f"{address}/readyz", trust_env=False, timeout=30).json()["model"]
    after = batch_throughput(model, seconds * BATCH)
    batch, alone = (before + after) / 2, max(single.quantile(0.5), 1e-9)
    stretches = (single, warm, full, *(stretch for _, _, stretch in paced))
    rates = [
        Rate(
            share_of_batch=round(rate * TEXTS / batch, 2),
            requests_per_second=round(rate, 3),
            requests=len(stretch.times),
            refused_429=stretch.refused,
            median=round(stretch.quantile(0.5), 4),
            p95=round(stretch.quantile(0.95), 4),
            p95_by_single=round(stretch.quantile(0.95) / alone, 2),
        )
        for _, rate, stretch in paced
    ]
    under_load = Watched(looks)
    return Figures(
        clients=clients,
        texts_a_request=TEXTS,
        seconds=round(sum(stretch.seconds for stretch in stretches), 1),
        requests=sum(len(stretch.times) for stretch in stretches),
        refused_429=sum(stretch.refused for stretch in stretches),
        failed=sum(stretch.failed for stretch in stretches),
        batch_texts_per_second=round(batch, 1),
        batch_before=round(before, 1),
        batch_after=round(after, 1),
        service_texts_per_second=round(seen.texts_per_second(), 1),
        share_of_batch=round(seen.texts_per_second() / batch, 3),
        share_of_time_in_the_model=round(seen.busy(), 3),
        single_median=round(single.quantile(0.5), 4),
        single_p95=round(single.quantile(0.95), 4),
        saturated_median=round(full.quantile(0.5), 4),
        saturated_p95=round(full.quantile(0.95), 4),
        saturated_p95_by_single=round(full.quantile(0.95) / alone, 2),
        rates=rates,
        sustained_share_of_batch=sustained(rates),
        memory_start=round(under_load.memory(0.0), 1),
        memory_middle=round(under_load.memory(0.5), 1),
        memory_end=round(under_load.memory(1.0), 1),
        memory_most=round(max((look[3] for look in looks), default=0.0), 1),
        model=model_id,
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    )


def sustained(rates: list[Rate]) -> float:
    """The highest rate up to which the time wished for was kept, as a share of batch throughput; 0 where none was."""
    kept = 0.0
    for rate in rates:
        if not rate.requests or rate.p95_by_single > WISHED_RATIO:
            break
        kept = rate.share_of_batch
    return kept


def in_ms(seconds: float) -> str:
    """Seconds as whole milliseconds."""
    return f"{seconds * 1000:.0f} ms"


def as_markdown(figures: Figures) -> str:
    """The figures as a page, each wish beside what was seen."""
    grown = figures.memory_end / max(figures.memory_start, 1e-9) - 1
    rows = [
        ("errors other than 429", "none", f"{figures.failed} of {figures.requests + figures.failed} requests"),
        ("refused with 429", "allowed", str(figures.refused_429)),
        (
            f"throughput of {figures.clients} clients, saturated, by batch throughput",
            f"at least {WISHED_SHARE}",
            f"{figures.share_of_batch:.2f}",
        ),
        (
            f"highest rate at which p95 is within {WISHED_RATIO:g} times a single request, by batch throughput",
            "",
            f"{figures.sustained_share_of_batch:.2f}" if figures.sustained_share_of_batch else "none of those measured",
        ),
        ("growth of memory under load", "flat", f"{grown:+.1%}"),
    ]
    lines = [
        "# The service under load",
        "",
        f"`python evaluation/serving.py`, {figures.clients} clients on loopback for {figures.seconds:.0f} s, "
        f"{figures.texts_a_request} texts a request, model `{figures.model}`; {figures.machine}.",
        "",
        "| what | wish | seen |",
        "|---|---|---|",
        *(f"| {what} | {wish} | {seen} |" for what, wish, seen in rows),
        "",
        "## Time of a request",
        "",
        "| load | by batch throughput | requests | median | p95 | p95 by a single request |",
        "|---|---|---|---|---|---|",
        f"| one client, one request after another | | | {in_ms(figures.single_median)} | {in_ms(figures.single_p95)} | "
        f"{figures.single_p95 / max(figures.single_median, 1e-9):.2f} |",
        *(
            f"| {rate.requests_per_second:.2f} requests a second | {rate.share_of_batch:.2f} | {rate.requests} | "
            f"{in_ms(rate.median)} | {in_ms(rate.p95)} | {rate.p95_by_single:.2f} |"
            for rate in figures.rates
        ),
        f"| {figures.clients} clients, saturated | {figures.share_of_batch:.2f} | | "
        f"{in_ms(figures.saturated_median)} | {in_ms(figures.saturated_p95)} | "
        f"{figures.saturated_p95_by_single:.2f} |",
        "",
        "Requests at a rate come by chance, and their time counts from when they were due. Saturated, "
        f"{figures.clients} requests are always in the service, so that the mean time is {figures.clients} requests by "
        "the throughput whatever the service does; the wish of 3 can be asked of rates below that.",
        "",
        f"Texts a second: tagger alone {figures.batch_texts_per_second} ({figures.batch_before} before the other "
        f"stretches, {figures.batch_after} after), service {figures.service_texts_per_second}. Saturated, the model "
        f"worked in {figures.share_of_time_in_the_model:.0%} of the time; the rest is what the service and the clients "
        f"add. Memory at start, middle and end of the load: {figures.memory_start:.0f}, {figures.memory_middle:.0f}, "
        f"{figures.memory_end:.0f} MB; most {figures.memory_most:.0f} MB.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures, writes and prints."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--seconds", type=float, default=300.0)
    options.add_argument("--clients", type=int, default=32)
    options.add_argument("--model", default="standard")
    options.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    asked = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the service is stopped, too
    figures = measure(asked.seconds, asked.clients, asked.model)
    asked.output.mkdir(parents=True, exist_ok=True)
    (asked.output / "serving.json").write_text(json.dumps(asdict(figures), indent=1) + "\n", encoding="utf-8")
    (asked.output / "serving.md").write_text(as_markdown(figures), encoding="utf-8")
    print(as_markdown(figures))


if __name__ == "__main__":
    main()
