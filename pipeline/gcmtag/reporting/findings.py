"""What an audit found, read from its report into records that a page can show: always all 23 objectives.

The report is the dictionary of ``report.json``. Keys that this version does not know are passed over, and a scope
that lacks an objective gets one that nothing can be said of, never a number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from gcmtag.errors import UsageError
from gcmtag.objectives import CLUSTERS, OBJECTIVES, ROLES, Objective

ALL: Final = "all"
NEEDED: Final = ("attention", "little_attention", "attention_statements", "gaps", "priorities", "roles", "meta")
NAMED: Final = 3  # objectives that a heading names before it counts the rest

Verdict = Literal["", "little", "unclear"]


@dataclass(frozen=True, slots=True)
class Share:
    """Attention to one objective; ``estimate`` is None where nothing can be said. Shares are in [0, 1]."""

    objective: Objective
    naive: float
    estimate: float | None
    low: float | None
    high: float | None
    passages: int
    verdict: Verdict
    reason: str
    words: float | None = None


@dataclass(frozen=True, slots=True)
class ClusterShare:
    """Attention to any objective of a cluster, as ``Share``."""

    number: int
    title: str
    naive: float
    estimate: float | None
    low: float | None
    high: float | None
    passages: int
    verdict: Verdict = ""


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the classifier finds an objective in labelled passages that it did not learn from."""

    objective: Objective
    recall: float | None
    precision: float | None
    labelled: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a share lies from another one, in shares; ``clear`` where chance and many comparisons allow it."""

    scope: str
    objective: Objective
    difference: float | None
    low: float | None
    high: float | None
    clear: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """How an objective is spoken of: the share of each role among its passages."""

    objective: Objective
    shares: Mapping[str, float]
    passages: int

    def share(self, role: str) -> float:
        """Share of a role, 0.0 where it does not occur."""
        return self.shares.get(role, 0.0)


@dataclass(frozen=True, slots=True)
class Priorities:
    """What a document declares as its priorities, what it emphasises, and the two contrasts."""

    declared: tuple[int, ...] = ()
    emphasised: tuple[int, ...] = ()
    declared_but_little: tuple[int, ...] = ()
    emphasised_but_undeclared: tuple[int, ...] = ()

    @property
    def pairs(self) -> dict[int, str]:
        """By objective: ``both``, ``declared`` or ``emphasised``."""
        both = set(self.declared) & set(self.emphasised)
        return {
            number: "both" if number in both else "declared" if number in self.declared else "emphasised"
            for number in sorted({*self.declared, *self.emphasised})
        }


@dataclass(frozen=True, slots=True)
class Findings:
    """The report as records; ``scopes`` holds the 23 shares of every scope, objective 1 first."""

    scopes: Mapping[str, tuple[Share, ...]]
    roles: Mapping[str, tuple[Spoken, ...]]
    priorities: Mapping[str, Priorities]
    statements: tuple[Mapping[str, Any], ...]
    gaps: tuple[Mapping[str, Any], ...]
    comparison: tuple[Difference, ...]
    change: tuple[Difference, ...]
    clusters: tuple[ClusterShare, ...]
    groups: Mapping[str, Mapping[str, tuple[str, ...]]]
    quality: tuple[Quality, ...]
    meta: Mapping[str, Any]

    def shares(self, scope: str) -> tuple[Share, ...]:
        """The 23 shares of a scope; of one that the report does not know, nothing can be said."""
        return self.scopes.get(scope) or tuple(_share(item, {}, {}) for item in OBJECTIVES)

    @property
    def columns(self) -> dict[str, list[str]]:
        """Columns that groups were made by, each with its values in order."""
        found: dict[str, list[str]] = {}
        for scope in self.scopes:
            column, equals, value = scope.partition("=")
            if equals:
                found.setdefault(column, []).append(value)
        return {column: sorted(values) for column, values in found.items()}


def read_findings(report: Mapping[str, Any]) -> Findings:
    """Reads the dictionary of ``report.json``.

    Raises:
        UsageError: A key is missing that every report has.
    """
    missing = [key for key in NEEDED if key not in report]
    if missing:
        raise UsageError(f"the report has no key {', '.join(missing)}; one made by `gcmtag audit` has them")
    little = {(str(row["scope"]), int(row["objective"])): row for row in report["little_attention"]}
    rows: dict[str, dict[int, Mapping[str, Any]]] = {}
    for row in report["attention"]:
        if row.get("objective") is not None:
            rows.setdefault(str(row["scope"]), {})[int(row["objective"])] = row
    scopes = {
        scope: tuple(
            _share(item, found.get(item.number, {}), little.get((scope, item.number), {})) for item in OBJECTIVES
        )
        for scope, found in rows.items()
    }
    return Findings(
        scopes=scopes,
        roles=_roles(report["roles"], scopes),
        priorities={str(row["document_id"]): _priorities(row) for row in report["priorities"]},
        statements=tuple(report["attention_statements"]),
        gaps=tuple(report["gaps"]),
        comparison=_differences(report.get("comparison")),
        change=tuple(item for item in _differences(report.get("change")) if item.scope == ALL),
        clusters=tuple(
            _cluster_share(row) for row in report.get("cluster_attention") or () if str(row["scope"]) == ALL
        ),
        groups={str(row["document_id"]): _groups(row) for row in report.get("documents") or ()},
        quality=tuple(_quality(row) for row in report["meta"].get("quality") or ()),
        meta=report["meta"],
    )


def headline(findings: Findings) -> str:
    """One sentence that says what was found in all documents together."""
    shares = findings.shares(ALL)
    known = [share for share in shares if share.estimate is not None]
    if not known:
        return "The documents hold too little text to say what receives attention"
    most = max(known, key=lambda share: share.estimate or 0.0)
    first = f"{most.objective.short} receives most, in {short_percent(most.estimate)} of the passages"
    little = sorted((share for share in shares if share.verdict == "little"), key=lambda share: share.estimate or 0.0)
    if not little:
        return f"No objective can be said to receive little attention; {first}"
    names = named([share.objective.short for share in little])
    return f"{names} {'receives' if len(little) == 1 else 'receive'} little attention; {first}"


def attention_title(shares: Sequence[Share]) -> str:
    """What the plot of attention shows, in words."""
    known = sorted(
        (share for share in shares if share.estimate is not None), key=lambda share: -(share.estimate or 0.0)
    )
    if not known:
        return "Nothing can be said of the attention to any objective"
    top = known[:NAMED]
    least = short_percent(top[-1].estimate)
    return f"{listed([share.objective.short for share in top])} come up most, each in {least} of the passages or more"


def roles_title(rows: Sequence[Spoken]) -> str:
    """What the plot of roles shows, in words."""
    spoken = [row for row in rows if row.passages >= 3 and row.share("gap") > 0]
    if not spoken:
        return "How the documents speak of each objective"
    most = max(spoken, key=lambda row: (row.share("gap"), row.passages))
    share = short_percent(most.share("gap"))
    return f"{most.objective.short} is spoken of most often as a gap, in {share} of its passages"


def named(names: Sequence[str]) -> str:
    """Joins names as in running text; of many, a few and the number of the rest.

    >>> named(["Data", "Drivers", "Skills", "Return", "Borders"])
    'Data, Drivers and 3 others'
    """
    return listed([*names[:2], f"{len(names) - 2} others"] if len(names) > NAMED else names)


def listed(names: Sequence[str]) -> str:
    """Joins names as in running text.

    >>> listed(["Data"]), listed(["Data", "Drivers", "Skills"])
    ('Data', 'Data, Drivers and Skills')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def quality_title(quality: Sequence[Quality]) -> str:
    """How far apart the classifier's recalls lie, in words."""
    known = sorted((item for item in quality if item.recall is not None), key=lambda item: item.recall or 0.0)
    if not known:
        return "How well the model finds each objective is not known"
    worst, best = known[0], known[-1]
    return (
        f"The model finds {short_percent(best.recall)} of what is said of {best.objective.short}, "
        f"but {short_percent(worst.recall)} of what is said of {worst.objective.short}"
    )


