"""The results on file: parts are merged into what is there, and told as a page and as pictures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gcmtag.reporting import plots
from speed.workers import GCMTAG, PEER, SETFIT

NOT_RUN: Final = "not run"
INK, BAR, FAINT, FLAG = plots.INK, plots.BAR, plots.FAINT, plots.FLAG
ABLE: Final = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16", "avx512f": "AVX-512"}
NEAR: Final = 6  # times as fast: names of points at that distance may run into each other
CLOSE: Final = 0.05  # of micro-F1, likewise
Part = Mapping[str, Any]


def read(path: Path, parts: list[str]) -> dict[str, Any]:
    """What is on file; every part is there, if only as ``NOT_RUN``."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name: known.get(name, NOT_RUN) for name in parts}


def write(results: Mapping[str, Any], folder: Path) -> str:
    """Writes speed.json, speed.md and the pictures; gives the page."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_rounded(results), indent=1, ensure_ascii=False)
    (folder / "speed.json").write_text(text + "\n", encoding="utf-8")
    drawn = {name: draw(part) for name, draw in PICTURES.items() if _is_run(part := results[name])}
    for name, spec in drawn.items():
        plots.render(spec, folder / f"speed-{name}.svg", folder / f"speed-{name}.png")
    page = as_markdown(results, list(drawn))
    (folder / "speed.md").write_text(page, encoding="utf-8")
    return page


def as_markdown(results: Mapping[str, Any], pictures: list[str]) -> str:
    """The page: machines, each wish beside what was seen, then the parts."""
    lines = ["# Speed", "", "Written by `python evaluation/speed/run.py`.", "", *_machines(results), ""]
    lines += ["| what | wish | seen |", "|---|---|---|"]
    lines += [f"| {what} | {wish} | {seen} |" for what, wish, seen in wishes(results)]
    for name, tell in TOLD.items():
        part = results[name]
        lines += ["", f"## {TITLES[name]}", ""]
        if not _is_run(part):
            lines.append(f"Left out: {part['left_out']}." if isinstance(part, dict) else "Not run.")
            continue
        lines += tell(part)
        if name in pictures:
            lines += ["", f"![{TITLES[name]}](speed-{name}.png)"]
    return "\n".join(lines) + "\n"


def wishes(results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What is to be shown, what was asked, and what was seen."""
    rows: list[tuple[str, str, str]] = []

    def row(part: str, what: str, wish: str, seen: Any) -> None:  # noqa: ANN401 - a function of the part's result
        own = results[part]
        rows.append((what, wish, seen(own) if _is_run(own) else NOT_RUN))

    for setting, wish in (("as it is", "2.7"), ("AMX and bfloat16 switched off", "1.3")):
        for peer in (PEER, SETFIT):
            row(
                "standard",
                f"texts to tags, times {peer}, {setting}",
                f"at least {wish}",
                lambda own, s=setting, p=peer: _spread(own["settings"][s]["times"].get(p)),  # type: ignore[misc]
            )
    row(
        "precision",
        "largest difference of a score to float32",
        "at most 0.02",
        lambda own: f"{own['largest_difference']:.4f}",
    )
    row("precision", "difference of micro-F1", "at most 0.005", lambda own: f"{own['micro_f1_difference']:.4f}")
    row("folder", "`gcmtag tag` by the encoder's own time", "at most 1.25", lambda own: _spread(own["ratio"]))
    row(
        "reports",
        "90 reports with 15,000 passages",
        "under 12 minutes",
        lambda own: f"{own['documents']} with {own['passages']:,}: {own['seconds'] / 60:.1f} minutes",
    )
    row("again", "the same command again, times faster", "at least 20", lambda own: _spread(own["times"]))
    row("again", "same documents, new folder, times faster", "", lambda own: _spread(own["times_into_a_new_folder"]))
    row("again", "a damaged entry is recomputed", "yes", lambda own: _yes(own["damaged_entry_recomputed"]))
    for name, wish in (("--help", 0.3), ("explain, fast", 1.0), ("explain, standard", 8.0)):
        row("cold", f"`gcmtag {name}`, cold", f"under {wish} s", lambda own, n=name: _seconds(own["seconds"].get(n)))
    row("fast", "fast tier, passages a second", "at least 5,000", lambda own: _spread(own["passages_a_second"], 0))
    row("fast", "fast tier, size of the model", "under 10 MB", lambda own: f"{own['model_megabytes']:.1f} MB")
    return rows


