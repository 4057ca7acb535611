"""Queue, limits, keys, logs and jobs, with a stand-in for the model that answers when it is told to."""

import base64
import io
import json
import logging
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fpdf import FPDF
from serving_builders import FEES, NOTE, StandIn, client_of, finished, until

from gcmtag.classifying import Inputs
from gcmtag.errors import UsageError
from gcmtag.serving import Settings, unpacking
from gcmtag.serving.batching import Batcher, Busy, NotReady
from gcmtag.serving.jobs import JobStore, safe_name
from gcmtag.serving.settings import digest, read_keys
from gcmtag.serving.watching import JsonLines

KEY = "correct-horse-battery-staple"


def files_in(state: Path) -> list[Path]:
    return [path for path in (state / "files").rglob("*") if path.is_file()]


def bomb() -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(220):
            member.write(bytes(1_000_000))
    return stream.getvalue()


def pdf_of(pages: int) -> bytes:
    pdf = FPDF()
    pdf.set_font("helvetica", size=11)
    for _ in range(pages):
        pdf.add_page()
        pdf.multi_cell(0, 6, FEES)
    return bytes(pdf.output())


# the queue


@pytest.fixture
def batcher(stand_in: StandIn) -> Any:
    made = Batcher(lambda: stand_in, batch_texts=64, queue_texts=100)
    made.start()
    until(lambda: made.ready)
    yield made
    stand_in.gate.set()
    made.stop(5)


def test_requests_that_wait_together_are_encoded_together(stand_in: StandIn, batcher: Batcher) -> None:
    stand_in.gate.clear()
    first = batcher.submit(Inputs.of_texts(["first"]))
    assert stand_in.entered.wait(10)
    others = [batcher.submit(Inputs.of_texts([f"text {at}"])) for at in range(20)]
    stand_in.gate.set()
    assert all(len(future.result(10)) == 1 for future in [first, *others])
    assert [len(batch) for batch in stand_in.batches] == [1, 20]


def test_a_long_request_lets_short_ones_go_first(stand_in: StandIn, batcher: Batcher) -> None:
    stand_in.gate.clear()
    long = batcher.submit(Inputs.of_texts([f"long {at}" for at in range(500)]))
    short = batcher.submit(Inputs.of_texts(["short"]), patient=True)
    stand_in.gate.set()
    short.result(10)
    assert "short" in [text for batch in stand_in.batches[:2] for text in batch]
    assert len(long.result(10)) == 500
    texts = [text for batch in stand_in.batches for text in batch if text.startswith("long")]
    assert texts == [f"long {at}" for at in range(500)], "in order, each once"


def test_a_full_queue_refuses_and_says_when_to_come_back(stand_in: StandIn, batcher: Batcher) -> None:
    stand_in.gate.clear()
    batcher.submit(Inputs.of_texts(["first"]))
    assert stand_in.entered.wait(10)
    waiting = batcher.submit(Inputs.of_texts(["text"] * 90))
    with pytest.raises(Busy) as refused:
        batcher.submit(Inputs.of_texts(["text"] * 20))
    assert refused.value.retry_after >= 1
    stand_in.gate.set()
    waiting.result(10)
    assert batcher.waiting == 0
    assert len(batcher.submit(Inputs.of_texts(["text"] * 20)).result(10)) == 20


def test_a_text_that_breaks_the_model_spoils_no_other_answer(stand_in: StandIn, batcher: Batcher) -> None:
    stand_in.gate.clear()
    batcher.submit(Inputs.of_texts(["first"]))
    assert stand_in.entered.wait(10)
    bad, good = batcher.submit(Inputs.of_texts(["break"])), batcher.submit(Inputs.of_texts(["good"]))
    stand_in.gate.set()
    assert len(good.result(10)) == 1
    with pytest.raises(RuntimeError):
        bad.result(10)


def test_what_its_sender_no_longer_wants_is_not_tagged(stand_in: StandIn, batcher: Batcher) -> None:
    stand_in.gate.clear()
    batcher.submit(Inputs.of_texts(["first"]))
    assert stand_in.entered.wait(10)
    unwanted = batcher.submit(Inputs.of_texts(["unwanted"]))
    unwanted.cancel()
    wanted = batcher.submit(Inputs.of_texts(["wanted"]))
    stand_in.gate.set()
    wanted.result(10)
    assert stand_in.batches == [["first"], ["wanted"]]
    assert batcher.waiting == 0


