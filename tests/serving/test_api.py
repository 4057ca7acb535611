"""The routes for programs, with the small model: answers, bad input, and what OpenAPI promises."""

import csv
import io
import json
import re
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import openpyxl
import pandas as pd
import pytest
from serving_builders import FEES, NOTE, finished, served, until
from starlette.testclient import TestClient

from gcmtag import CLUSTERS, OBJECTIVES, Tagger
from gcmtag.exporting import FORMATS, Options, export

GUARDS = "Border guards were trained to recognise victims of trafficking."
JSON = {"content-type": "application/json"}


def results(client: TestClient, text: str, style: str, name: str = "note.txt") -> httpx.Response:
    job = client.post("/v1/documents", files={"file": (name, text)}).json()
    assert finished(client, job)["state"] == "done"
    return client.get(f"{job['url']}/results", params={"format": style})


# tagging


def test_texts_get_the_tags_that_python_gives(client: TestClient, small_tagger: Tagger) -> None:
    texts, contexts = [FEES, GUARDS, ""], ["Diaspora", "", "Borders"]
    answer = client.post("/v1/tag", json={"texts": texts, "contexts": contexts}).json()
    assert answer["model"] == small_tagger.model
    for got, tags in zip(answer["tags"], small_tagger.tag(texts, contexts), strict=True):
        assert got["objectives"] == list(tags.objectives)
        assert got["scores"] == pytest.approx(tags.scores, abs=0.005)
        assert (got["clusters"], got["role"]) == (list(tags.clusters), tags.role)
        assert [(e["objective"], e["start"], e["end"]) for e in got["evidence"]] == [
            (e.objective, e.start, e.end) for e in tags.evidence
        ]
        assert got["unsure"] == list(tags.unsure)
    assert 20 in answer["tags"][0]["objectives"]


def test_texts_of_many_callers_get_their_own_answers(client: TestClient) -> None:
    texts = [FEES, GUARDS, "The harbour was painted.", "Visas for seasonal workers were eased."]
    alone = [client.post("/v1/tag", json={"texts": [text]}).json()["tags"][0]["scores"] for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda at: client.post("/v1/tag", json={"texts": [texts[at % 4]]}).json(), range(24)))
    for at, answer in enumerate(together):
        assert answer["tags"][0]["scores"] == pytest.approx(alone[at % 4], abs=0.005)


def test_objectives_are_all_there_in_order(client: TestClient) -> None:
    answer = client.get("/v1/objectives").json()
    assert [item["title"] for item in answer["objectives"]] == [item.title for item in OBJECTIVES]
    assert [tuple(item["objectives"]) for item in answer["clusters"]] == [item.objectives for item in CLUSTERS]


# documents


def test_a_document_gives_the_same_tags_in_every_format(
    client: TestClient, small_tagger: Tagger, tmp_path: Path
) -> None:
    path = tmp_path / "note.txt"
    path.write_text(NOTE)
    expected = small_tagger.tag_document(path).to_frame()
    as_json = results(client, NOTE, "json").json()
    frame = pd.read_parquet(io.BytesIO(results(client, NOTE, "parquet").content))
    rows = list(csv.DictReader(io.StringIO(results(client, NOTE, "csv").content.decode("utf-8-sig"))))
    for column in ("passage_id", "text", "objectives", "role"):
        wanted = [list(value) if column == "objectives" else value for value in expected[column]]
        assert [row[column] for row in as_json["tags"]] == wanted
        assert [list(value) if column == "objectives" else value for value in frame[column]] == wanted
        joined = [" | ".join(map(str, value)) if column == "objectives" else value for value in expected[column]]
        assert [row[column] for row in rows] == joined
    assert as_json["documents"][0]["path"] == "note.txt"
    assert any(expected["objectives"])


@pytest.fixture(scope="module")
def done(client: TestClient) -> dict:
    """The job of a note that is tagged."""
    job = client.post("/v1/documents", files={"file": ("note.txt", NOTE)}).json()
    return finished(client, job)


