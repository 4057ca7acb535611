"""The parts of the benchmark; each measures one thing and gives plain data, or says why it was left out."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from gcmtag.encoding.cache import FILE_NAME, VectorCache
from gcmtag.errors import ModelNotFound
from gcmtag.evaluating.metrics import Judged, micro_f1
from gcmtag.evaluating.protocol import OURS
from gcmtag.tagger import find_model
from gcmtag.training import read_corpus
from gcmtag.training.corpus import label_matrix
from speed.measuring import command_seconds, ratio, spread, worker
from speed.texts import write_documents, write_reports, write_table
from speed.workers import GCMTAG

Result = dict[str, Any]

# oneDNN then has neither AMX nor bfloat16, and torch says so. (With AVX512_CORE torch says that it has, and emulates.)
SWITCHED_OFF: Final = {"ONEDNN_MAX_CPU_ISA": "AVX2"}
PRECISION: Final = "GCMTAG_PRECISION"
FAST: Final = "gcmtag fast"
PASSAGE: Final = "The Government of Marovia cut the fee on remittances and trained border guards to recognise victims."


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes of the parts, so that they can be tried small.

    Attributes:
        passages: of the standard part.
        repetitions: of everything that is compared.
        learning: passages from which the peers' heads learn.
        documents: in the folder that is tagged.
        reports: that are tagged once.
        report_passages: of all those reports together.
        starts: of a process, for cold starts.
        lines: of the table for the fast tier.
        sample: texts by which peers are timed for the picture.
        gold: labelled passages of real documents.
        metrics: where the standard tier's quality and its peers' was written.
        fast_metrics: where the fast tier's was written.
        model: the standard tier, by name or path; its twin that did not learn from gold has its name and -held-out.
        fast_model: the fast tier, likewise.
        folder: for what is made on the way.
    """

    passages: int
    repetitions: int
    learning: int
    documents: int
    reports: int
    report_passages: int
    starts: int
    lines: int
    sample: int
    gold: Sequence[Path]
    metrics: Path
    fast_metrics: Path
    model: str
    fast_model: str
    folder: Path


class LeftOut(Exception):
    """A part cannot be measured here; the message says why."""


def standard(options: Options) -> Result:
    """From texts in memory to tags, beside two peers on the same base encoder, with and without AMX and bfloat16."""
    asked = {
        "model": options.model,
        "passages": options.passages,
        "repetitions": options.repetitions,
        "learning": options.learning,
    }
    settings = {}
    for name, environment in (("as it is", {}), ("AMX and bfloat16 switched off", SWITCHED_OFF)):
        found = worker("standard", asked, environment)
        seconds = found["seconds"]
        settings[name] = {
            "environment": environment,
            **found,
            "passages_a_second": {system: spread([found["texts"] / s for s in own]) for system, own in seconds.items()},
            "times": {system: ratio(own, seconds[GCMTAG]) for system, own in seconds.items() if system != GCMTAG},
        }
    return {"settings": settings}


def precision(options: Options) -> Result:
    """Scores of all gold passages against those in float32, and against those from a warm cache."""
    gold = [path for path in options.gold if path.is_file()]
    if not gold:
        raise LeftOut("no gold: name labelled .jsonl files with --gold")
    truth, twin = label_matrix(read_corpus(gold)), f"{options.model}-held-out"
    models = [options.model, twin]
    cache = {"GCMTAG_CACHE": str(options.folder / "cache-of-scores")}
    runs = {"fast path": {}, "float32": {PRECISION: "float32"}, "filling a cache": cache, "from the cache": cache}
    found, told = {}, {}
    for name, environment in runs.items():
        output = options.folder / f"scores {name}"
        output.mkdir(parents=True, exist_ok=True)
        asked = {"gold": list(map(str, gold)), "models": models, "output": str(output)}
        told[name] = worker("scores", asked, environment)
        found[name] = {model: np.load(output / f"{Path(model).name}.npy") for model in models}

    def quality(name: str, model: str) -> float:
        scores = found[name][model]
        return float(micro_f1(Judged(truth, scores >= told[name]["thresholds"][model], scores)))

    def largest(one: str, other: str) -> float:
        return max(float(np.abs(found[one][model] - found[other][model]).max()) for model in models)

    return {
        "passages": len(truth),
        "models": [Path(model).name for model in models],
        "bfloat16_supported": told["fast path"]["bfloat16_supported"],
        "largest_difference": largest("fast path", "float32"),
        "largest_by_model": {
            Path(model).name: float(np.abs(found["fast path"][model] - found["float32"][model]).max())
            for model in models
        },
        "largest_difference_from_cache": largest("from the cache", "fast path"),
        "micro_f1": quality("fast path", twin),
        "micro_f1_float32": quality("float32", twin),
        "micro_f1_difference": abs(quality("fast path", twin) - quality("float32", twin)),
    }