def short_percent(share: float | None) -> str:
    r"""Share in whole percent, small ones with one decimal.

    The sign does not break from its number.

    >>> [short_percent(share).replace("\xa0", " ") for share in (0.126, 0.034, 0.0, 0.0004, None)]
    ['13 %', '3.4 %', '0 %', '<0.1 %', '–']
    """
    if share is None:
        return "–"
    if 0 < share < 0.0005:
        return "<0.1\xa0%"
    return f"{share * 100:.1f}\xa0%" if 0 < share < 0.0995 else f"{share * 100:.0f}\xa0%"


def interval(low: float | None, high: float | None) -> str:
    """Interval in percent, without the sign of it.

    >>> interval(0.021, 0.134), interval(None, 0.2)
    ('2.1–13', '–')
    """
    if low is None or high is None:
        return "–"
    return "–".join(short_percent(end).removesuffix("\xa0%") for end in (low, high))


def _share(objective: Objective, row: Mapping[str, Any], flag: Mapping[str, Any]) -> Share:
    estimate = _number(row.get("estimate"))
    if estimate is None or flag.get("verdict") == "cannot say":
        verdict: Verdict = "unclear"
    else:
        verdict = "little" if flag else ""
    return Share(
        objective=objective,
        naive=_number(row.get("naive")) or 0.0,
        estimate=estimate,
        low=_number(row.get("low")),
        high=_number(row.get("high")),
        passages=int(row.get("passages") or 0),
        verdict=verdict,
        reason=str(flag.get("reason") or ""),
        words=_number(row.get("words_estimate")),
    )