@pytest.fixture
def long_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gcmtag.serving.batching.LONGEST_GATHERING", 30.0)
    monkeypatch.setattr("gcmtag.serving.batching.SHARE_OF_GATHERING", 1e9)


@pytest.mark.usefixtures("long_gathering")
def test_callers_answered_together_are_encoded_together_when_they_ask_again(
    stand_in: StandIn, batcher: Batcher
) -> None:
    stand_in.gate.clear()
    batcher.submit(Inputs.of_texts(["first"]))
    assert stand_in.entered.wait(10)
    together = [batcher.submit(Inputs.of_texts([f"text {at}"])) for at in range(5)]
    stand_in.gate.set()
    for future in together:
        future.result(10)
    again = []
    for at in range(5):
        time.sleep(0.02)  # each takes a moment to come back
        again.append(batcher.submit(Inputs.of_texts([f"again {at}"])))
    for future in again:
        future.result(10)
    assert [len(batch) for batch in stand_in.batches] == [1, 5, 5]


@pytest.mark.usefixtures("long_gathering")
def test_a_caller_who_is_alone_waits_for_nobody(stand_in: StandIn, batcher: Batcher) -> None:
    for at in range(3):
        batcher.submit(Inputs.of_texts([f"text {at}"])).result(10)
    assert [len(batch) for batch in stand_in.batches] == [1, 1, 1]


def test_a_model_that_cannot_be_loaded_is_told_by_readyz(state: Path) -> None:
    def broken() -> Any:
        raise UsageError("no such model: train one")

    from starlette.testclient import TestClient

    from gcmtag.serving import create_app

    with TestClient(create_app(Settings(state), broken), base_url="http://localhost") as client:
        until(lambda: "no such model" in client.get("/readyz").text)
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        answer = client.post("/v1/tag", json={"texts": [FEES]})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_stopping_answers_what_waits(stand_in: StandIn, batcher: Batcher) -> None:
    futures = [batcher.submit(Inputs.of_texts(["text"])) for _ in range(5)]
    batcher.stop(5)
    assert all(len(future.result(0)) == 1 for future in futures)
    with pytest.raises(NotReady):
        batcher.submit(Inputs.of_texts(["text"]))


# limits over HTTP


def test_a_full_queue_is_429_with_retry_after(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state, queue_texts=10) as client, ThreadPoolExecutor(2) as pool:
        stand_in.gate.clear()
        batcher = client.app.state.service.batcher
        first = pool.submit(client.post, "/v1/tag", json={"texts": ["one"]})
        assert stand_in.entered.wait(10)
        second = pool.submit(client.post, "/v1/tag", json={"texts": ["two"] * 9})
        until(lambda: batcher.waiting >= 9)
        refused = client.post("/v1/tag", json={"texts": ["three"] * 5})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        stand_in.gate.set()
        assert (first.result(10).status_code, second.result(10).status_code) == (200, 200)


def test_too_many_waiting_documents_are_429_and_leave_no_file(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state, queue_jobs=1) as client:
        stand_in.gate.clear()
        assert client.post("/v1/documents", files={"file": ("a.txt", NOTE)}).status_code == 202
        before = files_in(state)
        refused = client.post("/v1/documents", files={"file": ("b.txt", NOTE + "More.")})
        assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
        assert files_in(state) == before
        stand_in.gate.set()


def test_a_large_body_is_413_whether_its_length_is_told_or_not(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state, most_bytes=10_000) as client:
        body = json.dumps({"texts": ["x" * 11_000]}).encode()
        told = client.post("/v1/tag", content=body, headers={"content-type": "application/json"})
        untold = client.post(
            "/v1/tag",
            content=(body[at : at + 1000] for at in range(0, len(body), 1000)),
            headers={"content-type": "application/json"},
        )
        upload = client.post("/v1/documents", files={"file": ("a.txt", "x" * 11_000)})
        assert [told.status_code, untold.status_code, upload.status_code] == [413, 413, 413]
        assert "10,000 bytes" in untold.json()["detail"]
        assert files_in(state) == []


