"""Makes the pictures of the service's page in this folder from the sample documents.

    python docs/serve_screenshots.py [MODEL]

It starts the service, sends a sample, and opens the pages in Debian's chromium (apt-get install chromium); it needs the
extra ``dev``.
"""

import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parent
SAMPLE = DOCS.parent / "corpus" / "samples" / "submission-meridian-alliance.html"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
COLOURS = 64  # the pages use few; so a picture stays small


def start(model: str, state: Path) -> tuple[subprocess.Popen[bytes], httpx.Client]:
    """A service on a free port, once it is ready."""
    log = state / "log"
    command = [sys.executable, "-m", "gcmtag", "serve", "--port", "0", "--model", model, "--state", str(state)]
    process = subprocess.Popen(command, stderr=log.open("wb"))  # noqa: S603
    while not (found := re.search(r'"port": (\d+)', log.read_text())):
        time.sleep(0.2)
    client = httpx.Client(base_url=f"http://127.0.0.1:{found[1]}", timeout=600, trust_env=False)
    while client.get("/readyz").status_code != 200:
        time.sleep(0.2)
    return process, client


def save(picture: bytes, name: str) -> None:
    """Writes a picture with few colours, which keeps it small."""
    path = DOCS / name
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(path, optimize=True)
    print(f"{path}: {image.width} x {image.height}, {path.stat().st_size // 1000} KB")


def main() -> None:
    """Makes the pictures at the widths of a phone and a laptop."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("no chromium; get it with: apt-get install chromium")
    with tempfile.TemporaryDirectory() as state, sync_playwright() as running:
        process, client = start(sys.argv[1] if len(sys.argv) > 1 else "standard", Path(state))
        job = client.post("/v1/documents", files={"file": (SAMPLE.name, SAMPLE.read_bytes())}).json()
        while job["state"] in {"queued", "running"}:
            time.sleep(0.3)
            job = client.get(job["url"]).json()
        print(json.dumps(job))
        browser = running.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, width, height, path in (
            ("serve-start.png", 1100, 760, "/"),
            ("serve-laptop.png", 1100, 1500, f"/documents/{job['id']}"),
            ("serve-phone.png", 390, 1700, f"/documents/{job['id']}"),
        ):
            tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            tab.set_default_timeout(300_000)
            tab.goto(f"{client.base_url}{path}")
            save(tab.screenshot(), name)
            tab.close()
        browser.close()
        process.terminate()
        process.wait(90)


if __name__ == "__main__":
    main()
