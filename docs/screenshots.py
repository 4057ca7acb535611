"""Makes the pictures of the audit's page in this folder from the sample documents.

    python docs/screenshots.py

It tags and audits the samples, opens the page in Debian's chromium (apt-get install chromium) and needs the extra
``dev``. An audit that lies somewhere already is pictured with ``python docs/screenshots.py path/to/report.html``.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browsing import CHROMIUM, FLAGS

DOCS = Path(__file__).parent
SAMPLES = DOCS.parent / "corpus" / "samples"
KINDS = {".docx", ".pdf", ".html", ".txt"}
COLOURS = 128  # the pages use few; so a picture stays well under 400 KB


def make_page(folder: Path) -> Path:
    """Tags and audits the samples; gives the page."""
    page = folder / "report.html"
    samples = sorted(str(path) for path in SAMPLES.iterdir() if path.suffix in KINDS)
    command = [sys.executable, "-m", "gcmtag"]
    subprocess.run([*command, "tag", *samples, "-o", str(folder / "tags"), "--quiet"], check=True)  # noqa: S603
    subprocess.run([*command, "audit", str(folder / "tags"), "-o", str(page)], check=True)  # noqa: S603
    return page


def save(picture: Image.Image, name: str) -> None:
    """Writes a picture with few colours, which keeps it small."""
    path = DOCS / name
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {picture.width} x {picture.height}, {path.stat().st_size // 1000} KB")


def sheets(pdf: bytes) -> Image.Image:
    """The first four sheets of paper side by side."""
    document = pypdfium2.PdfDocument(pdf)
    pages = [document[at].render(scale=1.1).to_pil() for at in range(min(4, len(document)))]
    width, height = pages[0].size
    picture = Image.new("RGB", (len(pages) * (width + 12) - 12, height), "#8a8a8a")
    for at, page in enumerate(pages):
        picture.paste(page, (at * (width + 12), 0))
    return picture


def main() -> None:
    """Makes the pictures at the widths of a phone, a laptop and a sheet of A4."""
    if CHROMIUM is None:
        sys.exit("no chromium; get it with: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        page = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else make_page(Path(folder))
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, width, height in (("phone", 390, 3000), ("laptop", 1280, 3200)):
            tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            tab.goto(page.as_uri())
            save(Image.open(io.BytesIO(tab.screenshot())), f"audit-{name}.png")
        save(sheets(tab.pdf(prefer_css_page_size=True)), "audit-a4.png")
        browser.close()


if __name__ == "__main__":
    main()
