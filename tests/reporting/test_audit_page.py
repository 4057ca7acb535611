"""The page of an audit says what was found and how sure it is, and never shows a number without support."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from audit_builders import META, audit_report, gap, little, priorities, shares
from report_builders import document, documents_frame, tag, tags_frame

from gcmtag.errors import CorpusMismatch, UsageError
from gcmtag.objectives import OBJECTIVES
from gcmtag.reporting import audit_plots, plots, write_audit_page
from gcmtag.reporting.findings import read_findings

HOSTILE = '<script>alert("x")</script>'
TAGS = tags_frame(tag("a", "Visas.", [5]), tag("b", "Wages.", [6]))
DOCUMENTS = documents_frame(document("a"), document("b"))


@pytest.fixture(autouse=True)
def no_files(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Most tests read the page alone; writing its plots as files takes most of the time."""
    if "with_files" not in request.fixturenames:
        monkeypatch.setattr(plots, "render", lambda spec, *paths: None)


@pytest.fixture
def with_files() -> None:
    """Asks for the plots as files."""


def page_of(
    folder: Path, report: dict[str, Any], tags: pd.DataFrame = TAGS, documents: pd.DataFrame = DOCUMENTS
) -> str:
    path = folder / "report.html"
    write_audit_page(report, tags, documents, path)
    return path.read_text(encoding="utf-8")


def section(page: str, name: str) -> str:
    found = page.split(f'<section id="{name}"')[1].split("</section>", maxsplit=1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found)).replace("\xa0", " ")


def test_the_headline_names_little_attention_and_most(tmp_path: Path) -> None:
    page = page_of(tmp_path, audit_report(little_attention=[little(9)]))
    expected = "<h1>Smuggling receives little attention; Decent work receives most, in 20\xa0% of the passages</h1>"
    assert expected in page


def test_without_an_estimate_the_page_cannot_say(tmp_path: Path) -> None:
    # Never a number without support: neither in the headline nor in the row of an objective.
    page = page_of(tmp_path, audit_report(attention=shares("all", {}, rest=None)))
    assert "<h1>The documents hold too little text to say what receives attention</h1>" in page
    assert "cannot say" in section(page, "little")
    assert not re.search(r"\d %", section(page, "little"))


def test_little_attention_stands_with_its_reason_and_cannot_say_apart(tmp_path: Path) -> None:
    flags = [little(9, "At most 2 %."), little(13, "Between 1 and 9 %.", verdict="cannot say")]
    shown = section(page_of(tmp_path, audit_report(little_attention=flags)), "little")
    assert "1 objective receives little attention" in shown
    assert shown.index("At most 2 %.") < shown.index("Cannot say") < shown.index("Between 1 and 9 %.")


def test_a_script_in_any_text_is_shown_and_never_run(tmp_path: Path) -> None:
    report = audit_report(
        gaps=[gap("a", [5], HOSTILE, HOSTILE)],
        attention_statements=[{**gap("a", [], HOSTILE), "objective": 4}],
        little_attention=[little(9, HOSTILE)],
        attention=[*shares("all", {}), *shares(f"{HOSTILE}={HOSTILE}", {})],
        meta={**META, "model": HOSTILE, "method": HOSTILE, "rules": {HOSTILE: HOSTILE}, "other": {HOSTILE: HOSTILE}},
    )
    page = page_of(tmp_path, report, documents=documents_frame(document("a", title=HOSTILE), document("b")))
    assert "alert(" in page
    assert "<script>alert" not in page
    assert page.count("<script") == 1


def test_the_page_asks_the_network_for_nothing(tmp_path: Path) -> None:
    page = page_of(tmp_path, audit_report(gaps=[gap("a", [5], "None.")]))
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|https?:", page)
    assert not [found for found in re.findall(r'(?:src|href)="([^"]*)"', page) if not re.match(r"#|data:,$", found)]


def test_links_within_the_page_lead_somewhere(tmp_path: Path) -> None:
    page = page_of(tmp_path, audit_report())
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))


def test_every_plot_has_a_title_and_a_table_with_all_objectives(tmp_path: Path) -> None:
    report = audit_report(priorities=[priorities("a", declared=[5])])
    page = page_of(tmp_path, report)
    for name in ("attention", "map"):
        for item in OBJECTIVES:
            assert f"{item.number} {item.short}" in section(page, name)
    for svg in re.findall(r'<svg role="img".*?</svg>', page):
        assert re.search(r"<title>.+?</title><desc>.+?</desc>", svg)


def test_gaps_stand_under_each_objective_with_locator_and_marked_words(tmp_path: Path) -> None:
    row = {**tag("a", "No visa exists.", [5, 6], evidence=[(5, 0, 7)]), "passage_id": "a-1"}
    tags = pd.DataFrame([row])
    page = page_of(tmp_path, audit_report(gaps=[gap("a", [5, 6], "No visa exists.", "para. 7")]), tags)
    assert "<mark>No visa</mark> exists." in page
    assert section(page, "gaps").count("Review of a, para. 7") == 2


