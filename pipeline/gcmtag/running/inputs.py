"""Files, folders and patterns to a list of documents."""

import glob
from collections.abc import Iterable
from pathlib import Path
from typing import Final

# What a folder is searched for. A file that is named outright is tried whatever its name.
SUFFIXES: Final = frozenset(
    [".txt", ".md", ".html", ".htm", ".docx", ".pdf", ".csv", ".jsonl", ".parquet", ".xlsx", ".doc", ".odt", ".rtf"]
)


def find_documents(inputs: Iterable[str]) -> list[Path]:
    """Paths of the documents that the inputs stand for, each once, in the order given and by name within a folder.

    A folder is walked, hidden files and Word's lock files left out; a pattern with ``*``, ``?`` or ``[`` is expanded.
    A path that does not exist stays in the list, so that it is reported as a failure and not lost.
    """
    found: dict[Path, None] = {}
    for entry in inputs:
        path = Path(entry)
        if path.is_dir():
            found.update(dict.fromkeys(_walk(path)))
        elif not path.exists() and glob.has_magic(entry):
            for match in sorted(glob.glob(entry, recursive=True)):  # noqa: PTH207 (an absolute pattern is allowed)
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
    )
