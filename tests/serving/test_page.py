"""The page in a real browser: paste, upload, filter, download, by keyboard, on a phone, for everybody."""

import csv
import io
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from serving_builders import FEES, NOTE, StandIn, client_of, finished, served

from browsing import PATIENCE, PHONE, needs_chromium, serious_barriers, width_of
from gcmtag import Tagger
from gcmtag.exporting import FORMATS
from gcmtag.reporting import plots
from gcmtag.serving import pages
from gcmtag.serving.evidence import audit_folder, evidence_map, findings_of
from gcmtag.serving.jobs import JobStore
from gcmtag.serving.pages import Filter, pieces
from gcmtag.tables import documents_table, tags_table

EVIL = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'> Visas were eased for all."

MARKED = {"document_id": "marovia", "declared_priorities": [20]}


def row(ordinal: int, objectives: list[int], role: str = "action", score: float = 0.8) -> dict[str, Any]:
    scores = [score if number in objectives else 0.1 for number in range(1, 24)]
    return {"ordinal": ordinal, "objectives": objectives, "role": role, "scores": scores}


# what the page is made of


def test_a_filter_takes_what_is_asked_for() -> None:
    rows = [row(1, [5]), row(2, [20], "gap", 0.6), row(3, []), row(4, [5, 20], score=0.95)]

    def seen(**wanted: Any) -> list[int]:
        return [item["ordinal"] for item in rows if Filter(**wanted).passes(item)]

    assert seen() == [1, 2, 3, 4]
    assert seen(objective=20) == [2, 4]
    assert seen(cluster=1) == [1, 4]
    assert seen(cluster=1, objective=20) == []
    assert seen(role="gap") == [2]
    assert seen(certainty=0.7) == [1, 4]
    assert seen(objective=20, certainty=0.9, start=3) == [4]
    assert seen(end=2) == [1, 2]


def test_the_map_counts_every_tag_once() -> None:
    rows = [row(at, [5] if at % 2 else [20, 5], "gap" if at <= 4 else "action") for at in range(1, 102)]
    lines = {line.number: line for _, found in evidence_map(rows, MARKED, None) for line in found}
    assert sorted(lines) == list(range(1, 24))
    assert {number: line.count for number, line in lines.items() if line.count} == {5: 101, 20: 50}
    assert {number: line.gaps for number, line in lines.items() if line.gaps} == {5: 4, 20: 2}
    assert all(sum(cell.count for cell in line.cells) == line.count for line in lines.values())
    assert [lines[5].step, lines[20].step, lines[1].step] == [5, 5, 0]
    assert all(cell.step == 5 for cell in lines[5].cells)
    assert [number for number, line in lines.items() if line.declared] == [20]
    edges = [(cell.start, cell.end) for cell in lines[5].cells]
    assert edges[0][0] == 1
    assert edges[-1][1] == 101
    assert all(after[0] == before[1] + 1 for before, after in pairwise(edges))
    assert all(line.cells == () for _, found in evidence_map([], MARKED, None) for line in found)


def test_the_map_says_what_the_audit_says(small_tagger: Tagger, small_model: Path, tmp_path: Path) -> None:
    text = "\n\n".join(f"{FEES} It was noted in {year}." for year in range(1950, 2030))
    path = tmp_path / "fees.txt"
    path.write_text(text)
    tagged = small_tagger.tag_document(path)
    pq.write_table(tags_table([tagged]), tmp_path / "tags.parquet")
    pq.write_table(documents_table([tagged]), tmp_path / "documents.parquet")
    report = json.loads(audit_folder(tmp_path, str(small_model)))
    rows, document = tags_table([tagged]).to_pylist(), documents_table([tagged]).to_pylist()[0]
    lines = {line.number: line for _, found in evidence_map(rows, document, findings_of(report)) for line in found}
    for figures in report["attention"]:
        if figures["scope"] == document["document_id"]:
            share = lines[figures["objective"]].share
            assert (share.estimate, share.low, share.high) == tuple(figures[key] for key in ("estimate", "low", "high"))
            assert lines[figures["objective"]].count == figures["passages"]
    assert lines[20].emphasised
    assert lines[20].share.low > 0.4


