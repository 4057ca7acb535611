"""What all parts of the benchmark share: interleaved timing, processes of their own, the machine's description."""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import psutil

import gcmtag

WORKERS: Final = Path(__file__).with_name("workers.py")
LIBRARIES: Final = (
    "torch",
    "sentence-transformers",
    "transformers",
    "tokenizers",
    "setfit",
    "scikit-learn",
    "numpy",
    "pyarrow",
)
TELLING_FLAGS: Final = r"amx_\w+|avx2|avx512f|avx512_\w+|avx_vnni"
CPU_LIMITS: Final = Path("/sys/fs/cgroup/cpu.max")

Times = dict[str, list[float]]  # seconds of each repetition, by system


def interleaved(runs: Mapping[str, Callable[[], object]], repetitions: int) -> Times:
    """Seconds of each call, every system once a repetition, each repetition beginning with another system.

    What slows the machine down for a while then hits all systems alike.
    """
    times: Times = {name: [] for name in runs}
    names = list(runs)
    for repetition in range(repetitions):
        shift = repetition % len(names)
        for name in [*names[shift:], *names[:shift]]:
            began = time.perf_counter()
            runs[name]()
            times[name].append(time.perf_counter() - began)
    return times


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def ratio(above: Sequence[float], below: Sequence[float]) -> dict[str, float]:
    """Spread of the ratios of two systems' seconds, taken within each repetition."""
    return spread([a / b for a, b in zip(above, below, strict=True)])


def worker(name: str, asked: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a function of ``workers.py`` gives in a process of its own; without a cache unless ``environment`` has one.

    Raises:
        RuntimeError: it failed; the message is the end of what it said.
    """
    command = [sys.executable, str(WORKERS), name, json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(environment), check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def command_seconds(*arguments: object, environment: Mapping[str, str] | None = None) -> float:
    """Seconds of ``gcmtag`` with these arguments, from the start of its process to its end.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-m", "gcmtag", *map(str, arguments)]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(environment), check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"gcmtag {' '.join(map(str, arguments))}: {done.stderr[-2000:]}")
    return seconds


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {
        **os.environ,
        "GCMTAG_CACHE": "off",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **(more or {}),
    }


def machine() -> dict[str, Any]:
    """Processor, cores, what it can do, memory, and versions."""
    said = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", said, re.MULTILINE)
    return {
        "processor": model[1] if model else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "cores_allowed": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cgroup_limit": CPU_LIMITS.read_text(encoding="utf-8").strip() if CPU_LIMITS.exists() else None,
        "flags": sorted(set(re.findall(rf"\b(?:{TELLING_FLAGS})\b", said))),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_at_start": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}",
        "versions": {"gcmtag": gcmtag.__version__} | {name: found for name in LIBRARIES if (found := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