def _standard(own: Part) -> list[str]:
    lines = ["| setting | system | passages a second | gcmtag is times as fast |", "|---|---|---|---|"]
    for setting, found in own["settings"].items():
        for system, rate in found["passages_a_second"].items():
            lines.append(f"| {setting} | {system} | {_spread(rate, 1)} | {_spread(found['times'].get(system))} |")
    first, *_ = own["settings"].values()
    said = "; ".join(
        f"{name}: {' '.join(f'{k}={v}' for k, v in found['environment'].items()) or 'no variable set'}, torch says "
        f"bfloat16 is {'' if found['bfloat16_supported'] else 'not '}supported"
        for name, found in own["settings"].items()
    )
    return [
        f"{first['texts']} passages of the authored corpus, {first['characters']:.0f} characters on average, model "
        f"`{first['model']}` with evidence, no cache; the peers use the same base encoder ({first['encoder']}) with "
        f"their defaults, in float32, and linear heads. Median of {len(first['seconds'][GCMTAG])} interleaved "
        "repetitions, lowest and highest in brackets; ratios are taken within a repetition.",
        "",
        *lines,
        "",
        f"{said}.",
    ]


def _precision(own: Part) -> list[str]:
    support = "supported" if own["bfloat16_supported"] else "not supported, so both were float32"
    return [
        f"{own['passages']} gold passages, models {', '.join(own['models'])}; bfloat16 is {support}. Largest "
        f"difference of any of the 23 scores to float32 {own['largest_difference']:.5f}, of vectors from the cache to "
        f"computed ones {own['largest_difference_from_cache']:.5f}. Micro-F1 {own['micro_f1']:.4f}, in float32 "
        f"{own['micro_f1_float32']:.4f}.",
    ]


def _folder(own: Part) -> list[str]:
    seconds = own["seconds"]
    return [
        f"{own['documents']} documents (PDF and DOCX), {own['passages']} passages: the command "
        f"{_seconds(_of(seconds['command']))}, the encoder alone {_seconds(_of(seconds['encoder']))}. "
        f"Ratio {_spread(own['ratio'])}; a process has the model loaded after {_seconds(_of(seconds['ready']))}, and "
        f"without that the ratio is {_spread(own['ratio_without_start'])}.",
    ]


def _reports(own: Part) -> list[str]:
    return [
        f"{own['documents']} reports (PDF and DOCX) that were written with {own['written']:,} different passages, "
        f"headings between them; {own['passages']:,} were found and tagged in {own['seconds']:,.0f} s by one command "
        f"from nothing, start included: {1000 * own['seconds'] / own['passages']:.1f} ms a passage.",
    ]


def _again(own: Part) -> list[str]:
    first, second, repeated = (_seconds(_of(own["seconds"][name])) for name in ("first", "second", "repeated"))
    return [
        f"{own['documents']} documents: first {first}; the same command again {repeated}, which takes up what its "
        f"folder holds; into a new folder {second}, with vectors from the cache; the same objectives and scores: "
        f"{_yes(own['same_objectives_and_scores'])}.",
    ]


def _cold(own: Part) -> list[str]:
    lines = ["| command | median | fastest |", "|---|---|---|"]
    lines += [f"| `gcmtag {name}` | {s['median']:.2f} s | {s['low']:.2f} s |" for name, s in own["seconds"].items()]
    return [f"From the start of the process to its end, {own['starts']} starts each.", "", *lines]


def _fast(own: Part) -> list[str]:
    return [
        f"{own['lines']:,} lines of JSON Lines to Parquet through the command, start included: "
        f"{_seconds(_of(own['seconds']))}, {_spread(own['passages_a_second'], 0)} passages a second. The model takes "
        f"{own['model_megabytes']:.1f} MB.",
    ]