def test_too_many_pages_are_422_and_leave_no_file(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state, most_pages=2) as client:
        refused = client.post("/v1/documents", files={"file": ("long.pdf", pdf_of(3))})
        assert refused.status_code == 422
        assert refused.json()["detail"] == "long.pdf: it has 3 pages, this service takes 2; split it"
        assert files_in(state) == []
        assert client.post("/v1/documents", files={"file": ("short.pdf", pdf_of(2))}).status_code == 202


def test_a_zip_bomb_is_refused_and_leaves_no_file(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state) as client:
        refused = client.post("/v1/documents", files={"file": ("bomb.docx", bomb())})
        assert refused.status_code == 422
        assert refused.json()["detail"].startswith("bomb.docx")
        assert files_in(state) == []


def parquet(rows: int = 1, **columns: object) -> pa.Table:
    return pa.table({"text": [FEES] * rows, **columns})


LONG = "A" * 1_000_000
SWOLLEN = {
    "rows": lambda: parquet(3001),
    "zeros": lambda: parquet(x=[bytes(300_000_000)]),
    "one value of a dictionary": lambda: parquet(
        3000, x=pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), pa.array([LONG]))
    ),
    "a run of nulls": lambda: parquet(x=pa.ListArray.from_arrays([0, 100_000_000], pa.nulls(100_000_000, pa.int8()))),
    "columns": lambda: parquet(**{f"c{at}": [1] for at in range(2001)}),
}


@pytest.mark.parametrize("name", SWOLLEN)
def test_a_small_parquet_file_that_unpacks_to_much_is_refused_before_it_is_read(
    stand_in: StandIn, state: Path, name: str
) -> None:
    content = io.BytesIO()
    pq.write_table(SWOLLEN[name](), content, compression="zstd", use_dictionary="one" in name)
    assert len(content.getvalue()) < 1_000_000
    with client_of(stand_in, state, most_passages=3000) as client:
        refused = client.post("/v1/documents", files={"file": ("small.parquet", content.getvalue())})
        assert refused.status_code == 422, refused.text
        wanted = {"rows": "has 3001 rows, this service takes 3000", "columns": "has 2002 columns"}
        assert wanted.get(name, "unpacks to more than 200 MB") in refused.json()["detail"]
        assert files_in(state) == []
        good = io.BytesIO()
        pq.write_table(parquet(40), good)
        job = client.post("/v1/documents", files={"file": ("good.parquet", good.getvalue())}).json()
        assert finished(client, job)["passages"] == 40, "the service keeps serving"


def test_metadata_that_lie_about_the_size_deceive_nobody(tmp_path: Path) -> None:
    def varint(value: int, length: int) -> bytes:
        digits = [(2 * value >> 7 * at) & 127 for at in range(length)]  # zigzag, as Thrift writes it
        return bytes([digit | 128 for digit in digits[:-1]] + digits[-1:])

    path = tmp_path / "lie.parquet"
    pq.write_table(parquet(x=[bytes(300_000_000)]), path, compression="zstd", use_dictionary=False)
    size = pq.ParquetFile(path).metadata.row_group(0).column(1).total_uncompressed_size
    content = path.read_bytes()
    assert content.count(varint(size, 5)) >= 1
    path.write_bytes(content.replace(varint(size, 5), varint(100, 5)))
    assert pq.ParquetFile(path).metadata.row_group(0).column(1).total_uncompressed_size == 100
    assert unpacking.refusal(path, 10) == unpacking.TOO_LARGE


def test_a_damaged_parquet_file_is_left_to_the_reader(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state) as client:
        job = client.post("/v1/documents", files={"file": ("a.parquet", b"PAR1" + bytes(40) + b"PAR1")}).json()
        ended = finished(client, job)
        assert ended["state"] == "failed"
        assert ended["error"].startswith("a.parquet: its parquet content is damaged")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/cron.d/evil.txt", "evil.txt"),
        ("..\\..\\windows\\evil.txt", "evil.txt"),
        ("/etc/passwd", "passwd"),
        ("..", "document"),
        ("nul\x00l\r\n.txt", "null.txt"),
        ("é" * 300 + ".pdf", "é" * 48 + ".pdf"),
    ],
)
def test_a_path_in_a_file_name_leads_nowhere(tmp_path: Path, name: str, shown: str) -> None:
    store = JobStore(tmp_path / "state", 10)
    job = store.add("anybody", name, io.BytesIO(b"text"))
    assert job.name == safe_name(name) == shown
    assert store.source(job).resolve().is_relative_to((tmp_path / "state" / "files" / job.id).resolve())
    assert store.source(job).read_bytes() == b"text"
    store.close()


