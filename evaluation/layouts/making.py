"""The list of documents, and how each is made: which program sets which manuscript in which layout."""

import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

import pypdfium2 as pdfium

from layouts import drawn, plain, web, word
from layouts.manuscript import Manuscript, form, mixed, narrative, numbered, web_page

Program = Literal["ReportLab", "WeasyPrint", "Chromium", "LibreOffice", "python-docx", "Poppler", "template"]

INSTALL: Final[Mapping[str, str]] = {
    "LibreOffice": "apt-get install libreoffice-writer-nogui",
    "Chromium": "apt-get install chromium",
    "Poppler": "apt-get install poppler-utils",
    "WeasyPrint": "apt-get install libpango-1.0-0 libpangoft2-1.0-0; pip install weasyprint",
}
SANS: Final = "'Liberation Sans'"
_SLOWEST: Final = 600


class MissingProgram(Exception):
    """A program that makes a document is not there; the message says which command installs it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One document of the test set. ``write`` puts the file that ``program`` makes the document from into a path.

    ``source`` is the suffix of that file and ``suffix`` that of the document; equal where nothing is converted.
    ``dots`` per inch are those of a scan, 0 for a document with a text layer.
    """

    name: str
    layout: str
    program: Program
    manuscript: Manuscript
    write: Callable[[Path], None]
    source: str
    suffix: str
    dots: int = 0

    @property
    def truth(self) -> list[str]:
        """Texts of the passages, in order."""
        return self.manuscript.passages


def cases(draw: int = 0) -> list[Case]:
    """All documents of the test set; another ``draw`` puts other texts, in the same layouts, under the same names."""
    made: list[Case] = []
    fresh = 100 * draw
    for seed in (1, 2):
        made += _pdf("one column", narrative(fresh + seed, notes=False), seed, hyphens="none")
        made += _pdf("two columns", narrative(fresh + 10 + seed, sections=5), seed, columns=2)
        made += _pdf("form in tables", form(fresh + 20 + seed), seed, tables=True)
        made += _noted("numbered report with footnotes", numbered(fresh + 30 + seed, paragraphs=14 * seed), seed)
        made += _pdf("boxes and tables of figures", narrative(fresh + 40 + seed, boxes=True), seed)
        made += _web("web page with menus", web_page(fresh + 50 + seed), seed)
        made += _text("wrapped text with page artefacts", narrative(fresh + 60 + seed), seed)
        made += _tracked("tracked changes", narrative(fresh + 70 + seed, sections=3), seed)
        made += _scans(narrative(fresh + 80 + seed, sections=3, length=2), seed)
    made += _pdf("several languages", mixed(fresh + 90), 1)
    made.append(_docx("several languages", mixed(fresh + 90), 1))
    made.append(_docx("form in tables", form(fresh + 23), 3, tables=True))
    return made


def make(chosen: Iterable[Case], folder: Path) -> dict[str, Path | MissingProgram]:
    """Make documents in a folder; in place of one whose program is not there stands what is missing.

    LibreOffice takes longer to start than to convert, so what it converts is converted together.
    """
    made: dict[str, Path | MissingProgram] = {}
    waiting: dict[str, list[tuple[Case, Path]]] = defaultdict(list)
    for case in chosen:
        target = folder / f"{case.name}{case.suffix}"
        try:
            _check(case.program)
            source = folder / "sources" / f"{case.name}{case.source}"
            source.parent.mkdir(parents=True, exist_ok=True)
            case.write(source)
            if case.program == "LibreOffice":
                waiting[case.suffix].append((case, source))
            elif case.program == "Chromium":
                _print_with_chromium(source, target)
            elif case.program == "WeasyPrint":
                _print_with_weasyprint(source, target)
            elif case.program == "Poppler":
                _cut_with_poppler(source, target)
            else:
                source.replace(target)
        except MissingProgram as missing:
            made[case.name] = missing
            continue
        made[case.name] = target
    for suffix, files in waiting.items():
        _convert_with_libreoffice([source for _, source in files], suffix, folder)
    for case in chosen:
        if case.dots and isinstance(path := made[case.name], Path):
            scan(path, case.dots)
    return made