def _cluster_share(row: Mapping[str, Any]) -> ClusterShare:
    number = int(row["cluster"])
    estimate = _number(row.get("estimate"))
    return ClusterShare(
        number=number,
        title=CLUSTERS[number - 1].title,
        naive=_number(row.get("naive")) or 0.0,
        estimate=estimate,
        low=_number(row.get("low")),
        high=_number(row.get("high")),
        passages=int(row.get("passages") or 0),
        verdict="" if estimate is not None else "unclear",
    )


def _groups(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {str(column): tuple(map(str, values)) for column, values in (row.get("groups") or {}).items()}


def _quality(row: Mapping[str, Any]) -> Quality:
    return Quality(
        objective=OBJECTIVES[int(row["objective"]) - 1],
        recall=_number(row.get("recall")),
        precision=_number(row.get("precision")),
        labelled=int(row.get("labelled") or 0),
    )


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or value != value:  # noqa: PLR0124
        return None
    return float(value)


def _roles(rows: Iterable[Mapping[str, Any]], scopes: Mapping[str, Sequence[Share]]) -> dict[str, tuple[Spoken, ...]]:
    found: dict[str, dict[int, dict[str, float]]] = {}
    for row in rows:
        if row["role"] in ROLES:
            of_scope = found.setdefault(str(row["scope"]), {})
            of_scope.setdefault(int(row["objective"]), {})[str(row["role"])] = _number(row["share"]) or 0.0
    return {
        scope: tuple(
            Spoken(item, shares.get(item.number, {}), scopes[scope][item.number - 1].passages if scope in scopes else 0)
            for item in OBJECTIVES
        )
        for scope, shares in found.items()
    }


def _priorities(row: Mapping[str, Any]) -> Priorities:
    keys = ("declared", "emphasised", "declared_but_little", "emphasised_but_undeclared")
    return Priorities(**{key: tuple(sorted(int(number) for number in row.get(key) or ())) for key in keys})


def _differences(rows: Iterable[Mapping[str, Any]] | None) -> tuple[Difference, ...]:
    return tuple(
        Difference(
            scope=str(row.get("scope", ALL)),
            objective=OBJECTIVES[int(row["objective"]) - 1],
            difference=_number(row.get("difference")),
            low=_number(row.get("low")),
            high=_number(row.get("high")),
            clear=bool(row.get("clear")),
        )
        for row in rows or ()
    )