def folder(options: Options) -> Result:
    """The whole command on a folder against the encoder's own time on the passages of that folder."""
    documents = _documents(options)
    whole, alone, ready, passages = [], [], [], 0
    for repetition in range(options.repetitions):
        output = options.folder / f"tagged {repetition}"
        whole.append(command_seconds("tag", documents, "-o", output, "--model", options.model, "--quiet"))
        own = worker("encoder_alone", {"model": options.model, "folder": str(documents)})
        alone.append(own["seconds"])
        ready.append(own["ready"])
        passages = pq.read_metadata(output / "tags.parquet").num_rows
        shutil.rmtree(output)
    return {
        "documents": len(list(documents.iterdir())),
        "passages": passages,
        "seconds": {"command": whole, "encoder": alone, "ready": ready},
        "ratio": ratio(whole, alone),
        "ratio_without_start": ratio([w - r for w, r in zip(whole, ready, strict=True)], alone),
    }


def reports(options: Options) -> Result:
    """As many reports as come in for a review, tagged once from nothing: the command from start to end."""
    documents, output = options.folder / "reports", options.folder / "tagged reports"
    write_reports(options.reports, options.report_passages, documents)
    seconds = _tag(options.model, documents, output, options.folder / "cache of reports")
    return {
        "documents": options.reports,
        "written": options.report_passages,
        "passages": pq.read_metadata(output / "tags.parquet").num_rows,
        "seconds": seconds,
    }


def again(options: Options) -> Result:
    """The same command again; and into a new folder, with the cache warm, and with an entry that was damaged."""
    documents, cache = _documents(options), options.folder / "cache"
    first, second, repeated, same, noticed = [], [], [], True, True
    for repetition in range(options.repetitions):
        shutil.rmtree(cache, ignore_errors=True)
        outputs = [options.folder / f"again {repetition} {name}" for name in ("first", "second")]
        seconds = [_tag(options.model, documents, output, cache) for output in outputs]
        first.append(seconds[0])
        second.append(seconds[1])
        repeated.append(_tag(options.model, documents, outputs[0], cache))
        tables = [pq.read_table(output / "tags.parquet", columns=["objectives", "scores"]) for output in outputs]
        same &= tables[0].equals(tables[1])
        noticed &= _damage_is_noticed(options.model, documents, options.folder / "again damaged", cache)
        for output in outputs:
            shutil.rmtree(output)
    return {
        "documents": len(list(documents.iterdir())),
        "seconds": {"first": first, "second": second, "repeated": repeated},
        "times": ratio(first, repeated),
        "times_into_a_new_folder": ratio(first, second),
        "same_objectives_and_scores": same,
        "damaged_entry_recomputed": noticed,
    }


def cold(options: Options) -> Result:
    """Seconds from the start of a process to its end."""
    runs: dict[str, tuple[str, ...]] = {
        "--help": ("--help",),
        "explain, standard": ("explain", PASSAGE, "--model", options.model),
    }
    if _is_there(options.fast_model):
        runs["explain, fast"] = ("explain", PASSAGE, "--model", options.fast_model)
    found = {name: [command_seconds(*arguments) for _ in range(options.starts)] for name, arguments in runs.items()}
    return {"starts": options.starts, "seconds": {name: spread(values) for name, values in found.items()}}


