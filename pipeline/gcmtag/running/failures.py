"""What could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A document, or a page of one (1-based), that could not be read."""

    path: str
    page: int | None
    reason: str
    message: str


def of_folder(path: object) -> Failure:
    """A folder in which there is nothing to tag."""
    message = f"{path}: no document in this folder; name one with .txt, .md, .html, .docx, .pdf or table files"
    return Failure(str(path), None, "empty", message)


def of_copy(path: object, first: object) -> Failure:
    """A file with the same bytes as one before it."""
    message = f"{path} has the same content as {first}, which is tagged: nothing to do"
    return Failure(str(path), None, "duplicate", message)


def of_pages(path: object, unread_pages: Mapping[int, str]) -> list[Failure]:
    """Pages of a document that could not be read."""
    return [
        Failure(str(path), page, "unreadable page", f"{path}, page {page}: {why}") for page, why in unread_pages.items()
    ]
