"""The real documents beside the project, set again as PDF and as Word document, give the same passages."""

import re
import unicodedata
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import pytest

import gcmtag
from gcmtag.reading import read_blocks
from gcmtag.segmenting.pieces import Drops, Piece
from gcmtag.segmenting.structure import to_pieces
from gcmtag.training.gold import join, read_gold
from layouts import drawn, word
from layouts.manuscript import Manuscript, Part

pytestmark = pytest.mark.shared

GOLD = Path(__file__).parents[2] / "corpus" / "gold"
NAMES = ("a-76-642", "a-res-73-195-p32", "mmr-2020")


def as_part(piece: Piece) -> Part:
    """A piece as it stood in the document: form, headings and running text alike."""
    if piece.kind == "row":
        return Part("figures", "", cells=(tuple(cell.replace("☐", "[ ]").replace("☒", "[x]") for cell in piece.cells),))
    if piece.kind == "heading":
        return Part("heading", piece.text, marker=piece.marker, level=min(2, max(1, piece.level)))
    # The fonts that every PDF program has hold no boxes.
    piece = replace(piece, text=piece.text.replace("☐", "[ ]").replace("☒", "[x]"))
    kind = "bullet" if piece.marker == "•" else "prompt" if piece.bold else "paragraph"
    return Part(kind, piece.text if kind == "bullet" else piece.shown, marker="•" if kind == "bullet" else "")


def manuscript_of(path: Path) -> Manuscript:
    pieces, _ = to_pieces(read_blocks(path).blocks, Drops())
    # On a single page nothing tells a foot from a last line.
    head, foot = ("Set again by a test", "Not for circulation") if len(pieces) > 40 else ("", "")
    return Manuscript("", tuple(map(as_part, pieces)), head=head, foot=foot)


def normalised(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", [".pdf", ".docx"])
def test_a_document_set_again_gives_the_same_passages(shared: Path, tmp_path: Path, name: str, suffix: str) -> None:
    """Only the setting differs: lines end elsewhere, pages too, and a running head stands on each."""
    source = shared / "documents" / f"{name}.txt"
    path = tmp_path / f"{name}{suffix}"
    (drawn if suffix == ".pdf" else word).write(path, manuscript_of(source))
    wanted, given = gcmtag.read(source).passages, gcmtag.read(path).passages
    shown = [
        (tag, [one.locator for one in wanted[i:j]], [one.locator for one in given[k:m]])
        for tag, i, j, k, m in SequenceMatcher(
            None, [normalised(one.text) for one in wanted], [normalised(one.text) for one in given], autojunk=False
        ).get_opcodes()
        if tag != "equal"
    ]
    assert shown == []
    assert [(one.question, one.part, one.declared) for one in given] == [
        (one.question, one.part, one.declared) for one in wanted
    ]
    assert not any(re.search("Set again by a test|Not for circulation", one.text) for one in given)


@pytest.mark.parametrize("name", ["a-76-642", "mmr-2020"])
@pytest.mark.parametrize("suffix", [".pdf", ".docx"])
def test_every_gold_label_finds_its_passage_in_a_document_set_again(
    shared: Path, tmp_path: Path, name: str, suffix: str
) -> None:
    """Gold holds no text: whoever has the document in another format must be able to join it too."""
    path = tmp_path / f"{name}{suffix}"
    (drawn if suffix == ".pdf" else word).write(path, manuscript_of(shared / "documents" / f"{name}.txt"))
    rows = read_gold(GOLD / f"{name}.csv")
    joined = join(rows, [gcmtag.read(path)])
    assert [row.locator for row in joined.missing] == []
    assert [one.objectives for one in joined.passages] == [row.objectives for row in rows]