def fast(options: Options) -> Result:
    """The fast tier through the command, from JSON Lines to Parquet."""
    if not _is_there(options.fast_model):
        raise LeftOut(f"there is no model {options.fast_model}")
    table, seconds = options.folder / "texts.jsonl", []
    write_table(options.lines, table)
    for repetition in range(options.repetitions):
        output = options.folder / f"fast {repetition}"
        arguments = (
            "tag",
            table,
            "-o",
            output,
            "--format",
            "parquet",
            "--model",
            options.fast_model,
            "--no-report",
            "--quiet",
        )
        seconds.append(command_seconds(*arguments))
        if pq.read_metadata(output / "tags.parquet").num_rows != options.lines:
            raise RuntimeError(f"{output} has not a row for each of {options.lines} lines")
        shutil.rmtree(output)
    return {
        "lines": options.lines,
        "seconds": seconds,
        "passages_a_second": spread([options.lines / s for s in seconds]),
        "model_megabytes": sum(p.stat().st_size for p in find_model(options.fast_model).rglob("*") if p.is_file())
        / 1e6,
    }


def quality(options: Options) -> Result:
    """Quality as ``gcmtag evaluate`` measured it, beside the speed of each system measured here."""
    known = _micro_f1(options.metrics)
    asked = {"texts": options.sample, "repetitions": options.repetitions, "names": list(known)}
    asked |= {"tiers": {OURS: options.model, FAST: options.fast_model}}
    known[FAST] = _micro_f1(options.fast_metrics)[OURS]
    found = worker("peers", asked)
    systems = [
        {"system": name, "passages_a_second": rate, "micro_f1": known.get(name)}
        for name, rate in found["rates"].items()
    ]
    return {"sample": options.sample, "systems": systems, "skipped": found["skipped"]}


def _micro_f1(metrics: Path) -> dict[str, float]:
    """Of every system on all documents together, as ``gcmtag evaluate`` wrote it."""
    if not metrics.is_file():
        raise LeftOut(f"{metrics} is missing: run gcmtag evaluate")
    pooled = list(json.loads(metrics.read_text(encoding="utf-8"))["measures"].values())[-1]
    return {name: found["values"]["micro_f1"] for name, found in pooled.items()}


def profile(options: Options) -> Result:
    """Where the time of a standard run over a folder goes."""
    documents, output = _documents(options), options.folder / "profiled"
    found = worker("profile", {"inputs": str(documents), "output": str(output), "model": options.model})
    shutil.rmtree(output)
    total = sum(found["stages"].values())
    stages = sorted(found["stages"].items(), key=lambda item: -item[1])
    return {**found, "documents": options.documents, "shares": {stage: own / total for stage, own in stages}}


PARTS: Final[dict[str, Callable[[Options], Result]]] = {
    part.__name__: part for part in (standard, precision, folder, reports, again, cold, fast, quality, profile)
}


def _documents(options: Options) -> Path:
    place = options.folder / "documents"
    if not place.exists():
        write_documents(options.documents, place)
    return place


def _is_there(model: str) -> bool:
    try:
        find_model(model)
    except ModelNotFound:
        return False
    return True


def _tag(model: str, documents: Path, output: Path, cache: Path) -> float:
    return command_seconds(
        "tag", documents, "-o", output, "--model", model, "--quiet", environment={"GCMTAG_CACHE": str(cache)}
    )


def _damage_is_noticed(model: str, documents: Path, output: Path, cache: Path) -> bool:
    """Turns a bit of an entry, tags once more, and looks whether the entry is whole again and what it was."""
    with closing(sqlite3.connect(cache / FILE_NAME)) as file, file:
        key, content = file.execute("SELECT key, content FROM contents ORDER BY key").fetchone()
        before = VectorCache(cache).get_many([key])[0]
        file.execute("UPDATE contents SET content = ? WHERE key = ?", (content[:-1] + bytes([content[-1] ^ 64]), key))
    damaged = VectorCache(cache).get_many([key])[0] is None
    with closing(sqlite3.connect(cache / FILE_NAME)) as file, file:  # that look has dropped it
        file.execute("INSERT OR REPLACE INTO contents VALUES (?, ?)", (key, content[:-1] + bytes([content[-1] ^ 64])))
    _tag(model, documents, output, cache)
    shutil.rmtree(output)
    after = VectorCache(cache).get_many([key])[0]
    # Computed beside other texts, bfloat16 may round the last digit otherwise.
    return damaged and before is not None and after is not None and bool(np.allclose(before, after, atol=0.01))
