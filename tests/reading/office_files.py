"""What tests of converted documents share: whether LibreOffice is there, and a conversion the other way."""

import subprocess
from pathlib import Path

import pytest

from gcmtag.reading import office

needs_office = pytest.mark.skipif(office.program() is None, reason=f"LibreOffice is not installed: {office.INSTALL}")


def converted(path: Path, suffix: str) -> Path:
    """A document saved by LibreOffice in another format, beside the original."""
    program = office.program()
    assert program
    profile = (path.parent / "profile").as_uri()
    subprocess.run(
        [
            program,
            f"-env:UserInstallation={profile}",
            "--headless",
            "--convert-to",
            suffix,
            "--outdir",
            path.parent,
            path,
        ],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return path.with_suffix(f".{suffix}")