def _quality(own: Part) -> list[str]:
    lines = ["| system | passages a second | micro-F1 |", "|---|---|---|"]
    for row in sorted(own["systems"], key=lambda row: -row["passages_a_second"]):
        shown = "–" if row["micro_f1"] is None else f"{row['micro_f1']:.3f}"
        lines.append(f"| {row['system']} | {row['passages_a_second']:,.0f} | {shown} |")
    skipped = [f"- {name}: {why}" for name, why in own["skipped"].items()]
    return [
        "Quality as on file in metrics.json and fast/metrics.json (documents that no system learned from); speed on "
        f"{own['sample']} passages or more, learning and loading not counted.",
        "",
        *lines,
        *(["", "Left out:", "", *skipped] if skipped else []),
    ]


def _profile(own: Part) -> list[str]:
    lines = ["| stage | share | seconds |", "|---|---|---|"]
    lines += [f"| {stage} | {share:.1%} | {own['stages'][stage]:.2f} |" for stage, share in own["shares"].items()]
    beside = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in own["beside"].items())
    text = f"`gcmtag tag` on {own['documents']} documents, {own['seconds']:.1f} s in one process, stacks sampled."
    return [text + (f" In other threads at the same time: {beside}." if beside else ""), "", *lines]


TITLES: Final = {
    "standard": "Standard tier, from texts to tags",
    "precision": "Scores against float32",
    "folder": "The whole command against the encoder",
    "reports": "Ninety reports",
    "again": "A second run over the same documents",
    "cold": "Cold start",
    "fast": "Fast tier",
    "quality": "Quality and speed",
    "profile": "Where the time goes",
}
TOLD: Final = {
    "standard": _standard,
    "precision": _precision,
    "folder": _folder,
    "reports": _reports,
    "again": _again,
    "cold": _cold,
    "fast": _fast,
    "quality": _quality,
    "profile": _profile,
}


def _draw_standard(own: Part) -> plots.Spec:
    rows = [
        {"setting": setting, "system": system, **rate}
        for setting, found in own["settings"].items()
        for system, rate in found["passages_a_second"].items()
    ]
    order = list(dict.fromkeys(row["system"] for row in rows))
    y = {"field": "system", "type": "nominal", "sort": order, "title": None, "axis": {"labelLimit": 260}}
    colour = {"condition": {"test": f"datum.system === '{GCMTAG}'", "value": BAR}, "value": FAINT}
    low_high = {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}, "y": y}
    return {
        "data": {"values": rows},
        "title": {"text": "Texts to tags, the same base encoder", "anchor": "start", "color": INK},
        "config": {"font": "sans-serif", "view": {"stroke": None}},
        "facet": {"row": {"field": "setting", "title": None, "sort": list(own["settings"]), "header": {
            "orient": "top", "labelAnchor": "start", "labelFontWeight": "bold"}}},
        "spec": {
            "width": 420,
            "height": {"step": 26},
            "layer": [
                {"mark": {"type": "bar", "height": 16}, "encoding": {
                    "x": {"field": "median", "type": "quantitative", "title": "passages a second",
                          "axis": {"grid": False}},
                    "y": y, "color": colour}},
                {"mark": {"type": "rule", "color": INK}, "encoding": low_high},
                {"mark": {"type": "text", "align": "left", "dx": 8, "color": INK}, "encoding": {
                    "x": {"field": "high", "type": "quantitative"}, "y": y,
                    "text": {"field": "median", "type": "quantitative", "format": ".0f"}}},
            ],
        },
    }  # fmt: skip


