"""Puts the service under load on loopback and measures it beside the tagger alone.

    python evaluation/serving.py [--seconds 300] [--clients 32] [--model standard] [-o evaluation/results]

Four stretches: the tagger alone on all texts at once (batch throughput); one client, one request after another (the
time of a single request); all clients as fast as they can (what the service sustains; only 429 may be refused); and
all clients paced at ``SHARE`` of batch throughput (the time of a request at that rate). The requests hold ``TEXTS``
texts each, put together from fixed phrases about invented countries with a fixed seed, so that none is like another.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import httpx
import numpy as np
import psutil

TEXTS: Final = 4
SHARE: Final = 0.8
WHO: Final = ("Marovia", "Tessaly", "Cordalia", "Ostreland", "The Tamarind Islands", "Kamvary", "Lianport", "Zhetistan")
DID: Final = (
    "cut the fee on remittances",
    "trained border guards to recognise victims of trafficking",
    "eased visas for seasonal workers",
    "opened schools to the children of migrants",
    "collected data on the skills of those who left",
    "signed an agreement on the portability of pensions",
    "inspected recruitment agencies",
    "painted the harbour",
)
HOW: Final = (
    "together with trade unions",
    "although funds were short",
    "after a consultation with migrant women",
    "as the regional plan demands",
    "which the courts had asked for",
    "for the first time since the flood",
)


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

    @property
    def texts_per_second(self) -> float:
        """Texts tagged in a second."""
        return len(self.times) * TEXTS / self.seconds if self.seconds else 0.0


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
    service_texts_per_second: float
    share_of_batch: float
    single_median: float
    paced_texts_per_second: float
    paced_median: float
    paced_p95: float
    paced_p95_by_single: float
    memory_start: float
    memory_middle: float
    memory_end: float
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


async def one(client: httpx.AsyncClient, seed: int, stretch: Stretch) -> None:
    """Sends a request and notes how it went; after a refusal waits as told, a second at most."""
    began = time.monotonic()
    try:
        answer = await client.post("/v1/tag", json={"texts": texts(TEXTS, seed)})
    except httpx.HTTPError:
        stretch.failed += 1
        return
    if answer.status_code == 429:
        stretch.refused += 1
        await asyncio.sleep(min(1.0, float(answer.headers["retry-after"])))
    elif answer.status_code == 200 and len(answer.json()["tags"]) == TEXTS:
        stretch.times.append(time.monotonic() - began)
    else:
        stretch.failed += 1


async def load(address: str, clients: int, seconds: float, rate: float | None, seed: int) -> Stretch:
    """All clients for some seconds.

    Args:
        address: of the service.
        clients: how many ask at the same time.
        seconds: how long.
        rate: requests a second of all clients together, evenly spread; ``None`` for as many as are answered.
        seed: of the texts.
    """
    stretch, began = Stretch(), time.monotonic()
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits, trust_env=False) as client:

        async def ask(number: int) -> None:
            due, at = began, 0
            if rate is not None:
                due += number / rate
            while due < began + seconds and time.monotonic() < began + seconds:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await one(client, seed + number * 1_000_000 + at, stretch)
                at += 1
                # Whoever was late does not ask faster afterwards: there are only so many clients.
                due = time.monotonic() if rate is None else max(due + clients / rate, time.monotonic())

        await asyncio.gather(*(ask(number) for number in range(clients)))
    stretch.seconds = time.monotonic() - began
    return stretch


def memory(process: psutil.Process) -> float:
    """Resident memory, MB."""
    return float(process.memory_info().rss) / 1e6


def start(model: str, state: str) -> tuple[subprocess.Popen[str], str]:
    """Starts a service on a free port; gives the process and its address."""
    command = [sys.executable, "-m", "gcmtag", "serve", "--port", "0", "--model", model, "--state", state]
    log = open(Path(state) / "log", "w+", encoding="utf-8")  # noqa: SIM115, PTH123 - the service writes to it
    process = subprocess.Popen(command, stderr=log, text=True)
    while process.poll() is None:
        if found := re.search(r'"listening".*"port": (\d+)', (Path(state) / "log").read_text(encoding="utf-8")):
            address = f"http://127.0.0.1:{found[1]}"
            try:
                if httpx.get(f"{address}/readyz", trust_env=False).status_code == 200:
                    return process, address
            except httpx.HTTPError:
                pass
        time.sleep(0.2)
    sys.exit((Path(state) / "log").read_text(encoding="utf-8"))


def measure(seconds: float, clients: int, model: str) -> Figures:
    """Runs the four stretches."""
    batch = batch_throughput(model, seconds / 10)
    with tempfile.TemporaryDirectory() as state:
        process, address = start(model, state)
        try:
            watched = psutil.Process(process.pid)
            single = asyncio.run(load(address, 1, seconds / 10, None, 100))
            warm = asyncio.run(load(address, clients, seconds / 10, None, 200))
            at_start = memory(watched)
            full = asyncio.run(load(address, clients, seconds * 0.4, None, 300))
            at_middle = memory(watched)
            paced = asyncio.run(load(address, clients, seconds * 0.4, SHARE * batch / TEXTS, 400))
            at_end = memory(watched)
            model_id = httpx.get(f"{address}/readyz", trust_env=False).json()["model"]
        finally:
            process.terminate()
            process.wait(60)
    stretches = (single, warm, full, paced)
    return Figures(
        clients=clients,
        texts_a_request=TEXTS,
        seconds=round(sum(stretch.seconds for stretch in stretches), 1),
        requests=sum(len(stretch.times) for stretch in stretches),
        refused_429=sum(stretch.refused for stretch in stretches),
        failed=sum(stretch.failed for stretch in stretches),
        batch_texts_per_second=round(batch, 1),
        service_texts_per_second=round(full.texts_per_second, 1),
        share_of_batch=round(full.texts_per_second / batch, 3),
        single_median=round(single.quantile(0.5), 4),
        paced_texts_per_second=round(paced.texts_per_second, 1),
        paced_median=round(paced.quantile(0.5), 4),
        paced_p95=round(paced.quantile(0.95), 4),
        paced_p95_by_single=round(paced.quantile(0.95) / max(single.quantile(0.5), 1e-9), 2),
        memory_start=round(at_start, 1),
        memory_middle=round(at_middle, 1),
        memory_end=round(at_end, 1),
        model=model_id,
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    )


def in_ms(seconds: float) -> str:
    """Seconds as whole milliseconds."""
    return f"{seconds * 1000:.0f} ms"


def as_markdown(figures: Figures) -> str:
    """The figures as a page, each wish beside what was seen."""
    grown = figures.memory_end / figures.memory_start - 1
    rows = [
        ("errors other than 429", "none", f"{figures.failed} of {figures.requests + figures.failed} requests"),
        ("refused with 429", "allowed", str(figures.refused_429)),
        ("service by batch throughput", "at least 0.8", f"{figures.share_of_batch:.2f}"),
        ("p95 at the paced rate by the time of a single request", "at most 3", f"{figures.paced_p95_by_single:.2f}"),
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
        f"Texts a second: tagger alone {figures.batch_texts_per_second}, service {figures.service_texts_per_second}, "
        f"paced {figures.paced_texts_per_second}. Time of a request: alone {in_ms(figures.single_median)} (median), "
        f"paced {in_ms(figures.paced_median)} (median) and {in_ms(figures.paced_p95)} (p95). Memory at start, middle "
        f"and end: {figures.memory_start:.0f}, {figures.memory_middle:.0f}, {figures.memory_end:.0f} MB.",
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
    figures = measure(asked.seconds, asked.clients, asked.model)
    asked.output.mkdir(parents=True, exist_ok=True)
    (asked.output / "serving.json").write_text(json.dumps(asdict(figures), indent=1) + "\n", encoding="utf-8")
    (asked.output / "serving.md").write_text(as_markdown(figures), encoding="utf-8")
    print(as_markdown(figures))


if __name__ == "__main__":
    main()
