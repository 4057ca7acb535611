"""Both pages opened in a real browser from the file system: no error, no request, no barrier, no sideways scroll."""

from pathlib import Path
from typing import Any

import pytest
from audit_builders import audit_report, gap, little, priorities, shares
from report_builders import document, documents_frame, tag, tags_frame

from browsing import PHONE, needs_chromium, serious_barriers, unfold, width_of
from gcmtag.reporting import plots, write_audit_page, write_report

pytestmark = needs_chromium
PAGES = ("tags", "audit")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    names = [f"d{at}" for at in range(6)]
    tags = tags_frame(*(tag(name, f"Visas {at}.", [5, 6 + at], evidence=[(5, 0, 5)]) for at, name in enumerate(names)))
    documents = documents_frame(*(document(name, declared_priorities=[5, 20]) for name in names))
    groups = ("region=North", "region=South")
    row = {"objective": 13, "difference": 0.1, "low": 0.02, "high": 0.2, "clear": True}
    report = audit_report(
        attention=[row for scope in ("all", *groups, *names) for row in shares(scope, {9: 0.01, 6: 0.2})],
        little_attention=[little(9), little(13, verdict="cannot say")],
        attention_statements=[{**gap("d1", [], "Little was said."), "objective": 4}],
        gaps=[gap(name, [5], "No visa exists.") for name in names],
        priorities=[priorities(name, declared=[5, 20], emphasised=[5, 6], declared_but_little=[20]) for name in names],
        comparison=[{**row, "scope": "region=North"}],
        change=[{**row, "scope": "all"}],
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "render", lambda spec, *paths: None)
        write_audit_page(report, tags, documents, folder / "audit.html")
    write_report(tags, documents, folder / "tags.html", run={"model": "standard 0.1.0"})
    return {name: folder / f"{name}.html" for name in PAGES}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_makes_no_error_and_no_request(browser: Any, pages: dict[str, Path], name: str) -> None:
    page = browser.new_page()
    errors: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(pages[name].as_uri())
    unfold(page)
    page.select_option("#by-document", "1")
    page.close()
    assert errors == []
    assert [url for url in requests if not url.startswith("data:")] == [pages[name].as_uri()]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_barrier(browser: Any, pages: dict[str, Path], name: str, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto(pages[name].as_uri())
    assert serious_barriers(page) == []
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_needs_no_sideways_scroll(browser: Any, pages: dict[str, Path], name: str) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(pages[name].as_uri())
    assert width_of(page) <= PHONE["width"]
    page.close()


def test_folded_parts_open_with_the_keyboard_and_by_a_link(browser: Any, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["audit"].as_uri() + "#document-2")
    assert page.evaluate("document.getElementById('document-2').open")
    page.focus("#attention summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('#attention details').open")
    page.close()


def test_gaps_are_unfolded_on_paper(browser: Any, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["audit"].as_uri())
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("[...document.querySelectorAll('#gaps details')].every(item => item.open)")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.evaluate("[...document.querySelectorAll('#gaps details')].some(item => item.open)")
    page.close()