def test_the_map_is_there_without_an_audit(stand_in: StandIn, state: Path) -> None:
    """The stand-in is no model that anything is known of."""
    with client_of(stand_in, state) as client:
        job = client.post("/v1/documents", files={"file": ("a.txt", NOTE)}).json()
        assert finished(client, job)["state"] == "done"
        shown = client.get(f"/documents/{job['id']}").text
        assert "no share can be given" in shown
        assert shown.count('<th scope="row">') == 23


def test_verdicts_priorities_and_statements_of_the_audit_are_shown_with_their_reason(
    client: Any, small_model: Path
) -> None:
    text = "\n\n".join(f"{FEES} It was noted in {year}." for year in range(2000, 2012))
    job = client.post("/v1/documents", files={"file": ("a.txt", text)}).json()
    assert finished(client, job)["state"] == "done"
    store = client.app.state.service.store
    folder = store.source(store.get(job["id"], "anybody")).parents[1]
    report = json.loads(audit_folder(folder, str(small_model)))
    (name,) = [row["document_id"] for row in report["documents"]]
    verdict = {"scope": name, "objective": 9, "verdict": "little", "reason": "even the <upper> end lies below 2 %"}
    report["little_attention"].append(verdict)
    report["priorities"] = [{"document_id": name, "declared": [7], "emphasised": [7, 12]}]
    report["attention_statements"] = [{"objective": 21, "locator": "para. 3", "quote": "Return got <no> attention."}]
    (folder / "audit.json").write_text(json.dumps(report))
    shown = client.get(f"/documents/{job['id']}").text
    findings = dict(
        re.findall(r'<th scope="row">(?:<a [^>]*>)?(\d+) .*?<td class="finding">(.*?)</td>', shown, re.DOTALL)
    )
    said = {number: re.findall(r'class="tag[^>]*>([^<]+)<', cell) for number, cell in findings.items()}
    assert {number: tags for number, tags in said.items() if tags} == {
        "7": ["declared", "emphasised"],
        "9": ["little attention"],
        "12": ["emphasised"],
    }
    assert "even the &lt;upper&gt; end lies below 2 %" in shown
    assert "Return got &lt;no&gt; attention." in shown


def test_the_audit_of_a_document_is_made_once(state: Path) -> None:
    store = JobStore(state, 10)
    job = store.add("anybody", "a.txt", io.BytesIO(b"text"))
    made = iter([b"", b"first", b"second"])
    assert [store.made_once(job.id, "audit.json", lambda folder: next(made)) for _ in range(4)] == [
        b"",
        b"first",
        b"first",
        b"first",
    ]
    store.remove(job.id)
    assert store.made_once(job.id, "audit.json", lambda folder: next(made)) == b"second", "and no folder comes back"
    assert not list((state / "files").iterdir())
    store.close()


def test_colours_are_those_of_the_audit() -> None:
    style = (Path(pages.__file__).parent / "static" / "page.css").read_text(encoding="utf-8")
    assert tuple(re.findall(r"--step-\d: (#\w+)", style)[: len(plots.STEPS)]) == plots.STEPS


def test_pieces_of_overlapping_evidence_give_the_text_again() -> None:
    text = "Fees fell and visas were eased."
    found = pieces(text, [{"objective": 20, "start": 0, "end": 20}, {"objective": 5, "start": 14, "end": 99}])
    assert "".join(piece.text for piece in found) == text
    assert [piece.objectives for piece in found] == [(20,), (5, 20), (5,)]


def test_a_pasted_line_that_is_no_running_text_is_tagged_all_the_same(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state) as client:
        sent = client.post("/", data={"text": "Visas for workers"}, follow_redirects=False)
        job = sent.headers["location"].rpartition("/")[2]
        assert finished(client, {"url": f"/v1/jobs/{job}"})["state"] == "done"
        assert "Visas for workers" in client.get(f"/documents/{job}").text


