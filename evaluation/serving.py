"""Puts the service under load on loopback and measures it beside the tagger alone.

    python evaluation/serving.py [--seconds 300] [--clients 32] [--texts 4 16] [--model standard]
        [-o evaluation/results]

The speed of a machine that others share changes from minute to minute, so the stretches that are compared follow each
other in rounds, and ratios are taken within a round. A round: the tagger alone on 256 texts at once, in a process of
its own (batch throughput); one client, one request after another (the time of a single request); all clients as fast as
they are answered (what the service sustains, saturated); and all clients together at fixed rates, shares of the round's
batch throughput, whether or not they are answered (the time of a request at a rate).

**What the time of a request is compared at.** Saturated, 32 clients that ask again as soon as they are answered always
have 32 requests in the service, so the mean time of a request is 32 requests by the throughput, whatever the service
does (Little 1961): it could be three times that of a single request only if encoding together made a text ten times
cheaper. A time can be asked for only at a rate that leaves the service room, so it is measured at rates below
saturation, from the moment at which a request was due; the saturated time stands beside it.

The requests hold as many texts as ``--texts`` says, each number in rounds of its own; texts are put together from fixed
phrases about invented countries with a fixed seed, so that none is like another. Run it alone on the machine.
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
from collections.abc import Callable, Iterator
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

RATES: Final = (0.3, 0.5, 0.65, 0.8)  # of batch throughput
WISHED_SHARE: Final = 0.8  # of batch throughput, saturated
WISHED_RATIO: Final = 3.0  # p95 by the time of a single request
# Texts that a former run has left in the cache of vectors would be measured as if they were tagged.
ENVIRONMENT: Final = {**os.environ, "GCMTAG_CACHE": "off"}
SECONDS_BETWEEN_LOOKS: Final = 0.25
ROUND: Final = 40.0  # seconds in which all clients ask
# Seconds of the other stretches of a round; what is left of ROUND is shared by the rates.
BATCH, SINGLE, SATURATED = 5.0, 4.0, 12.0


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


@dataclass(slots=True)
class Round:
    """What was seen in one round, with one rate of batch throughput and one time of a single request."""

    batch: float  # texts a second
    single: Stretch
    saturated: Stretch
    seen: Watched
    paced: list[Stretch]

    @property
    def alone(self) -> float:
        """Seconds of a single request, their median."""
        return max(self.single.quantile(0.5), 1e-9)

    def share(self) -> float:
        """Saturated throughput by batch throughput."""
        return self.seen.texts_per_second() / self.batch


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests at a fixed rate, over all rounds; times in seconds from the moment at which a request was due."""

    share_of_batch: float
    requests: int
    refused_429: int
    median: float
    p95: float
    p95_by_single: float


