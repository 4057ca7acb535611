"""What is tagged: passages of the authored corpus, and documents and tables made of them."""

import json
import random
import re
from pathlib import Path
from typing import Final

from gcmtag.training import LabelledPassage, read_corpus
from layouts import drawn, word
from layouts.manuscript import Manuscript, Part

ROOT: Final = Path(__file__).parents[2]
AUTHORED: Final = ROOT / "corpus" / "authored"
SEED: Final = 20181210


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
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, passages) in enumerate(chosen):
        manuscript = Manuscript(name.replace("-", " ").capitalize(), tuple(_parts(passages)))
        if number % 2:
            drawn.write(folder / f"{name}.pdf", manuscript)
        else:
            word.write(folder / f"{name}.docx", manuscript)
    return sum(len(passages) for _, passages in chosen)


def _parts(passages: list[LabelledPassage]) -> list[Part]:
    parts, above = [], ""
    for passage in passages:
        if passage.context and passage.context != above:
            above = passage.context
            parts.append(Part("heading", " ".join(above.split())[-120:]))
        parts.append(Part("paragraph", " ".join(passage.text.split())))
    return parts
