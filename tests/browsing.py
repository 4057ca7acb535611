"""What the tests of pages in a real browser share; the fixture ``browser`` stands in conftest.py."""

import shutil
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 780}
PATIENCE = 300_000  # milliseconds; the machine may be busy

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; get it with: apt-get install chromium")


def unfold(page: Any) -> None:
    page.evaluate("for (const item of document.querySelectorAll('details')) item.open = true")


def width_of(page: Any) -> int:
    """How wide the page is with everything unfolded, in pixels: more than the window's means sideways scroll."""
    unfold(page)
    return page.evaluate("document.documentElement.scrollWidth")


def serious_barriers(page: Any) -> list[tuple[str, list[str]]]:
    """What axe finds with everything unfolded that keeps somebody out: its rule and where."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="get it with: pip install '.[dev]'")
    unfold(page)
    found = axe.Axe().run(page).response["violations"]
    serious = [item for item in found if item["impact"] in {"serious", "critical"}]
    return [(item["id"], [node["html"][:120] for node in item["nodes"]][:3]) for item in serious]