@dataclass(frozen=True, slots=True)
class Load:
    """What was seen with requests of one size; ``shares_of_batch`` and texts a second have a figure a round."""

    texts_a_request: int
    requests: int
    refused_429: int
    failed: int
    batch_texts_per_second: list[float]
    service_texts_per_second: list[float]
    shares_of_batch: list[float]
    share_of_batch: float
    share_of_time_in_the_model: float
    single_median: float
    single_p95_by_median: float
    saturated_median: float
    saturated_p95_by_single: float
    rates: list[Rate]
    sustained_share_of_batch: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is written down; times in seconds, memory in MB."""

    clients: int
    seconds: float
    rounds: int
    loads: list[Load]
    memory_start: float  # of the second round, when every size of batch has been seen
    memory_end: float
    memory_most: float
    model: str
    stolen: float  # share of the processors' time that went to other machines on the same host; 0 where none tells
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


@contextmanager
def tagger_alone(model: str) -> "Iterator[Callable[[float], float]]":
    """A process that holds the tagger as the service does; the function gives the texts it tags in a second."""
    code = (
        "import sys, time, gcmtag\n"
        "sys.path.insert(0, sys.argv[1]); from serving import texts\n"
        "tagger = gcmtag.load(sys.argv[2]); tagger.tag(texts(32, 1))\n"
        "seed = 2\n"
        "for line in sys.stdin:\n"
        "    done, began = 0, time.monotonic()\n"
        "    while time.monotonic() - began < float(line):\n"
        "        tagger.tag(texts(256, seed)); done += 256; seed += 1\n"
        "    print(done / (time.monotonic() - began), flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent), model]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        asked, answered = process.stdin, process.stdout
        assert asked is not None  # noqa: S101
        assert answered is not None  # noqa: S101

        def throughput(seconds: float) -> float:
            asked.write(f"{seconds}\n")
            asked.flush()
            return float(answered.readline())

        yield throughput
        asked.close()


async def one(client: httpx.AsyncClient, count: int, seed: int, stretch: Stretch, began: float) -> None:
    """Sends a request and notes how it went since it was due; after a refusal waits as told, a second at most."""
    try:
        answer = await client.post("/v1/tag", json={"texts": texts(count, seed)})
        if answer.status_code == 429:
            stretch.refused += 1
            await asyncio.sleep(min(1.0, float(answer.headers["retry-after"])))
        elif answer.status_code == 200 and len(answer.json()["tags"]) == count:
            stretch.times.append(time.monotonic() - began)
        else:
            stretch.failed += 1
    except (httpx.HTTPError, ValueError, KeyError):
        stretch.failed += 1


async def load(address: str, clients: int, count: int, seconds: float, rate: float | None, seed: int) -> Stretch:
    """All clients for some seconds.

    Args:
        address: of the service.
        clients: how many ask at the same time.
        count: texts of a request.
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
                await one(client, count, seed + number * 1_000_000 + at, stretch, due)
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
    address: str, process: psutil.Process, clients: int, count: int, seconds: float, seed: int
) -> tuple[Stretch, Watched]:
    """``load`` without a rate, and what was seen of the service meanwhile."""
    watched = Watched()
    watching = asyncio.create_task(watch(address, process, watched))
    stretch = await load(address, clients, count, seconds, None, seed)
    watching.cancel()
    return stretch, watched


@contextmanager
def service(model: str) -> Iterator[tuple[psutil.Process, str]]:
    """A service on a free port: its process and address; stopped whatever happens."""
    with tempfile.TemporaryDirectory() as state:
        log = Path(state) / "log"
        command = [sys.executable, "-m", "gcmtag", "serve", "--port", "0", "--model", model, "--state", state]
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(command, stderr=file, text=True, env=ENVIRONMENT)
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