def scan(path: Path, dots: int) -> None:
    """Replace a PDF by pictures of its pages, as a scanner at ``dots`` per inch leaves it."""
    with pdfium.PdfDocument(path.read_bytes()) as pdf:
        pages = [page.render(scale=dots / 72, grayscale=True).to_pil() for page in pdf]
    pages[0].save(path, "PDF", resolution=dots, save_all=True, append_images=pages[1:], quality=80)


def _pdf(
    layout: str, manuscript: Manuscript, seed: int, *, columns: int = 1, tables: bool = False, hyphens: str = ""
) -> list[Case]:
    """A manuscript set as PDF by four programs, each in its own fonts and measures."""
    name = f"{layout.replace(' ', '-')}-{seed}"
    justified = seed == 2
    align, broken = ("justify", "auto") if justified else ("left", "none")
    font = SANS if seed == 2 else "'Liberation Serif'"
    page = partial(web.printed, manuscript, columns=columns, tables=tables, align=align, hyphens=hyphens or broken)
    drawing = partial(
        drawn.write,
        manuscript=manuscript,
        columns=columns,
        tables=tables,
        justified=justified,
        font="Helvetica" if seed == 2 else "Times-Roman",
        bold="Helvetica-Bold" if seed == 2 else "Times-Bold",
    )
    return [
        Case(f"{name}-reportlab", layout, "ReportLab", manuscript, drawing, ".pdf", ".pdf"),
        Case(f"{name}-weasyprint", layout, "WeasyPrint", manuscript, _html(page, font=font), ".html", ".pdf"),
        Case(
            f"{name}-chromium",
            layout,
            "Chromium",
            manuscript,
            _html(page, font=SANS, size=10, head_side="right"),
            ".html",
            ".pdf",
        ),
        Case(
            f"{name}-libreoffice",
            layout,
            "LibreOffice",
            manuscript,
            partial(word.write, manuscript=manuscript, columns=columns, tables=tables, justified=justified),
            ".docx",
            ".pdf",
        ),
    ]


def _noted(layout: str, manuscript: Manuscript, seed: int) -> list[Case]:
    """The programs that set footnotes: Chromium and ReportLab have none."""
    name = f"numbered-report-{seed}"
    page = partial(web.printed, manuscript, align="justify" if seed == 2 else "left", hyphens="auto")
    return [
        Case(f"{name}-weasyprint", layout, "WeasyPrint", manuscript, _html(page), ".html", ".pdf"),
        Case(
            f"{name}-libreoffice",
            layout,
            "LibreOffice",
            manuscript,
            partial(word.write, manuscript=manuscript),
            ".docx",
            ".pdf",
        ),
        _docx(layout, manuscript, seed),
    ]


def _docx(layout: str, manuscript: Manuscript, seed: int, *, tables: bool = False) -> Case:
    name = f"{layout.replace(' ', '-')}-{seed}-docx"
    writer = partial(word.write, manuscript=manuscript, tables=tables)
    return Case(name, layout, "python-docx", manuscript, writer, ".docx", ".docx")


def _web(layout: str, manuscript: Manuscript, seed: int) -> list[Case]:
    name = f"web-page-{seed}"
    today, before = _html(partial(web.site, manuscript)), _html(partial(web.old_site, manuscript))
    bare = Manuscript(manuscript.title, manuscript.parts)
    exported = partial(word.write, manuscript=bare)
    return [
        Case(f"{name}-site", layout, "template", manuscript, today, ".html", ".html"),
        Case(f"{name}-old-site", layout, "template", manuscript, before, ".html", ".html"),
        Case(f"{name}-libreoffice", layout, "LibreOffice", bare, exported, ".docx", ".html"),
    ]


