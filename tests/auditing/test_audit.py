"""An audit gives figures only with support, flags what is absent, and refuses bad input in one clear line."""

import csv
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from audited import passages, rows_without, unseen, write
from click.testing import CliRunner

from gcmtag.auditing import audit, schema, write_csv, write_json
from gcmtag.cli import cli
from gcmtag.errors import CorpusMismatch, GcmtagError, UsageError


def drawn(rows: list[int], number: int, seed: int = 1) -> list[int]:
    return [int(row) for row in np.random.default_rng(seed).choice(rows, number)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two documents of which neither speaks of objective 9, a third that does, and one with a single passage."""
    without = rows_without(9)
    smuggling = [int(row) for row in np.flatnonzero(unseen().labels[:, 8])]
    tags = [
        *passages("north", drawn(without, 220), region="North"),
        *passages("south", drawn(without, 220, 2), region="South"),
        *passages("west", [*drawn(smuggling, 80, 3), *drawn(without, 140, 4)], region="West"),
        *passages("short", [0], region="North"),
    ]
    return write(tmp_path_factory.mktemp("tagged"), tags, north={"declared_priorities": [9, 6]})


@pytest.fixture(scope="module")
def report(folder: Path) -> Any:
    return audit(folder, by="region", against=folder).report


def row_of(report: Any, key: str, scope: str, objective: int) -> dict[str, Any] | None:
    return next((row for row in report[key] if row["scope"] == scope and row["objective"] == objective), None)


def test_the_report_follows_its_published_schema(report: Any, tmp_path: Path) -> None:
    write_json(report, tmp_path / "report.json")
    jsonschema.validate(json.loads((tmp_path / "report.json").read_text(encoding="utf-8")), schema())


def test_every_scope_has_all_objectives(report: Any) -> None:
    scopes = {"all", "north", "south", "west", "short", "region=North", "region=South", "region=West"}
    assert {row["scope"] for row in report["attention"]} == scopes
    assert len(report["attention"]) == 23 * len(scopes)


def test_estimates_lie_in_their_intervals(report: Any) -> None:
    for row in report["attention"]:
        if row["estimate"] is not None:
            assert 0 <= row["low"] <= row["estimate"] <= row["high"] <= 1


def test_an_absent_objective_is_flagged_and_a_frequent_one_is_not(report: Any) -> None:
    absent, frequent = (row_of(report, "little_attention", scope, 9) for scope in ("north", "west"))
    assert absent is not None
    assert absent["verdict"] == "little"
    assert frequent is None, "a third of the passages are about it"


def test_a_declared_priority_with_little_attention_is_a_contrast(report: Any) -> None:
    own = next(row for row in report["priorities"] if row["document_id"] == "north")
    assert own["declared"] == [6, 9]
    assert own["declared_but_little"] == [9]


def test_of_one_passage_nothing_is_said(report: Any) -> None:
    for objective in range(1, 24):
        own, flag = (
            row_of(report, "attention", "short", objective),
            row_of(report, "little_attention", "short", objective),
        )
        assert own is not None
        assert own["estimate"] is own["low"] is own["high"] is None
        assert flag is not None
        assert flag["verdict"] == "cannot say"
        assert "1 passage is too few" in flag["reason"]


def test_a_large_difference_between_groups_is_clear_and_a_run_does_not_differ_from_itself(report: Any) -> None:
    own = row_of(report, "comparison", "region=West", 9)
    assert own is not None
    assert own["clear"]
    assert own["low"] > 0
    assert not any(row["clear"] for row in report["change"])


def test_the_same_seed_gives_the_same_figures(folder: Path, report: Any) -> None:
    again = audit(folder, by="region", against=folder).report
    assert again["attention"] == report["attention"]
    assert again["little_attention"] == report["little_attention"]


def test_gaps_carry_their_quote_and_locator(report: Any) -> None:
    assert {row["document_id"] for row in report["gaps"]} == {"north", "south", "west"}
    assert all(row["quote"] and row["locator"].startswith("para. ") for row in report["gaps"])


def test_roles_of_an_objective_add_up(report: Any) -> None:
    shares = [row["share"] for row in report["roles"] if row["scope"] == "all" and row["objective"] == 9]
    assert sum(shares) == pytest.approx(1, abs=1e-3)


def test_the_table_carries_the_figures_of_the_report(report: Any, tmp_path: Path) -> None:
    write_csv(report, tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {
        (row["scope"], int(row["objective"])): float(row["value"])
        for row in rows
        if row["part"] == "attention" and row["figure"] == "estimate" and row["value"]
    }
    expected = {
        (row["scope"], row["objective"]): row["estimate"] for row in report["attention"] if row["estimate"] is not None
    }
    assert found == expected


def test_the_command_leaves_page_json_and_table(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gcmtag.reporting.plots.render", lambda spec, *paths: None)
    found = CliRunner().invoke(
        cli, ["audit", str(folder), "-o", str(tmp_path / "new" / "report.html"), "--by", "region"]
    )
    assert found.exit_code == 0, found.output
    assert {path.name for path in (tmp_path / "new").iterdir()} >= {"report.html", "report.json", "report.csv"}


def refused(folder: Path, **options: Any) -> str:
    with pytest.raises(GcmtagError) as error:
        audit(folder, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_an_empty_folder_is_named_with_the_command_that_fills_it(tmp_path: Path) -> None:
    assert "gcmtag tag" in refused(tmp_path)
    assert "is no folder" in refused(tmp_path / "nowhere")


def test_tags_without_rows_are_refused(tmp_path: Path) -> None:
    write(tmp_path, [], north={})
    with pytest.raises(UsageError):
        audit(tmp_path)


def test_tags_of_two_models_are_refused(tmp_path: Path) -> None:
    tags = passages("north", [0, 1])
    tags[1]["model"] = "other-1.0-abc"
    with pytest.raises(CorpusMismatch, match="2 models"):
        audit(write(tmp_path, tags))


def test_a_model_that_is_not_at_hand_is_named(tmp_path: Path) -> None:
    assert "other-1.0-abc" in refused(write(tmp_path, passages("north", [0, 1], model="other-1.0-abc")))


def test_a_column_that_does_not_exist_is_refused_with_those_that_do(folder: Path) -> None:
    message = refused(folder, by="continent")
    assert "'continent'" in message
    assert "region" in message


@pytest.mark.parametrize("options", [{"level": 1.5}, {"fraction": 0}, {"reference": "baseline"}, {"reference": "x"}])
def test_options_out_of_range_are_refused(folder: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        audit(folder, **options)