def _draw_quality(own: Part) -> plots.Spec:
    known = [row for row in own["systems"] if row["micro_f1"] is not None]
    rows = [{**row, "ours": row["system"].startswith(GCMTAG), "label": _label_height(row, known)} for row in known]
    x = {
        "field": "passages_a_second",
        "type": "quantitative",
        "scale": {"type": "log", "nice": True},
        "title": "passages a second on this machine (logarithmic)",
        "axis": {"format": "~s", "grid": False},
    }
    y = {
        "field": "micro_f1",
        "type": "quantitative",
        "title": "micro-F1 on unseen documents",
        "scale": {"domain": [0, 1]},
    }
    colour = {"condition": {"test": "datum.ours", "value": BAR}, "value": "#6b7581"}
    return {
        "data": {"values": rows},
        "title": {"text": "Quality against speed", "anchor": "start", "color": INK},
        "config": {"font": "sans-serif", "view": {"stroke": None}},
        "width": 620,
        "height": 360,
        "layer": [
            {"mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
             "encoding": {"x": x, "y": y, "color": colour, "shape": {
                 "field": "ours", "scale": {"domain": [True, False], "range": ["diamond", "circle"]}, "legend": None}}},
            {"mark": {"type": "text", "align": "right", "dx": -10, "fontSize": 11},
             "encoding": {"x": x, "y": {**y, "field": "label"}, "text": {"field": "system"}, "color": colour}},
        ],
    }  # fmt: skip


def _label_height(row: Part, rows: Sequence[Part]) -> float:
    """Where the name of a point stands: moved away from that of a point close by."""
    height = float(row["micro_f1"])
    gaps = [
        height - other["micro_f1"]
        for other in rows
        if other is not row and 1 / NEAR < other["passages_a_second"] / row["passages_a_second"] < NEAR
    ]
    close = [gap for gap in gaps if abs(gap) < CLOSE]
    return height if not close else height + (CLOSE / 2 - 0.01 if sum(close) >= 0 else 0.01 - CLOSE / 2)


def _draw_profile(own: Part) -> plots.Spec:
    rows = [
        {"stage": stage, "share": share, "label": f"{share:.1%}, {own['stages'][stage]:.1f} s"}
        for stage, share in own["shares"].items()
        if share >= 0.001
    ]
    y = {"field": "stage", "type": "nominal", "sort": [row["stage"] for row in rows], "title": None}
    x = {
        "field": "share",
        "type": "quantitative",
        "title": "share of the run",
        "axis": {"format": ".0%", "grid": False},
    }
    return {
        "data": {"values": rows},
        "title": {"text": "Where the time of a standard run goes", "anchor": "start", "color": INK},
        "config": {"font": "sans-serif", "view": {"stroke": None}},
        "width": 460,
        "height": {"step": 24},
        "layer": [
            {"mark": {"type": "bar", "height": 15, "color": BAR}, "encoding": {"x": x, "y": y}},
            {"mark": {"type": "text", "align": "left", "dx": 6, "color": INK},
             "encoding": {"x": x, "y": y, "text": {"field": "label"}}},
        ],
    }  # fmt: skip


PICTURES: Final = {"standard": _draw_standard, "quality": _draw_quality, "profile": _draw_profile}


def _machines(results: Mapping[str, Any]) -> list[str]:
    """A line for each machine, and which parts ran there; one where all did."""
    told: dict[str, list[str]] = {}
    for name, part in results.items():
        if isinstance(part, dict):
            told.setdefault(_machine(part["machine"]), []).append(name)
    if len(told) == 1:
        return [f"{next(iter(told))}."]
    return [f"- {', '.join(names)}: {machine}." for machine, names in told.items()]


def _machine(machine: Part) -> str:
    flags = set(machine["flags"])
    able = [name for flag, name in ABLE.items() if flag in flags]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores_allowed']} cores, {', '.join(able) or 'no AVX-512'}, "
        f"{machine['memory_gb']:.0f} GB, {machine['system']}; {versions}"
    )


def _is_run(part: Any) -> bool:  # noqa: ANN401 - what a file holds
    return isinstance(part, dict) and "left_out" not in part


def _of(values: list[float]) -> dict[str, float]:
    from speed.measuring import spread  # noqa: PLC0415

    return spread(values)


def _spread(found: Mapping[str, float] | None, digits: int = 2) -> str:
    if found is None:
        return "–"
    return f"{found['median']:,.{digits}f} ({found['low']:,.{digits}f} to {found['high']:,.{digits}f})"


def _seconds(found: Mapping[str, float] | None) -> str:
    return NOT_RUN if found is None else f"{found['median']:.2f} s ({found['low']:.2f} to {found['high']:.2f})"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever a part gives
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
