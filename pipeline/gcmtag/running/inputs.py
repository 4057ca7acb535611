"""Files, folders and patterns to a list of documents."""

import glob
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gcmtag.running.store import is_result

# What a folder is searched for. A file that is named outright is tried whatever its name.
SUFFIXES: Final = frozenset(
    [".txt", ".md", ".html", ".htm", ".docx", ".pdf", ".csv", ".jsonl", ".parquet", ".xlsx", ".doc", ".odt", ".rtf"]
)


def find_documents(inputs: Iterable[str]) -> list[Path]:
    """Paths of the documents that the inputs stand for, each once, in the order given and by name within a folder.

    A folder is walked, hidden files, Word's lock files and the tables of an earlier run left out; a pattern with
    ``*``, ``?`` or ``[`` is expanded. A path that does not exist, a folder without documents and a pattern that nothing
    matches stay in the list, so that they are reported as failures and not lost.
    """
    found: dict[Path, None] = {}
    for entry in inputs:
        path = Path(entry)
        if path.is_dir():
            found.update(dict.fromkeys(_walk(path) or [path]))
        elif not path.exists() and glob.has_magic(entry):
            # An absolute pattern is allowed, which pathlib does not know.
            for match in sorted(glob.glob(entry, recursive=True)) or [entry]:  # noqa: PTH207
                matched = Path(match)
                found.update(dict.fromkeys(_walk(matched) if matched.is_dir() else [matched]))
        else:
            found[path] = None
    return list(found)


def _walk(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix.lower() in SUFFIXES
        and not path.name.startswith("~$")
        and not any(piece.startswith(".") for piece in path.relative_to(folder).parts)
        and not is_result(path)
    )