@pytest.mark.parametrize("style", FORMATS)
def test_every_format_of_the_export_is_given_as_the_export_writes_it(
    client: TestClient, done: dict, style: str
) -> None:
    answer = client.get(done["results"][style])
    assert answer.headers["content-type"] == FORMATS[style].media_type
    name = re.fullmatch(r'attachment; filename="(.*)"', answer.headers["content-disposition"])[1]
    assert name.startswith(f"gcmtag-{done['id'][:8]}")
    assert name.endswith(FORMATS[style].suffix)
    if style not in {"xlsx", "spacy"}:  # these hold the moment at which they were written, or a random order
        tables = client.app.state.service.store.results(done["id"])
        assert answer.content == export(*tables, style, Options(about={"finished": done["finished"]}))


def test_no_two_formats_share_a_file_name(client: TestClient, done: dict) -> None:
    names = {client.get(url).headers["content-disposition"] for url in done["results"].values()}
    assert list(done["results"]) == list(FORMATS)
    assert len(names) == len(FORMATS)


def test_a_workbook_opens_and_has_hashtags_where_wanted(client: TestClient, done: dict) -> None:
    book = openpyxl.load_workbook(io.BytesIO(client.get(done["results"]["xlsx"] + "&hxl=true").content))
    header, hashtags, first, *_ = book["passages"].iter_rows(values_only=True)
    assert first[header.index("text")] == FEES
    assert hashtags[header.index("text")] == "#description+text"
    refused = client.get(done["results"]["ttl"] + "&hxl=true")
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "ttl has no row of hashtags: HXL goes with csv and xlsx",
    )


def test_what_a_format_cannot_hold_is_said_in_a_header(client: TestClient, done: dict) -> None:
    assert "x-gcmtag-notes" not in client.get(done["results"]["xlsx"]).headers
    table = json.dumps({"text": "Visas were eased for all.", "r\u00e9gion\r\nX-Evil: 1": "n\x02ord"}) + "\n"
    answer = results(client, table, "xlsx", "table.jsonl")
    assert "1 cells of passages, column r\\xe9gion X-Evil: 1, hold characters" in answer.headers["x-gcmtag-notes"]
    assert "x-evil" not in answer.headers


