"""ODT, RTF and old Word files to DOCX, by LibreOffice where it is installed.

LibreOffice runs without a window, on a copy of the file, in a profile of its own that is removed afterwards: macros are
off, and nothing that the document links to is loaded. Its time, its memory and the size of what it writes are bounded.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, Literal

from gcmtag.errors import UnreadableDocument
from gcmtag.reading.common import MEGABYTE, unreadable

Kind = Literal["odt", "rtf", "doc"]

INSTALL: Final = "apt-get install libreoffice-writer-nogui"

_NAMES: Final[dict[Kind, str]] = {
    "odt": "an OpenDocument text (.odt)",
    "rtf": "an RTF file (.rtf)",
    "doc": "an old Word file (.doc)",
}
_SAVE: Final = "open it in its own program and save it as .docx, then try again"
_ELSEWHERE: Final = (
    Path("/Applications/LibreOffice.app/Contents/MacOS/soffice"),
    Path("C:/Program Files/LibreOffice/program/soffice.exe"),
)
# Processor time counts, so that a busy machine does not fail good files; the clock only ends what does nothing.
PROCESSOR_SECONDS: Final = 25
CLOCK_SECONDS: Final = 90
_MOST_MEMORY: Final = 1000 * MEGABYTE
_LARGEST_OUTPUT: Final = 200 * MEGABYTE
_LIMITS: Final = (
    f"ulimit -t {PROCESSOR_SECONDS}; ulimit -d {_MOST_MEMORY // 1024}; ulimit -f {_LARGEST_OUTPUT // 512}; "
    'ulimit -c 0; exec "$@"'
)

_SETTING: Final = (
    '<item oor:path="/org.openoffice.Office.{path}"><prop oor:name="{name}" oor:op="fuse">'
    "<value>{value}</value></prop></item>"
)
_SETTINGS: Final = (
    ("Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Writer/Content/Update", "Link", "0"),
    ("Common/Misc", "FirstRun", "false"),
)


def program() -> str | None:
    """Where LibreOffice is; None where it is not installed."""
    for name in ("soffice", "libreoffice"):
        if found := shutil.which(name):
            return found
    return next((str(path) for path in _ELSEWHERE if path.exists()), None)


def to_docx(path: Path, data: bytes, kind: Kind) -> bytes:
    """Convert a file to DOCX.

    Args:
        path: Where it came from; used for messages only.
        data: Its bytes.
        kind: What it is.

    Raises:
        UnreadableDocument: LibreOffice is not installed, cannot load the file, or does not end in time.
    """
    office = program()
    if office is None:
        raise unreadable(
            path,
            f"it is {_NAMES[kind]}, which is read by way of LibreOffice, and LibreOffice is not installed",
            f"install it ({INSTALL}) or save the document as .docx, then try again",
        )
    with tempfile.TemporaryDirectory(prefix="gcmtag-office-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        source = folder / f"document.{kind}"
        source.write_bytes(data)
        _write_profile(folder / "profile")
        ended = _run(_command(office, folder, source), folder)
        written = folder / "out" / "document.docx"
        if ended and written.is_file() and written.stat().st_size:
            return written.read_bytes()
    raise _failed(path, kind, ended=ended)


def _failed(path: Path, kind: Kind, *, ended: bool) -> UnreadableDocument:
    why = (
        "it is damaged, encrypted, or larger than is safe"
        if ended
        else f"it took more than {PROCESSOR_SECONDS} s of processor time or {CLOCK_SECONDS} s in all"
    )
    return unreadable(path, f"it is {_NAMES[kind]} that LibreOffice could not convert: {why}", _SAVE)


def _command(office: str, folder: Path, source: Path) -> list[str]:
    command = [
        office,
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless",
        "--norestore",
        "--nolockcheck",
        "--nodefault",
        "--convert-to",
        "docx:MS Word 2007 XML",
        "--outdir",
        str(folder / "out"),
        str(source),
    ]
    return command if sys.platform == "win32" else ["sh", "-c", _LIMITS, "sh", *command]


def _run(command: list[str], folder: Path) -> bool:
    """Run LibreOffice to its end, or end it and all that it started; whether it ended by itself and in time."""
    quiet = subprocess.DEVNULL
    started = subprocess.Popen(  # noqa: S603  # a fixed program with file names of our own
        command,
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "TMPDIR": str(folder)},
        start_new_session=True,
    )
    try:
        status = started.wait(CLOCK_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    finally:
        _end(started)
    return status not in {-signal.SIGXCPU, 128 + signal.SIGXCPU} if sys.platform != "win32" else True


def _end(started: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            started.kill()
        else:
            os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def _write_profile(profile: Path) -> None:
    (profile / "user").mkdir(parents=True)
    items = "".join(_SETTING.format(path=path, name=name, value=value) for path, name, value in _SETTINGS)
    (profile / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        f"{items}</oor:items>",
        encoding="utf-8",
    )