def measure(seconds: float, clients: int, sizes: list[int], model: str) -> Figures:
    """Runs rounds, of each size in turn, until all clients have asked for so many seconds."""
    started = psutil.cpu_times()
    number = max(2, -(-round(seconds) // round(ROUND)))
    with service(model) as (process, address), tagger_alone(model) as throughput:
        rounds = [
            one_round(process, address, clients, sizes[at % len(sizes)], throughput(BATCH), 1000 * at)
            for at in range(number)
        ]
        model_id = httpx.get(f"{address}/readyz", trust_env=False, timeout=30).json()["model"]
    under_load = Watched([look for one in rounds[1:] for look in one.seen.looks])
    return Figures(
        clients=clients,
        seconds=round(sum(stretch.seconds for one in rounds for stretch in (one.saturated, *one.paced)), 1),
        rounds=len(rounds),
        loads=[load_of(size, rounds[at :: len(sizes)]) for at, size in enumerate(sizes)],
        memory_start=round(under_load.memory(0.0), 1),
        memory_end=round(under_load.memory(1.0), 1),
        memory_most=round(max((look[3] for look in under_load.looks), default=0.0), 1),
        model=model_id,
        stolen=round(stolen_since(started), 3),
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    )


def one_round(process: psutil.Process, address: str, clients: int, count: int, batch: float, seed: int) -> Round:
    """All stretches of the service, one after another."""
    single = asyncio.run(load(address, 1, count, SINGLE, None, seed))
    saturated, seen = asyncio.run(watched_load(address, process, clients, count, SATURATED, seed + 100))
    each = (ROUND - SATURATED) / len(RATES)
    paced = [
        asyncio.run(load(address, clients, count, each, share * batch / count, seed + 200 + 100 * at))
        for at, share in enumerate(RATES)
    ]
    return Round(batch, single, saturated, seen, paced)


def load_of(size: int, rounds: list[Round]) -> Load:
    """What was seen in the rounds of one size."""
    stretches = [stretch for one in rounds for stretch in (one.single, one.saturated, *one.paced)]
    rates = [rate_over(rounds, at) for at in range(len(RATES))]
    return Load(
        texts_a_request=size,
        requests=sum(len(stretch.times) for stretch in stretches),
        refused_429=sum(stretch.refused for stretch in stretches),
        failed=sum(stretch.failed for stretch in stretches),
        batch_texts_per_second=[round(one.batch, 1) for one in rounds],
        service_texts_per_second=[round(one.seen.texts_per_second(), 1) for one in rounds],
        shares_of_batch=[round(one.share(), 3) for one in rounds],
        share_of_batch=round(float(np.median([one.share() for one in rounds])), 3),
        share_of_time_in_the_model=round(float(np.median([one.seen.busy() for one in rounds])), 3),
        single_median=round(float(np.median([one.alone for one in rounds])), 4),
        single_p95_by_median=round(by_single(rounds, [one.single for one in rounds], 0.95), 2),
        saturated_median=round(float(np.median([one.saturated.quantile(0.5) for one in rounds])), 4),
        saturated_p95_by_single=round(by_single(rounds, [one.saturated for one in rounds], 0.95), 2),
        rates=rates,
        sustained_share_of_batch=sustained(rates),
    )


def by_single(rounds: list[Round], stretches: list[Stretch], share: float) -> float:
    """A quantile of the times of requests, each by the time of a single request in its round."""
    times = [seconds / one.alone for one, stretch in zip(rounds, stretches, strict=True) for seconds in stretch.times]
    return float(np.quantile(times, share)) if times else 0.0


def rate_over(rounds: list[Round], at: int) -> Rate:
    """What was seen at one of the rates in all rounds."""
    stretches = [one.paced[at] for one in rounds]
    times = [seconds for stretch in stretches for seconds in stretch.times] or [0.0]
    return Rate(
        share_of_batch=RATES[at],
        requests=sum(len(stretch.times) for stretch in stretches),
        refused_429=sum(stretch.refused for stretch in stretches),
        median=round(float(np.median(times)), 4),
        p95=round(float(np.quantile(times, 0.95)), 4),
        p95_by_single=round(by_single(rounds, stretches, 0.95), 2),
    )


def stolen_since(started: tuple[float, ...]) -> float:
    """Share of the processors' time that a host gave to other machines since ``psutil.cpu_times()`` said so."""
    spent = np.subtract(psutil.cpu_times(), started)
    fields = psutil.cpu_times()._fields
    # What guests take is counted among users, too.
    whole = sum(seconds for name, seconds in zip(fields, spent, strict=True) if not name.startswith("guest"))
    return float(spent[fields.index("steal")] / whole) if "steal" in fields and whole else 0.0


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
    lines = [
        "# The service under load",
        "",
        f"`python evaluation/serving.py`, {figures.clients} clients on loopback for {figures.seconds:.0f} s in "
        f"{figures.rounds} rounds, model `{figures.model}`; {figures.machine}. Ratios are taken within a round: their "
        "median, the lowest and the highest.",
        "",
        "| what | wish | " + " | ".join(f"{load.texts_a_request} texts a request" for load in figures.loads) + " |",
        "|---|---|" + "---|" * len(figures.loads),
        *(_row(what, wish, [value(load) for load in figures.loads]) for what, wish, value in WISHES),
        "",
        f"Memory grew by {grown:+.1%} from the beginning of the second round, when all sizes of batches had been seen, "
        f"to the end: {figures.memory_start:.0f} MB, then {figures.memory_end:.0f}, at most {figures.memory_most:.0f}.",
    ]
    for load in figures.loads:
        lines += _times(load, figures.clients)
    lines += [
        "",
        "Requests at a rate come by chance, and their time counts from when they were due. Saturated, "
        f"{figures.clients} requests are always in the service, so that the mean time is {figures.clients} requests by "
        "the throughput whatever the service does; the wish of 3 can be asked of rates below that. The host gave "
        f"{figures.stolen:.0%} of the processors' time to other machines.",
    ]
    return "\n".join(lines) + "\n"


WISHES: Final[tuple[tuple[str, str, Callable[[Load], str]], ...]] = (
    ("errors other than 429", "none", lambda load: f"{load.failed} of {load.requests + load.failed} requests"),
    ("refused with 429", "allowed", lambda load: str(load.refused_429)),
    (
        "throughput of all clients, saturated, by batch throughput",
        f"at least {WISHED_SHARE}",
        lambda load: f"{load.share_of_batch:.2f} ({min(load.shares_of_batch):.2f} to {max(load.shares_of_batch):.2f})",
    ),
    (
        f"highest rate at which p95 is within {WISHED_RATIO:g} times a single request, by batch throughput",
        "",
        lambda load: f"{load.sustained_share_of_batch:.2f}" if load.sustained_share_of_batch else "none tried",
    ),
)


def _row(what: str, wish: str, seen: list[str]) -> str:
    return f"| {what} | {wish} | {' | '.join(seen)} |"


def _times(load: Load, clients: int) -> list[str]:
    """The times of requests of one size, as lines of the page."""
    return [
        "",
        f"## Time of a request of {load.texts_a_request} texts",
        "",
        "| load | by batch throughput | requests | median | p95 | p95 by a single request |",
        "|---|---|---|---|---|---|",
        f"| one client, one request after another | | | {in_ms(load.single_median)} | | "
        f"{load.single_p95_by_median:.2f} |",
        *(
            f"| {clients} clients at a rate | {rate.share_of_batch:.2f} | {rate.requests} | {in_ms(rate.median)} | "
            f"{in_ms(rate.p95)} | {rate.p95_by_single:.2f} |"
            for rate in load.rates
        ),
        f"| {clients} clients, saturated | {load.share_of_batch:.2f} | | {in_ms(load.saturated_median)} | | "
        f"{load.saturated_p95_by_single:.2f} |",
        "",
        f"Texts a second, round by round: tagger alone {_listed(load.batch_texts_per_second)}; service "
        f"{_listed(load.service_texts_per_second)}. Saturated, the model worked in "
        f"{load.share_of_time_in_the_model:.0%} of the time; the rest is what the service and the clients add.",
    ]


def _listed(figures: list[float]) -> str:
    return ", ".join(f"{figure:.0f}" for figure in figures)


def main() -> None:
    """Measures, writes and prints."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--seconds", type=float, default=300.0)
    options.add_argument("--clients", type=int, default=32)
    options.add_argument("--texts", type=int, nargs="+", default=[4, 16], help="of a request")
    options.add_argument("--model", default="standard")
    options.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    asked = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the service is stopped, too
    figures = measure(asked.seconds, asked.clients, asked.texts, asked.model)
    asked.output.mkdir(parents=True, exist_ok=True)
    (asked.output / "serving.json").write_text(json.dumps(asdict(figures), indent=1) + "\n", encoding="utf-8")
    (asked.output / "serving.md").write_text(as_markdown(figures), encoding="utf-8")
    print(as_markdown(figures))


if __name__ == "__main__":
    main()