def test_a_person_gets_a_page_where_a_program_gets_json(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state) as client:
        for path, status in (("/documents/" + "0" * 32, 404), ("/nowhere", 404)):
            shown = client.get(path, headers={"accept": "text/html"})
            assert (shown.status_code, shown.headers["content-type"]) == (status, "text/html; charset=utf-8")
            assert 'role="alert"' in shown.text
            assert client.get(path).json()["detail"]
        empty = client.post("/", data={"text": "  "}, headers={"accept": "text/html"})
        assert empty.status_code == 422
        assert "paste a text" in empty.text


def test_every_answer_forbids_scripts_and_framing(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state) as client:
        for path in ("/", "/static/page.css", "/v1/objectives", "/nowhere"):
            headers = client.get(path).headers
            assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
            assert "script-src" not in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"


# in the browser


@pytest.fixture(scope="module")
def address(small_tagger: Tagger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(small_tagger, tmp_path_factory.mktemp("page")) as made:
        yield made


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    made = browser.new_page(accept_downloads=True)
    made.set_default_timeout(PATIENCE)
    made.problems = []
    made.on("console", lambda message: made.problems.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: made.problems.append(str(error)))
    yield made
    made.close()


@pytest.fixture(scope="module")
def document(address: str) -> str:
    """The address of a page with findings."""
    client = httpx.Client(base_url=address, timeout=120)
    texts = [FEES, "Border guards were trained to recognise victims of trafficking.", "The harbour was painted."]
    rows = "".join(json.dumps({"text": f"{texts[at % 3]} This was noted in year {at}."}) + "\n" for at in range(60))
    job = client.post("/v1/documents", files={"file": ("review-of-marovia.jsonl", rows)}).json()
    assert finished(client, job)["state"] == "done"
    return f"{address}/documents/{job['id']}"


def follow(tab: Any, what: str) -> None:
    """Clicks, and waits for the page that follows to be there as a whole."""
    with tab.expect_navigation():
        tab.locator(what).first.click()


def shown(tab: Any) -> list[str]:
    return [item.strip() for item in tab.locator("ol.passages blockquote").all_inner_texts()]


@needs_chromium
def test_a_pasted_text_is_shown_with_its_objectives_and_evidence(tab: Any, address: str) -> None:
    tab.goto(address)
    tab.fill("#text", NOTE)
    tab.click("text=Tag the text")
    tab.wait_for_selector("ol.passages")
    assert FEES in shown(tab)
    passage = tab.locator("ol.passages > li", has_text=FEES)
    assert "20 Remittances" in passage.locator(".chips").inner_text()
    assert "remittances" in passage.locator("mark").first.inner_text()
    assert tab.problems == []


@needs_chromium
def test_a_file_is_uploaded_and_its_tags_are_downloaded(tab: Any, address: str) -> None:
    tab.goto(address)
    tab.set_input_files("#file", {"name": "note.txt", "mimeType": "text/plain", "buffer": NOTE.encode()})
    tab.click("text=Tag the file")
    tab.wait_for_selector("ol.passages")
    assert tab.locator("h1").inner_text() == "note"
    with tab.expect_download() as started:
        tab.click("text=CSV")
    name, path = started.value.suggested_filename, started.value.path()
    assert name.endswith(".csv")
    rows = csv.DictReader(io.StringIO(Path(path).read_text(encoding="utf-8-sig")))
    assert FEES in [row["text"] for row in rows]


@needs_chromium
def test_every_format_is_offered_for_download(tab: Any, document: str) -> None:
    tab.goto(document)
    tab.locator("nav.downloads summary").click()
    links = tab.locator("nav.downloads details a")
    addresses = links.evaluate_all("items => items.map(item => item.getAttribute('href'))")
    assert sorted(address.partition("format=")[2] for address in addresses) == sorted(FORMATS)
    with tab.expect_download() as started:
        links.get_by_text("Turtle").click()
    assert started.value.suggested_filename.endswith(".ttl")
    assert "skos:Concept" in Path(started.value.path()).read_text(encoding="utf-8")


@needs_chromium
def test_filters_leave_the_passages_asked_for(tab: Any, document: str) -> None:
    tab.goto(document)
    assert len(shown(tab)) == 50
    tab.select_option("[name=objective]", "20")
    follow(tab, "form.filter button")
    assert "objective=20" in tab.url
    assert len(shown(tab)) >= 20
    assert all("20" in chips for chips in tab.locator("ol.passages .chips").all_inner_texts())
    tab.select_option("[name=certainty]", "0.9")
    tab.select_option("[name=role]", "trend")
    tab.select_option("[name=cluster]", "2")
    follow(tab, "form.filter button")
    assert shown(tab) == []
    follow(tab, "text=Show all")
    assert len(shown(tab)) == 50
    follow(tab, "text=Next")
    assert len(shown(tab)) == 10


@needs_chromium
def test_a_number_of_the_map_leads_to_as_many_passages(tab: Any, document: str) -> None:
    tab.goto(document)
    cell = tab.locator("table.map td.n a").first
    count = int(cell.inner_text())
    follow(tab, "table.map td.n a")
    assert "start=" in tab.url
    assert len(shown(tab)) == count > 0


@needs_chromium
def test_scores_are_shown_on_demand(tab: Any, document: str) -> None:
    tab.goto(document)
    passage = tab.locator("ol.passages > li", has_text="remittances").first
    assert not passage.locator(".scores").is_visible()
    passage.locator("summary").click()
    assert passage.locator(".scores li").count() == 23
    assert passage.locator(".scores").is_visible()
    assert "Words for 20" in passage.inner_text()


@needs_chromium
def test_everything_works_with_the_keyboard_alone(tab: Any, address: str) -> None:
    def reach(selector: str, most: int = 120) -> None:
        for _ in range(most):
            tab.keyboard.press("Tab")
            if tab.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} was not reached")

    tab.goto(address)
    reach("a.skip", 1)
    assert tab.locator("a.skip").bounding_box()["width"] > 50, "it is seen when it has the focus"
    reach("#text")
    tab.keyboard.insert_text(NOTE)
    reach("button")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("ol.passages")
    reach("[name=objective]")
    tab.keyboard.type("20")
    reach("form.filter button")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**objective=20**")
    assert shown(tab) == [FEES]
    tab.locator("#passages-title").focus()
    reach("summary")
    tab.keyboard.press("Enter")
    assert tab.locator(".scores").first.is_visible()


