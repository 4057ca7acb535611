"""What is tagged: passages of the authored corpus, and documents and tables made of them."""

import json
import random
import re
from itertools import pairwise
from pathlib import Path
from typing import Final

from gcmtag.training import LabelledPassage, read_corpus
from layouts import drawn, word
from layouts.manuscript import Manuscript, Part

ROOT: Final = Path(__file__).parents[2]
AUTHORED: Final = ROOT / "corpus" / "authored"
SEED: Final = 20181210
UNDER_A_HEADING: Final = 5  # passages


def authored() -> list[LabelledPassage]:
    """All passages of the authored corpus, in random order with a fixed seed."""
    passages = read_corpus([AUTHORED])
    random.Random(SEED).shuffle(passages)  # noqa: S311 - no secret
    return passages


def many_texts(count: int) -> list[str]:
    """So many different texts with the lengths of the authored passages.

    The passages themselves, then texts of as many sentences, each sentence drawn from another passage.
    """
    texts = list(dict.fromkeys(p.text for p in authored()))[:count]
    cut = [re.split(r"(?<=[.;])\s+(?=[A-Z(])", text) for text in texts]
    pool, draw = [sentence for sentences in cut for sentence in sentences], random.Random(SEED)  # noqa: S311
    while len(texts) < count:
        like = cut[draw.randrange(len(cut))]
        texts.append(f"{' '.join(draw.choice(pool) for _ in like)} ({len(texts)})")
    return texts


def write_table(count: int, path: Path) -> None:
    """So many texts as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(many_texts(count)))


def write_documents(count: int, folder: Path) -> int:
    """Writes the first so many authored documents, in turn as DOCX and as PDF; gives the number of their passages."""
    by_document: dict[str, list[LabelledPassage]] = {}
    for passage in read_corpus([AUTHORED]):
        by_document.setdefault(passage.document, []).append(passage)
    chosen = list(by_document.items())[:count]
    _write({name: [(p.context, p.text) for p in passages] for name, passages in chosen}, folder)
    return sum(len(passages) for _, passages in chosen)


def write_reports(count: int, passages: int, folder: Path) -> None:
    """Writes so many long reports, in turn as DOCX and as PDF, that hold so many different passages together.

    Texts as in ``many_texts``, a heading of the authored documents above each few.
    """
    texts, headings = many_texts(passages), [p.context for p in authored() if p.context]
    under = [(headings[i // UNDER_A_HEADING % len(headings)], text) for i, text in enumerate(texts)]
    ends = [passages * (number + 1) // count for number in range(count)]
    reports = {f"report-{n + 1:03d}": under[start:end] for n, (start, end) in enumerate(pairwise([0, *ends]))}
    _write(reports, folder)


def _write(documents: dict[str, list[tuple[str, str]]], folder: Path) -> None:
    """Documents by name, each of (heading above, text)."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, own) in enumerate(documents.items()):
        manuscript = Manuscript(name.replace("-", " ").capitalize(), tuple(_parts(own)))
        if number % 2:
            drawn.write(folder / f"{name}.pdf", manuscript)
        else:
            word.write(folder / f"{name}.docx", manuscript)


def _parts(passages: list[tuple[str, str]]) -> list[Part]:
    parts, above = [], ""
    for heading, text in passages:
        if heading and heading != above:
            above = heading
            parts.append(Part("heading", " ".join(above.split())[-120:]))
        parts.append(Part("paragraph", " ".join(text.split())))
    return parts