def test_of_many_gaps_every_document_comes_to_word(tmp_path: Path) -> None:
    gaps = [*(gap("a", [5], f"Missing {at}.") for at in range(60)), gap("b", [5], "Last one.")]
    shown = section(page_of(tmp_path, audit_report(gaps=gaps)), "gaps")
    assert "Last one." in shown
    assert "36 more are in report.json" in shown


def test_a_declared_priority_with_little_attention_is_the_title(tmp_path: Path) -> None:
    own = priorities("a", declared=[5, 20], emphasised=[5, 6], declared_but_little=[20], emphasised_but_undeclared=[6])
    shown = section(page_of(tmp_path, audit_report(priorities=[own])), "priorities")
    assert "Remittances: declared as a priority, yet with little attention" in shown
    assert "Reviewofa5,205,6206" in "".join(shown.split())


def test_groups_and_clear_differences_are_shown(tmp_path: Path) -> None:
    report = audit_report(
        attention=[row for scope in ("all", "region=North", "region=South") for row in shares(scope, {13: 0.1})],
        comparison=[
            {"scope": "region=North", "objective": 13, "difference": 0.1, "low": 0, "high": 0.2, "clear": True}
        ],
        change=[{"scope": "all", "objective": 2, "difference": -0.04, "low": -0.06, "high": -0.01, "clear": True}],
    )
    page = page_of(tmp_path, report)
    assert "Detention differs clearly by region" in section(page, "by-1")
    assert "10 % (8.0–12)*" in section(page, "by-1")
    assert "Drivers changed clearly" in section(page, "change")
    assert "-4.0" in section(page, "change")


def test_every_document_has_its_own_section(tmp_path: Path) -> None:
    report = audit_report(attention=[*shares("all", {}), *shares("a", {5: 0.3})])
    page = page_of(tmp_path, report)
    assert page.count('<details class="document"') == 2
    assert "too little text" in page.split('id="document-1"')[1].split("</details>")[0]


def test_quality_rules_and_citation_are_on_the_page(tmp_path: Path) -> None:
    page = page_of(tmp_path, audit_report())
    quality = section(page, "quality")
    assert "The model finds 73 % of what is said of Cooperation, but 51 % of what is said of Data" in quality
    assert "Below half." in quality
    cite = section(page, "cite")
    assert "made on 2 September 2024 with gcmtag 0.1.0, model standard-0.1-0a1b2c3d." in cite
    assert "@misc{gcmtag-2024," in cite


def test_a_hundred_documents_stay_under_five_megabytes(tmp_path: Path) -> None:
    names = [f"d{at}" for at in range(100)]
    long = "word " * 150
    report = audit_report(
        attention=[row for scope in ("all", *names) for row in shares(scope, {})],
        gaps=[gap(name, [1 + at, 12 + at], f"{at} {long}") for name in names for at in range(11)],
        priorities=[priorities(name, declared=[5]) for name in names],
    )
    tags = tags_frame(*(tag(name, "Visas.", [5]) for name in names))
    page = page_of(tmp_path, report, tags, documents_frame(*map(document, names)))
    assert len(page.encode()) < 5_000_000


def test_plots_are_written_beside_the_page(tmp_path: Path, with_files: None) -> None:
    page_of(tmp_path, audit_report(priorities=[priorities("a", declared=[5])]))
    found = {path.name for path in (tmp_path / "figures").iterdir()}
    for name in ("attention", "roles", "evidence-map-1", "priorities-1"):
        assert {f"{name}.svg", f"{name}.png"} <= found
    assert "come up most" in (tmp_path / "figures" / "attention.svg").read_text(encoding="utf-8")


def test_roles_grow_lighter_so_that_grey_paper_keeps_them_apart() -> None:
    weights = ((0.21, 1), (0.72, 3), (0.07, 5))
    shades = [sum(w * int(c[at : at + 2], 16) for w, at in weights) for c in audit_plots.ROLE_COLOURS]
    assert all(after - before > 15 for before, after in pairwise(shades))


def test_scopes_always_have_all_objectives() -> None:
    findings = read_findings(audit_report(attention=shares("all", {})[:3]))
    assert len(findings.shares("all")) == len(findings.shares("nowhere")) == 23
    assert findings.shares("all")[10].estimate is None


def test_a_report_without_a_key_is_refused() -> None:
    report = audit_report()
    del report["gaps"]
    with pytest.raises(UsageError, match="no key gaps"):
        write_audit_page(report, TAGS, DOCUMENTS, Path("unused.html"))


def test_a_quote_of_an_unlisted_document_is_refused() -> None:
    with pytest.raises(CorpusMismatch, match="'c'"):
        write_audit_page(audit_report(gaps=[gap("c", [5], "None.")]), TAGS, DOCUMENTS, Path("unused.html"))