@needs_chromium
def test_a_phone_needs_no_sideways_scroll(browser: Any, address: str, document: str) -> None:
    tab = browser.new_page(viewport=PHONE, has_touch=True)
    tab.set_default_timeout(PATIENCE)
    for path in (address, document, address + "/documents/" + "0" * 32):
        tab.goto(path)
        assert width_of(tab) <= PHONE["width"], path
    tab.close()


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_barrier(browser: Any, address: str, document: str, scheme: str) -> None:
    # The policy of the page lets no script in, not even this one.
    tab = browser.new_page(color_scheme=scheme, bypass_csp=True)
    tab.set_default_timeout(PATIENCE)
    for path in (address, document, address + "/documents/" + "0" * 32):
        tab.goto(path)
        assert serious_barriers(tab) == [], path
    tab.close()


@needs_chromium
def test_script_tags_in_a_text_are_text(tab: Any, address: str) -> None:
    tab.goto(address)
    name = "<img src=x onerror=alert(1)>.txt"
    tab.set_input_files("#file", {"name": name, "mimeType": "text/plain", "buffer": f"{EVIL}\n\n{FEES}".encode()})
    tab.click("text=Tag the file")
    tab.wait_for_selector("ol.passages")
    assert any("<script>document.title" in text for text in shown(tab))
    assert "owned" not in tab.title()
    assert tab.locator("main script, main img").count() == 0
    assert tab.problems == []


@needs_chromium
def test_nothing_is_asked_of_other_machines(tab: Any, address: str, document: str) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    for path in (address, document):
        tab.goto(path)
    assert asked
    assert [url for url in asked if not url.startswith((address, "data:"))] == []


@needs_chromium
def test_on_paper_there_are_passages_and_no_controls(tab: Any, document: str) -> None:
    tab.goto(document)
    tab.emulate_media(media="print")
    assert tab.locator("ol.passages").is_visible()
    assert not tab.locator("form.filter").is_visible()
    assert not tab.locator("nav.downloads").is_visible()
    assert tab.pdf().startswith(b"%PDF")