# jobs


def test_jobs_survive_a_restart(stand_in: StandIn, state: Path) -> None:
    stand_in.gate.clear()
    store = JobStore(state, 10)
    running, queued = (store.add("anybody", name, io.BytesIO(NOTE.encode())) for name in ("a.txt", "b.txt"))
    store.queue(running)
    store.queue(queued)
    assert store.take() == running
    store.close()  # as if the process had died now
    stand_in.gate.set()
    with client_of(stand_in, state) as client:
        for job in (running, queued):
            assert finished(client, {"url": f"/v1/jobs/{job.id}"})["state"] == "done"
    with client_of(stand_in, state) as client:
        assert client.get(f"/v1/jobs/{running.id}").json()["state"] == "done", "results survive, too"
        rows = client.get(f"/v1/jobs/{running.id}/results").json()["tags"]
        assert FEES in [row["text"] for row in rows]
    assert not [path for path in files_in(state) if path.suffix == ".txt"], "uploads are removed when tagged"


def test_a_stop_hands_back_a_job_that_takes_too_long(stand_in: StandIn, state: Path) -> None:
    texts = "\n\n".join(f"Passage {at} says that visas were eased in the year." for at in range(200))
    with client_of(stand_in, state, patience=0.2) as client:
        stand_in.gate.clear()
        job = client.post("/v1/documents", files={"file": ("long.txt", texts)}).json()
        until(lambda: client.get(job["url"]).json()["state"] == "running")
        threading.Timer(1.0, stand_in.gate.set).start()
    store = JobStore(state, 10)
    (left,) = store._select("")
    assert (left.state, left.attempts, store.source(left).exists()) == ("queued", 0, True)
    store.close()
    with client_of(stand_in, state) as client:
        assert finished(client, job)["state"] == "done"


def test_a_stop_lets_a_short_job_finish(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state) as client:
        job = client.post("/v1/documents", files={"file": ("a.txt", NOTE)}).json()
        until(lambda: client.get(job["url"]).json()["state"] != "queued")
    store = JobStore(state, 10)
    assert store.get(job["id"], "anybody").state == "done"
    store.close()


def test_a_document_that_stops_the_service_again_and_again_is_given_up(state: Path) -> None:
    store = JobStore(state, 10)
    job = store.add("anybody", "a.txt", io.BytesIO(b"text"))
    store.queue(job)
    for _ in range(3):
        assert store.take() is not None
        store.take_up()
    assert store.get(job.id, "anybody").state == "failed"
    assert "a.txt" in store.get(job.id, "anybody").error
    assert files_in(state) == []
    store.close()


def test_two_services_cannot_share_a_state_folder(state: Path) -> None:
    store = JobStore(state, 10)
    with pytest.raises(UsageError, match="another service"):
        JobStore(state, 10)
    store.close()
    JobStore(state, 10).close()


def test_results_are_removed_after_their_time(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state) as client:
        job = client.post("/v1/documents", files={"file": ("a.txt", NOTE)}).json()
        finished(client, job)
        assert client.app.state.service.store.expire(3600) == 0
        assert client.app.state.service.store.expire(-1) == 1
        assert client.get(job["url"]).status_code == 404
        assert files_in(state) == []


# keys


def test_other_machines_need_keys(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="API keys"):
        Settings(tmp_path, host="0.0.0.0")  # noqa: S104
    assert Settings(tmp_path, host="0.0.0.0", keys=(digest(KEY),)).host == "0.0.0.0"  # noqa: S104


def test_keys_come_from_a_file_and_from_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# for the hub\n{KEY}\n\n")
    assert read_keys(path, {"GCMTAG_API_KEYS": f"{KEY}-2, {KEY}-3"}) == tuple(
        map(digest, (KEY, KEY + "-2", KEY + "-3"))
    )
    assert read_keys(None, {}) == ()
    for content in ("", "# none\n", "short\n"):
        path.write_text(content)
        with pytest.raises(UsageError):
            read_keys(path, {})
    with pytest.raises(UsageError, match="nowhere"):
        read_keys(tmp_path / "nowhere", {})