def test_openapi_names_every_format_with_its_media_type(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/v1/jobs/{job_id}/results"]["get"]
    assert set(operation["responses"]["200"]["content"]) == {item.media_type for item in FORMATS.values()}
    (chosen,) = [item["schema"]["enum"] for item in operation["parameters"] if item["name"] == "format"]
    assert chosen == list(FORMATS)


def test_a_text_that_begins_like_a_formula_is_none_in_the_csv(client: TestClient) -> None:
    text = '=HYPERLINK("http://elsewhere.example","Visas") were eased for the workers of the harbour.'
    table = json.dumps({"text": text}) + "\n" + json.dumps({"text": "@sum of all visas."}) + "\n"
    shown = results(client, table, "csv", "table.jsonl").content.decode("utf-8-sig")
    assert [row["text"] for row in csv.DictReader(io.StringIO(shown))] == ["'" + text, "'@sum of all visas."]


def test_a_job_that_is_not_done_has_no_results(client: TestClient) -> None:
    store = client.app.state.service.store
    job = store.add("anybody", "later.txt", io.BytesIO(b"x"))
    store._do(
        "INSERT INTO jobs (id, owner, name, pasted, state, created) VALUES (?, 'anybody', 'x', 0, 'running', 1)",
        (job.id,),
    )
    assert client.get(f"/v1/jobs/{job.id}/results").status_code == 409
    store.remove(job.id)
    assert client.get(f"/v1/jobs/{job.id}/results").status_code == 404


def test_a_document_that_cannot_be_read_says_why_under_its_own_name(client: TestClient) -> None:
    refused = client.post("/v1/documents", files={"file": ("../../photo.pdf", b"\x89PNG\r\n\x1a\n" + bytes(40))})
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("photo.pdf: it is a PNG image")
    job = client.post("/v1/documents", files={"file": ("broken.pdf", b"%PDF-1.7\nnothing")}).json()
    ended = finished(client, job)
    assert ended["state"] == "failed"
    assert ended["error"].startswith("broken.pdf")
    assert client.get(job["url"] + "/results").status_code == 409
    state = str(client.app.state.service.settings.state)
    assert state not in json.dumps([refused.json(), ended])


# bad input


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"texts": ["x"', 422),
        (b'{"texts": ["\xff"]}', 400),
        (b"[" * 100_000, 400),
        (b"null", 422),
        (b'{"texts": "one"}', 422),
        (b'{"texts": []}', 422),
        (b'{"texts": [1, null]}', 422),
        (b'{"texts": ["x"], "contexts": []}', 422),
        (b'{"texts": ["x"], "context": ["y"]}', 422),
        (b'{"texts": ["\\ud800"]}', 422),
        (json.dumps({"texts": ["x"] * 1001}).encode(), 422),
        (json.dumps({"texts": ["x" * 10_000_000]}).encode(), 422),
    ],
    ids=range(12),
)
def test_a_wrong_body_gets_a_clear_answer_without_its_content(client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/v1/tag", content=body, headers=JSON)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert len(answer.content) < 10_000, "the content is not sent back"


def test_texts_without_sense_are_tagged_all_the_same(client: TestClient) -> None:
    texts = ["", " ", "\x00", "𝔘𝔫𝔦", "a" * 20_000, "<script>alert(1)</script>", "\n".join("ab" * 5000), "\u202e"]
    answer = client.post("/v1/tag", json={"texts": texts})
    assert answer.status_code == 200
    assert len(answer.json()["tags"]) == len(texts)


def test_ten_megabytes_of_one_line_are_refused_clearly(client: TestClient) -> None:
    job = client.post("/v1/documents", files={"file": ("line.txt", "visa and work " * 720_000)})
    assert job.status_code == 202
    ended = finished(client, job.json())
    assert ended["state"] == "failed"
    assert "line.txt: one passage has" in ended["error"]


def test_nothing_of_bad_input_stays_in_temporary_folders(
    small_tagger: Tagger, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that hangs up in the middle, a broken form, and an upload too large for memory."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with served(small_tagger, state, most_bytes=5_000_000) as address:
        host, port = address.removeprefix("http://").split(":")
        head = f"POST /v1/documents HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        part = "--b\r\nContent-Disposition: form-data; name=file; filename=a.txt\r\n\r\n"
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall((head + "Content-Length: 4000000\r\n\r\n" + part).encode() + b"x" * 3_000_000)
        with socket.create_connection((host, int(port))) as connection:
            body = json.dumps({"texts": [FEES] * 1000}).encode()
            request = f"POST /v1/tag HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{request}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        broken = {"content-type": "multipart/form-data; boundary=b"}
        assert httpx.post(address + "/v1/documents", content=b"--b\r\nnonsense", headers=broken).status_code in {
            400,
            422,
        }
        assert httpx.post(address + "/v1/documents", files={"file": ("a.txt", b"x" * 6_000_000)}).status_code == 413
        answer = httpx.post(address + "/v1/tag", json={"texts": [FEES]}, timeout=120)
        assert answer.status_code == 200, "the service keeps serving"
        until(lambda: not [path for path in (state / "files").rglob("*") if path.is_file()])
    assert list(temporary.iterdir()) == []


# OpenAPI


def test_every_example_of_the_description_is_right(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    (example,) = schema["components"]["schemas"]["TagRequest"]["examples"]
    assert client.post("/v1/tag", json=example).status_code == 200
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (path, method)
    assert {"429", "413", "422"} <= set(schema["paths"]["/v1/tag"]["post"]["responses"])


def test_schemathesis_finds_no_server_error_and_no_undocumented_answer(
    small_tagger: Tagger, state: Path, tmp_path: Path
) -> None:
    """Over the whole document, with all its phases: examples, edges of each schema, random and linked requests."""
    # As many contexts as texts are wanted, which a schema cannot say. To a form a number is text, so that every wrong
    # type that is tried for the file is a file after all. All other checks are on.
    config = tmp_path / "schemathesis.toml"
    config.write_text(
        "[checks]\npositive_data_acceptance.enabled = false\n"
        '[[operations]]\ninclude-name = "POST /v1/documents"\nchecks.negative_data_rejection.enabled = false\n'
    )
    program = [Path(sys.executable).with_name("schemathesis"), "--config-file", config]
    with served(small_tagger, state) as address:
        command = [
            *program,
            "run",
            f"{address}/openapi.json",
            "--max-examples",
            "20",
            "--seed",
            "7",
        ]
        options = [
            "--no-color",
            "--request-timeout",
            "120",
            "--generation-database",
            "none",
            "--suppress-health-check",
            "all",
        ]
        ran = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout[-6000:]
        assert "Tested: 8" in ran.stdout, ran.stdout[-3000:]
        assert httpx.get(address + "/readyz").status_code == 200