def _text(layout: str, manuscript: Manuscript, seed: int) -> list[Case]:
    name = f"wrapped-text-{seed}"
    wrapped = partial(plain.write, manuscript=manuscript, width=78 if seed == 1 else 64, form_feeds=seed == 1)
    page = _html(partial(web.printed, manuscript))
    unwrapped = partial(word.write, manuscript=manuscript)
    return [
        Case(f"{name}-python", layout, "template", manuscript, wrapped, ".txt", ".txt"),
        Case(f"{name}-poppler", layout, "Poppler", manuscript, page, ".html", ".txt"),
        Case(f"{name}-libreoffice", layout, "LibreOffice", manuscript, unwrapped, ".docx", ".txt"),
    ]


def _tracked(layout: str, manuscript: Manuscript, seed: int) -> list[Case]:
    name = f"tracked-changes-{seed}"
    unwanted = Manuscript(
        manuscript.title, manuscript.parts, manuscript.head, manuscript.foot, extra_unwanted=(word.DELETED,)
    )
    writer = partial(word.write, manuscript=unwanted, tracked=True)
    return [
        Case(f"{name}-python-docx", layout, "python-docx", unwanted, writer, ".docx", ".docx"),
        Case(f"{name}-libreoffice", layout, "LibreOffice", unwanted, writer, ".docx", ".docx"),
    ]


def _scans(manuscript: Manuscript, seed: int) -> list[Case]:
    """The same pages at two resolutions, from two programs."""
    scans: list[Case] = []
    for dots in (150, 300):
        layout = f"scan at {dots} dpi"
        serif = partial(drawn.write, manuscript=manuscript)
        sans = _html(partial(web.printed, manuscript, font=SANS))
        name = f"scan-{dots}-{seed}"
        scans.append(Case(f"{name}-reportlab", layout, "ReportLab", manuscript, serif, ".pdf", ".pdf", dots))
        scans.append(Case(f"{name}-weasyprint", layout, "WeasyPrint", manuscript, sans, ".html", ".pdf", dots))
    return scans


def _html(page: Callable[..., str], **settings: object) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_text(page(**settings), encoding="utf-8")

    return write


def _check(program: Program) -> None:
    if program == "LibreOffice" and not shutil.which("soffice"):
        raise MissingProgram(f"LibreOffice is not there: {INSTALL[program]}")
    if program == "Chromium" and not _chromium():
        raise MissingProgram(f"Chromium is not there: {INSTALL[program]}")
    if program == "Poppler" and not shutil.which("pdftotext"):
        raise MissingProgram(f"pdftotext is not there: {INSTALL[program]}")
    if program in {"WeasyPrint", "Poppler"}:
        try:
            import weasyprint  # noqa: F401, PLC0415  # its system libraries may be missing
        except (ImportError, OSError) as error:
            raise MissingProgram(f"WeasyPrint is not there: {INSTALL['WeasyPrint']}") from error


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _print_with_chromium(source: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        command = [
            _chromium() or "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={profile}",
        ]
        _run([*command, "--no-pdf-header-footer", f"--print-to-pdf={target}", source.resolve().as_uri()])


def _print_with_weasyprint(source: Path, target: Path) -> None:
    import weasyprint  # noqa: PLC0415  # see `_check`

    weasyprint.HTML(filename=str(source)).write_pdf(str(target))


def _cut_with_poppler(source: Path, target: Path) -> None:
    printed = source.with_suffix(".pdf")
    _print_with_weasyprint(source, printed)
    _run(["pdftotext", str(printed), str(target)])


def _convert_with_libreoffice(sources: list[Path], suffix: str, folder: Path) -> None:
    """Convert files of one kind; a file that is a Word document already goes through LibreOffice's own format."""
    with tempfile.TemporaryDirectory(prefix="soffice-") as profile:
        command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless"]
        if suffix == ".docx":
            between = folder / "sources" / "between"
            _run([*command, "--convert-to", "odt", "--outdir", str(between), *map(str, sources)])
            sources = sorted(between.glob("*.odt"))
        kind = {".txt": "txt:Text (encoded):UTF8", ".html": "html:HTML (StarWriter)"}.get(suffix, suffix[1:])
        _run([*command, "--convert-to", kind, "--outdir", str(folder), *map(str, sources)])


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_SLOWEST)  # our own files
