"""Small documents of invented States, cut into passages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gcmtag.document import Document
from gcmtag.reading import text
from gcmtag.segmenting.pipeline import segment

Cut = Callable[..., Document]


@pytest.fixture
def cut() -> Cut:
    """Cut a text, as if it were the content of a file, into passages."""

    def cut_text(content: str, name: str = "review.txt") -> Document:
        return segment(text.read(Path(name), content.encode(), "0" * 16))

    return cut_text
