"""Streams of a PDF that would unpack to more than is safe, found before the PDF is opened."""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gcmtag.reading.common import LARGEST_MEMBER, MEGABYTE, unreadable

_STREAM: Final = re.compile(rb">>\s{0,8}stream\r?\n")
_FLATE: Final = re.compile(rb"/(?:FlateDecode|Fl)\b")
_DICTIONARY: Final = 2000
# Deflate packs a thousandfold at best, so that a smaller stream cannot unpack to more than is safe.
_HARMLESS: Final = LARGEST_MEMBER // 1032
# Pictures are not unpacked to read text; large ones are no attack.
_LARGEST_IMAGE: Final = 4 * LARGEST_MEMBER
_STEP: Final = MEGABYTE


def refuse_stream_bombs(path: Path, data: bytes) -> None:
    """Check how much the streams of a PDF unpack to, without keeping what they unpack to.

    Raises:
        UnreadableDocument: One unpacks to over 200 MB, or a picture to over 800 MB.
    """
    for match in _STREAM.finditer(data):
        begin = match.end()
        head = data[max(0, begin - _DICTIONARY) : begin]
        head = head[head.rfind(b"obj") + 1 :]
        filters = len(_FLATE.findall(head))
        if not filters:
            continue
        end = data.find(b"endstream", begin)
        end = len(data) if end < 0 else end
        if end - begin < _HARMLESS and filters == 1:
            continue
        most = _LARGEST_IMAGE if b"/Image" in head else LARGEST_MEMBER
        if _unpacks_to_more(data[begin:end], filters, most):
            raise unreadable(
                path,
                f"a part of it would unpack to over {most // MEGABYTE} MB, more than is safe",
                "print it to PDF anew",
            )


def _unpacks_to_more(packed: bytes, filters: int, most: int) -> bool:
    pieces: Iterator[bytes] = iter([packed])
    for _ in range(min(filters, 4)):
        pieces = _unpacked(pieces)
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            return True
    return False


def _unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    """What a stream unpacks to, a megabyte at a time; it ends where the stream is damaged."""
    opened = zlib.decompressobj()
    try:
        for piece in packed:
            rest = piece
            while rest and not opened.eof:
                yield opened.decompress(rest, _STEP)
                rest = opened.unconsumed_tail
    except zlib.error:
        return
