"""The audit: from the tags of a run to the report."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from gcmtag.auditing import deciding
from gcmtag.auditing.confusing import Errors, learn_errors, problem_labels
from gcmtag.auditing.deciding import FRACTION, LEVEL, Presence
from gcmtag.auditing.quantifying import Quantifier, Scope, Shares
from gcmtag.auditing.statements import attention_statements
from gcmtag.auditing.tagged import Tagged, read_tagged
from gcmtag.auditing.tuning import learn_tuning
from gcmtag.errors import ModelNotFound, UsageError
from gcmtag.objectives import CLUSTERS, OBJECTIVES, ROLES
from gcmtag.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gcmtag.classifying.storage import Unseen

FORMAT_VERSION: Final = 1
SEED: Final = 20181219  # the day on which the General Assembly endorsed the Compact
DRAWS: Final = 120
COUNT: Final = len(OBJECTIVES)
ALL: Final = "all"
METHOD: Final = (
    "The scores of a text are taken as a mixture of two distributions, of passages about an objective and of others, "
    "learned from labelled passages that the classifier did not learn from (Saerens, Latinne and Decaestecker 2002; "
    "Ziegler and Czyż 2024). The estimate is the posterior median of the share of these passages, drawn to the share "
    "that was counted where shares are so small that counting was nearer to the truth in simulations. Intervals come "
    "from the posterior under Jeffreys's prior, averaged over a bootstrap of the labelled passages by document; for "
    "several documents the information is divided by the design effect of documents. They are stretched by a factor, "
    "for small and for large sets of passages, at which, in simulations on halves of the labelled documents, 90 % "
    "intervals held the truth in 90 % of cases."
)


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit: ``report`` is what report.json holds, ``tagged`` the tables that it was made from."""

    report: Mapping[str, Any]
    tagged: Tagged


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of an audit."""

    by: tuple[str, ...] = ()
    level: float = LEVEL
    fraction: float = FRACTION
    reference: str = "equal"
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class _Known:
    """Figures of one scope: its passages as rows of the tags, and the shares; None of too few passages."""

    name: str
    rows: "NDArray[np.intp]"
    scope: Scope
    shares: Shares
    bounds: Mapping[str, "NDArray[np.float64]"]  # lower and upper, each (2, 27), by the start of a figure's name

    @property
    def enough(self) -> bool:
        return len(self.rows) >= deciding.FEWEST_PASSAGES


def audit(
    folder: str | Path,
    *,
    by: str | Sequence[str] = (),
    against: str | Path | None = None,
    baseline: str | Path | None = None,
    reference: str | None = None,
    level: float = LEVEL,
    fraction: float = FRACTION,
    model: str | Path | None = None,
    seed: int = SEED,
) -> Audit:
    """Audits what ``gcmtag tag`` wrote into a folder.

    Args:
        folder: with the tables of tags and documents.
        by: column, or columns, to compare groups by: of the documents table, or carried through into the tags.
        against: folder of another run, to say what changed.
        baseline: folder of documents whose shares are the reference for little attention.
        reference: "equal" (every objective the same share; the default), "baseline" (the default where there is one)
            or "rest" (the other documents).
        level: of the intervals, in (0.5, 1).
        fraction: of the reference below which attention is little, in (0, 1).
        model: the model that tagged, by name or path; by default it is looked for among the shipped ones.
        seed: of all draws.

    Raises:
        UsageError: an option or a folder is wrong, or a column does not exist.
        CorpusMismatch: tags of several models.
        ModelNotFound: the model that tagged is not at hand.
        ModelDamaged: it was changed.
    """
    options = _checked(by, level, fraction, reference, baseline, seed)
    tagged = read_tagged(Path(folder))
    auditor = _Auditor(tagged, *find_unseen(tagged.model, model), options)
    return Audit(
        auditor.report(
            None if against is None else _other(Path(against), model, options),
            None if baseline is None else _other(Path(baseline), model, options),
            {"against": _text(against), "baseline": _text(baseline)},
        ),
        tagged,
    )


def find_unseen(model_id: str, model: str | Path | None = None) -> "tuple[Unseen, float]":
    """What is known of the errors of the model with an id, among the shipped models or at the given name or path.

    Returns:
        Its unseen passages, and the score from which on it tags.

    Raises:
        ModelNotFound: none has this id, or the model has fewer than 20 labelled passages to learn its errors from.
        ModelDamaged: the model was changed.
    """
    from gcmtag.classifying.storage import load_unseen, read_manifest  # noqa: PLC0415
    from gcmtag.classifying.storage import model_id as id_of  # noqa: PLC0415
    from gcmtag.tagger import find_model, shipped_models  # noqa: PLC0415

    shipped = [path.parent for folder in shipped_models() for path in sorted(folder.glob("*/manifest.json"))]
    candidates = [find_model(model)] if model is not None else shipped
    for folder in candidates:
        if id_of(read_manifest(folder)) == model_id:
            unseen = load_unseen(folder)
            if len(unseen.labels) < 20:
                raise ModelNotFound(f"{folder} knows too little of its own errors: train it on more documents")
            settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
            return unseen, float(settings["threshold"])
    raise ModelNotFound(
        f"the tags were made by model {model_id}, which is not "
        f"{'at ' + str(model) if model else 'among the shipped ones'}: "
        "name it with --model, or tag again with --restart"
    )


class _Auditor:
    """Makes the report of one run."""

    def __init__(self, tagged: Tagged, unseen: "Unseen", threshold: float, options: Options) -> None:
        self.tagged, self.unseen, self.threshold, self.options = tagged, unseen, threshold, options
        self.errors: Errors = learn_errors(unseen, DRAWS, np.random.default_rng(options.seed))
        self.tuning = learn_tuning(unseen, threshold, np.random.default_rng(options.seed))
        self.quantifier = Quantifier(self.errors, options.seed, self.tuning)
        self.bins = self.errors.bins(tagged.scores)
        self.labels = problem_labels(tagged.labels)
        self.everything = self.known(ALL, np.arange(len(tagged.labels)))

    def known(self, name: str, rows: "NDArray[np.intp]") -> _Known:
        own = (self.bins[rows], self.labels[rows], self.tagged.words[rows], self.tagged.document[rows])
        scope = self.quantifier.scope(*own)
        shares = self.quantifier.shares(scope)
        levels = [(1 - self.options.level) / 2, (1 + self.options.level) / 2]
        drawn = {"": shares.draws, "text_": shares.text, "words_": shares.word_draws}
        bounds = {start: np.quantile(draws, levels, axis=0) for start, draws in drawn.items()}
        return _Known(name, rows, scope, shares, bounds)

    def report(
        self, against: "_Auditor | None", baseline: "_Auditor | None", compared: Mapping[str, str | None]
    ) -> dict[str, Any]:
        tagged = self.tagged
        documents = [
            self.known(name, np.flatnonzero(tagged.document == row)) for row, name in enumerate(tagged.document_ids)
        ]
        values = {column: tagged.values(column) for column in self.options.by}
        groups = {
            column: [
                self.known(f"{column}={value}", np.array([i for i, own in enumerate(found) if own == value]))
                for value in sorted({own for own in found if own is not None})
            ]
            for column, found in values.items()
        }
        scopes = [self.everything, *(group for found in groups.values() for group in found), *documents]
        little = [
            record for known in scopes for record in self._little(known, documents, self._reference(known, baseline))
        ]
        rows = cast("list[dict[str, Any]]", tagged.tags.to_dict("records"))
        return {
            "documents": self._documents(values),
            "attention": [self._figures(k, "objective", i) for k in scopes for i in range(COUNT)],
            "cluster_attention": [self._figures(k, "cluster", COUNT + i) for k in scopes for i in range(len(CLUSTERS))],
            "little_attention": little,
            "attention_statements": attention_statements(rows),
            "gaps": [_gap(row) for row in rows if row["role"] == "gap"],
            "priorities": self._priorities(documents, little),
            "roles": [record for known in scopes for record in self._roles(known)],
            "comparison": self._comparison(groups),
            "change": [] if against is None else self._change(against),
            "meta": self._meta(compared),
        }

    # --- attention

    def _figures(self, known: _Known, kind: str, problem: int) -> dict[str, Any]:
        labels, words = self.labels[known.rows, problem], self.tagged.words[known.rows]
        count = int(labels.sum())
        shares = known.shares
        record: dict[str, Any] = {
            "scope": known.name,
            kind: problem + 1 if kind == "objective" else CLUSTERS[problem - COUNT].number,
            "naive": _rounded(count / len(labels)) if len(labels) else None,
            "passages": count,
            "documents": len(np.unique(self.tagged.document[known.rows][labels])),
            "words_naive": _rounded(float(words[labels].sum() / words.sum())) if len(words) else None,
        }
        for start, estimate in (("", shares.estimate), ("text_", shares.estimate), ("words_", shares.word_estimate)):
            low, high = (float(bound) for bound in known.bounds[start][:, problem]) if known.enough else (None, None)
            value = float(estimate[problem]) if known.enough else None
            # The estimate may lie outside: it stands nearer to what was counted, and it is of the text at hand.
            low = None if low is None or value is None else min(low, value)
            high = None if high is None or value is None else max(high, value)
            if start != "text_":
                record[f"{start}estimate"] = _rounded(value)
            record[f"{start}low"], record[f"{start}high"] = _rounded(low), _rounded(high)
        return record

    # --- little attention

    def _reference(self, known: _Known, baseline: "_Auditor | None") -> "NDArray[np.float64] | None":
        """Share to compare each objective with, shape (23)."""
        if self.options.reference == "baseline" and baseline is not None:
            return baseline.everything.shares.estimate[:COUNT]
        if self.options.reference == "rest":
            rest = np.setdiff1d(np.arange(len(self.tagged.labels)), known.rows)
            if len(rest) < deciding.FEWEST_PASSAGES:
                return None
            return self.known("rest", rest).shares.estimate[:COUNT]
        return np.full(COUNT, known.shares.estimate[:COUNT].mean())

    def _little(
        self, known: _Known, documents: Sequence[_Known], reference: "NDArray[np.float64] | None"
    ) -> list[dict[str, Any]]:
        found = []
        for at in range(COUNT):
            figures = self._figures(known, "objective", at)
            share = None if reference is None else float(reference[at])
            if share is None:
                verdict: deciding.Verdict | None = deciding.Verdict(
                    "cannot say", "share", "there are no other documents to compare with"
                )
            else:
                verdict = deciding.judge(
                    len(known.rows),
                    (figures["text_low"] or 0.0, figures["text_high"] or 0.0),
                    figures["high"] or 0.0,
                    share,
                    self.options.fraction,
                    self._presence(known, documents, at, share),
                )
            if verdict is not None:
                found.append(
                    {
                        "scope": known.name,
                        "objective": at + 1,
                        "verdict": verdict.verdict,
                        "rule": verdict.rule,
                        "reason": verdict.reason,
                        **{key: figures[key] for key in ("estimate", "low", "high", "text_low", "text_high")},
                        "reference": _rounded(share),
                    }
                )
        return found

    def _presence(self, known: _Known, documents: Sequence[_Known], at: int, share: float) -> Presence | None:
        """Documents of a scope that have a passage about an objective; those too short to tell do not count."""
        inside = {int(row) for row in np.unique(self.tagged.document[known.rows])}
        long = [
            document
            for row, document in enumerate(documents)
            if row in inside and (1 - min(share, 0.999)) ** len(document.rows) < 1 - self.options.level
        ]
        if (
            len(inside) < deciding.FEWEST_DOCUMENTS
            or len(long) * 2 <= len(inside)
            or known.name in self.tagged.document_ids
        ):
            return None
        present = np.sum([document.shares.text[:, at] > 0 for document in long], axis=0)
        return Presence(int(np.quantile(present, (1 + self.options.level) / 2, method="higher")), len(long))

    # --- the other parts

    def _priorities(self, documents: Sequence[_Known], little: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        flagged = {(row["scope"], row["objective"]) for row in little if row["verdict"] == "little"}
        found = []
        declared_by = self.tagged.documents.get("declared_priorities", [None] * len(documents))
        for known, declared_here in zip(documents, declared_by, strict=True):
            declared = sorted(int(number) for number in (declared_here if declared_here is not None else []))
            equal = float(known.shares.estimate[:COUNT].mean())
            figures = [self._figures(known, "objective", at) for at in range(COUNT)] if known.enough else []
            much = [
                row["objective"]
                for row in figures
                if deciding.emphasised(row["passages"], row["text_low"], row["low"], equal, self.options.fraction)
            ]
            found.append(
                {
                    "document_id": known.name,
                    "declared": declared,
                    "emphasised": much,
                    "declared_but_little": [number for number in declared if (known.name, number) in flagged],
                    # Of a document that declares nothing there is no contrast.
                    "emphasised_but_undeclared": [number for number in much if declared and number not in declared],
                }
            )
        return found

    def _roles(self, known: _Known) -> list[dict[str, Any]]:
        roles = self.tagged.tags["role"].to_numpy(dtype=object)[known.rows]
        found = []
        for at in range(COUNT):
            own = roles[self.labels[known.rows, at]]
            for role in ROLES:
                if count := int((own == role).sum()):
                    found.append(
                        {
                            "scope": known.name,
                            "objective": at + 1,
                            "role": role,
                            "share": _rounded(count / len(own)),
                            "passages": count,
                        }
                    )
        return found

    def _comparison(self, groups: Mapping[str, Sequence[_Known]]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for inside in groups.values():
            for own in inside:
                others = [other.rows for other in inside if other is not own]
                rest = self.known("rest", np.concatenate(others)) if others else None
                found += self._differences(own, rest)
        return _decided(found)

    def _change(self, other: "_Auditor") -> list[dict[str, Any]]:
        return _decided(self._differences(self.everything, other.everything))

    def _differences(self, own: _Known, other: _Known | None) -> list[dict[str, Any]]:
        if other is None or not (own.enough and other.enough):
            empty = dict.fromkeys(("difference", "low", "high", "p"))
            return [{"scope": own.name, "objective": at + 1, **empty} for at in range(COUNT)]
        # The draws stand row by row for the same draw of the errors, which both sides share.
        _, low, high, p = deciding.difference(own.shares.draws, other.shares.draws, self.options.level)
        middle = own.shares.estimate - other.shares.estimate
        return [
            {
                "scope": own.name,
                "objective": at + 1,
                "difference": _rounded(float(middle[at])),
                "low": _rounded(float(min(low[at], middle[at]))),
                "high": _rounded(float(max(high[at], middle[at]))),
                "p": float(f"{p[at]:.3g}"),
            }
            for at in range(COUNT)
        ]

    def _documents(self, values: Mapping[str, Sequence[str | None]]) -> list[dict[str, Any]]:
        found = []
        for row, record in enumerate(self.tagged.documents.to_dict("records")):
            rows = np.flatnonzero(self.tagged.document == row)
            found.append(
                {
                    "document_id": str(record["document_id"]),
                    **{key: _text(record.get(key)) for key in ("title", "path", "language")},
                    "passages": len(rows),
                    "words": int(self.tagged.words[rows].sum()),
                    "groups": {
                        column: sorted({value for i in rows.tolist() if (value := own[i]) is not None})
                        for column, own in values.items()
                    },
                    "warnings": [str(warning) for warning in _list(record.get("warnings"))],
                }
            )
        return found

    def _meta(self, compared: Mapping[str, str | None]) -> dict[str, Any]:
        from importlib.metadata import version  # noqa: PLC0415

        options = self.options
        equal = float(self.everything.shares.estimate[:COUNT].mean())
        return {
            "format_version": FORMAT_VERSION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": {"gcmtag": __version__, **{name: version(name) for name in ("numpy", "scipy")}},
            "model": self.tagged.model,
            "method": METHOD,
            "rules": {
                "reference": options.reference,
                "reference_share": _rounded(equal) if options.reference == "equal" else None,
                "fraction": options.fraction,
                **deciding.RULES,
            },
            "levels": {"interval": options.level, "false_discovery_rate": deciding.DISCOVERIES},
            "compared_by": list(options.by),
            **compared,
            "quality": self._quality(),
            "unseen": {"passages": len(self.unseen.labels), "documents": len(np.unique(self.unseen.documents))},
            "widths": {
                "sampling": self.tuning.sampling[0],
                "text": self.tuning.text[0],
                "sampling_large": self.tuning.sampling[1],
                "text_large": self.tuning.text[1],
            },
            "trust": self.tuning.trust,
            "seed": options.seed,
        }

    def _quality(self) -> list[dict[str, Any]]:
        """Recall and precision on unseen passages."""
        chosen = self.unseen.scores >= self.threshold
        found = []
        for at in range(COUNT):
            truth, said = self.unseen.labels[:, at], chosen[:, at]
            hits = int((truth & said).sum())
            found.append(
                {
                    "objective": at + 1,
                    "recall": _rounded(hits / int(truth.sum())) if truth.any() else None,
                    "precision": _rounded(hits / int(said.sum())) if said.any() else None,
                    "labelled": int(truth.sum()),
                }
            )
        return found


def _checked(
    by: str | Sequence[str],
    level: float,
    fraction: float,
    reference: str | None,
    baseline: str | Path | None,
    seed: int,
) -> Options:
    if not 0.5 < level < 1:
        raise UsageError(f"level {level} is not between 0.5 and 1: use 0.95, for example")
    if not 0 < fraction < 1:
        raise UsageError(f"fraction {fraction} is not between 0 and 1: use 0.5, for example")
    chosen = reference or ("baseline" if baseline is not None else "equal")
    if chosen not in {"equal", "baseline", "rest"}:
        raise UsageError(f"unknown reference {chosen!r}: use equal, baseline or rest")
    if (chosen == "baseline") != (baseline is not None):
        raise UsageError("a baseline folder and the reference 'baseline' go together: give both, or neither")
    return Options((by,) if isinstance(by, str) else tuple(by), level, fraction, chosen, seed)


def _other(folder: Path, model: str | Path | None, options: Options) -> _Auditor:
    tagged = read_tagged(folder)
    try:
        known = find_unseen(tagged.model, model)
    except ModelNotFound:
        known = find_unseen(tagged.model)
    return _Auditor(tagged, *known, options)


def _decided(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adds to comparisons their adjusted p-values and whether they are clear."""
    known = [row for row in records if row["p"] is not None]
    values: Iterable[float] = deciding.adjusted(np.array([row["p"] for row in known])) if known else []
    for row in records:
        row["p_adjusted"], row["clear"] = None, False
    for row, value in zip(known, values, strict=True):
        row["p_adjusted"], row["clear"] = float(f"{value:.3g}"), bool(value <= deciding.DISCOVERIES)
    return records


def _gap(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "document_id": str(row["document_id"]),
        "passage_id": str(row["passage_id"]),
        "locator": _text(row["locator"]),
        "objectives": [int(number) for number in row["objectives"]],
        "quote": str(row["text"]),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def _text(value: object) -> str | None:
    return None if value is None or str(value) in {"<NA>", "nan"} else str(value)


def _list(value: Any) -> list[Any]:  # noqa: ANN401
    return list(value) if isinstance(value, list | tuple | np.ndarray) else []