def test_without_a_known_key_only_health_is_answered(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state, keys=(digest(KEY), digest(KEY + "-2"))) as client:
        for path in (
            "/",
            "/v1/objectives",
            "/metrics",
            "/openapi.json",
            "/documents/x",
            "/static/page.css",
            "/nowhere",
        ):
            for headers in ({}, {"x-api-key": KEY + "x"}, {"authorization": "Bearer "}, {"authorization": "Basic ###"}):
                assert client.get(path, headers=headers).status_code == 401, path
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
        basic = base64.b64encode(f"me:{KEY}".encode()).decode()
        for headers in ({"x-api-key": KEY}, {"authorization": f"Bearer {KEY}-2"}, {"authorization": f"Basic {basic}"}):
            assert client.get("/v1/objectives", headers=headers).status_code == 200


def test_a_job_is_seen_only_by_the_key_that_sent_it(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state, keys=(digest(KEY), digest(KEY + "-2"))) as client:
        mine, other = {"x-api-key": KEY}, {"x-api-key": KEY + "-2"}
        job = client.post("/v1/documents", files={"file": ("a.txt", NOTE)}, headers=mine).json()
        assert finished(client, job, mine)["state"] == "done"
        for path in (job["url"], job["url"] + "/results", f"/documents/{job['id']}"):
            assert client.get(path, headers=mine).status_code == 200
            assert client.get(path, headers=other).status_code == 404


def test_pages_of_other_sites_can_neither_send_nor_read(stand_in: StandIn, state: Path) -> None:
    with client_of(stand_in, state) as client:
        for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
            assert client.post("/", data={"text": NOTE}, headers=headers).status_code == 403
        own = {"origin": "http://127.0.0.1:8000"}
        assert client.post("/", data={"text": NOTE}, headers=own, follow_redirects=False).status_code == 303
        assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 403
        assert client.get("/", headers={"host": "[::1]:8000"}).status_code == 200


# logs and figures


def test_the_log_is_json_without_text_names_or_ids(
    stand_in: StandIn, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gcmtag.serving")
    logging.getLogger("gcmtag.serving").propagate = True
    with client_of(stand_in, state) as client:
        client.post("/v1/tag", json={"texts": [FEES, "x"], "contexts": ["Private heading", ""]})
        job = client.post("/v1/documents", files={"file": ("private-name.txt", NOTE)}).json()
        finished(client, job)
        assert client.post("/v1/tag", json={"texts": ["break"]}).status_code == 500
        client.post("/v1/tag", content=b'{"texts": "Private')
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    tag = next(line for line in lines if line.get("route") == "/v1/tag")
    assert (tag["event"], tag["method"], tag["status"], tag["texts"]) == ("request", "POST", 200, 2)
    assert any(line["event"] == "document" and line["outcome"] == "done" for line in lines)
    assert next(line for line in lines if line.get("status") == 500)["error"] == "RuntimeError"
    whole = json.dumps(lines).casefold()
    for secret in ("marovia", "private", "secret words", job["id"], "border guards"):
        assert secret not in whole


def test_an_exception_logged_by_a_library_loses_its_message() -> None:
    try:
        raise ValueError("secret words")
    except ValueError as error:
        record = logging.LogRecord(
            "uvicorn.error", logging.ERROR, __file__, 1, "failed", (), (ValueError, error, error.__traceback__)
        )
    line = json.loads(JsonLines().format(record))
    assert line["error"] == "ValueError"
    assert "secret" not in json.dumps(line)


def test_prometheus_sees_requests_batches_and_refusals(stand_in: StandIn, state: Path) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    with client_of(stand_in, state, most_bytes=1000) as client:
        client.post("/v1/tag", json={"texts": ["one", "two"]})
        client.post("/v1/tag", json={"texts": ["x" * 2000]})
        client.get("/v1/jobs/0f3c9a52b7de4c0f8f5a6f1f2f4f7c11")
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found[("gcmtag_texts_total",)] == 2
    assert found[("gcmtag_batch_requests_sum",)] == 1
    assert found[("gcmtag_refused_total", "413")] == 1
    assert found[("gcmtag_requests_total", "/v1/tag", "200", "POST")] == 1
    assert found[("gcmtag_requests_total", "/v1/jobs/{job_id}", "404", "GET")] == 1
    assert found[("gcmtag_ready",)] == 1
