"""The command as a process: it serves, stops gracefully, takes up its jobs; the example of its guide runs."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import openpyxl
import pytest
from serving_builders import FEES, NOTE, finished, served, until

from gcmtag import Tagger
from gcmtag.exporting import FORMATS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "tools" / "serve.md").read_text(encoding="utf-8")


def test_the_example_of_the_guide_runs(small_tagger: Tagger, state: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)
    with served(small_tagger, state) as address:
        code = example.replace("http://127.0.0.1:8000", address)
        ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    first, second = ran.stdout.splitlines()
    assert "20" in first
    assert "passages, the first:" in second


def block(word: str) -> str:
    """The one block of shell lines of the guide that holds a word."""
    (found,) = [code for code in re.findall(r"```bash\n(.*?)```", GUIDE, flags=re.DOTALL) if word in code]
    return found


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl; get it with: apt-get install curl")
def test_the_lines_with_curl_run(small_tagger: Tagger, state: Path, tmp_path: Path) -> None:
    (tmp_path / "corpus").symlink_to(ROOT / "corpus")
    with served(small_tagger, state) as address:
        code = block("curl").replace("localhost:8000", address.removeprefix("http://"))
        ran = subprocess.run(
            ["bash", "-euc", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600
        )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["tags"][0]["objectives"] == list(small_tagger.tag("Remittance fees fell.").objectives)
    assert "#description+text" in [cell.value for cell in openpyxl.load_workbook(tmp_path / "tags.xlsx")["passages"][2]]
    assert "skos:Concept" in (tmp_path / "tags.ttl").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", ["gcmtag serve\n", "--keys"])
def test_the_lines_that_start_a_service_do(
    word: str, small_model: Path, state: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each line as it stands, with this model, a free port and a folder for the state."""
    *before, line = (block(word) if word == "--keys" else word).splitlines()
    assert line in GUIDE.splitlines()
    for made in before:
        subprocess.run(["bash", "-euc", made], cwd=tmp_path, check=True)
    program, *arguments = shlex.split(line)
    assert program == "gcmtag"
    command = [sys.executable, "-m", program, *arguments, "--port", "0", "--model", small_model, "--state", state]
    log = tmp_path / "log"
    environment = os.environ | {"GCMTAG_API_KEYS": "", "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, cwd=tmp_path, stderr=log.open("w"), env=environment)
    request.addfinalizer(process.kill)
    port: list[str] = []
    until(lambda: port.extend(re.findall(r'"port": (\d+)', log.read_text())) or port)
    address = f"http://127.0.0.1:{port[0]}"
    until(lambda: httpx.get(f"{address}/readyz").status_code == 200)
    keys = (tmp_path / "keys").read_text().split() if before else []
    assert httpx.get(f"{address}/v1/objectives").status_code == (401 if keys else 200)
    for key in keys:
        assert httpx.get(f"{address}/v1/objectives", headers={"X-API-Key": key}).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) in {0, -signal.SIGTERM}


def test_the_guide_names_every_format() -> None:
    (line,) = [line for line in GUIDE.splitlines() if line.startswith("|") and "results?format=" in line]
    assert set(re.findall(r"`([a-z-]+)`", line)) == set(FORMATS)


def test_the_guide_names_every_route_and_option(gcmtag_command: Callable[..., tuple[int, str, str]]) -> None:
    from gcmtag.serving.api import router

    for route in router.routes:
        assert route.path.replace("job_id", "id") in GUIDE, route.path
    for option in re.findall(r"`(--[a-z-]+)`", GUIDE):
        assert option in gcmtag_command("serve", "--help")[1], option


def test_a_stopped_process_leaves_its_jobs_to_the_next(
    small_model: Path, state: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    long = "\n\n".join(f"{FEES} It was noted in report {at}." for at in range(9000))

    def started(log: Path) -> tuple[subprocess.Popen, httpx.Client]:
        command = [sys.executable, "-m", "gcmtag", "serve", "--port", "0", "--model", small_model, "--state", state]
        process = subprocess.Popen(command, stderr=log.open("w"), env=os.environ | {"GCMTAG_API_KEYS": ""})
        running.append(process)
        port: list[str] = []
        until(lambda: port.extend(re.findall(r'"port": (\d+)', log.read_text())) or port)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port[0]}", timeout=60)
        until(lambda: client.get("/readyz").status_code == 200)
        return process, client

    running: list[subprocess.Popen] = []
    request.addfinalizer(lambda: [process.kill() for process in running])
    process, client = started(tmp_path / "first.log")
    done = client.post("/v1/documents", files={"file": ("a.txt", NOTE)}).json()
    assert finished(client, done)["state"] == "done"
    cut_off = client.post("/v1/documents", files={"file": ("long.txt", long)}).json()
    until(lambda: client.get(cut_off["url"]).json()["state"] == "running")
    process.kill()
    process.wait(30)
    process, client = started(tmp_path / "second.log")
    assert client.get(done["url"]).json()["state"] == "done"
    assert client.get(cut_off["url"]).json()["state"] in {"queued", "running"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) in {0, -signal.SIGTERM}
    lines = [json.loads(line) for line in (tmp_path / "second.log").read_text().splitlines()]
    assert [line["event"] for line in lines][-1] == "stopped"
    assert lines[-1]["jobs_waiting"] == 1, "handed back"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "API keys"),  # noqa: S104
        (["--keys", "nowhere"], "nowhere"),
        (["--model", "nowhere"], "nowhere"),
        (["--host", "999.1.1.1", "--keys", "KEYS"], "999.1.1.1"),
    ],
)
def test_wrong_settings_are_one_line(
    gcmtag_command: Callable[..., tuple[int, str, str]],
    small_model: Path,
    tmp_path: Path,
    arguments: list[str],
    said: str,
) -> None:
    (tmp_path / "keys").write_text("correct-horse-battery-staple")
    chosen = [str(tmp_path / "keys") if argument == "KEYS" else argument for argument in arguments]
    model = [] if "--model" in chosen else ["--model", small_model]
    status, _, errors = gcmtag_command("serve", "--state", tmp_path / "state", *model, *chosen)
    assert status == 1
    assert len(errors.splitlines()) == 1
    assert said in errors
