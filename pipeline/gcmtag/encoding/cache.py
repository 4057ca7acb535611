"""Vectors kept on disk between runs, so that one encoder does not encode the same text twice.

Layout of the folder, file format version 1 (``PRAGMA user_version``; a file of another version is emptied, since all
that it holds can be computed again):

    gcmtag-vectors.sqlite   entries: a row a text with its last use and size; contents: its bytes, under the same key.
                            In WAL mode: two more files, -wal and -shm, stand beside it while it is in use.

A content is ``HEADER`` (mark, format version, rows, dimension, checksum), then the numbers, float16, little endian, row
after row. The checksum is the CRC-32 of the key, the rest of the header and the numbers: a content that was cut,
changed or moved under another key is noticed. It tells damage, not forgery, so the folder is made for its owner alone.
Nothing in the file is ever run: contents are numbers behind a fixed header, no converter or pickle reads them, and
functions that a planted schema names are refused (``trusted_schema``).
"""

import logging
import os
import sqlite3
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import platformdirs

from gcmtag.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Found = TypeVar("Found")

FILE_NAME: Final = "gcmtag-vectors.sqlite"
FILE_VERSION: Final = 1
LIMIT_BYTES: Final = 2 * 1024**3
ENTRY_VERSION: Final = 1
MARK: Final = b"gcmv"
HEADER: Final = struct.Struct("<4sHIII")
CHECKED: Final = struct.Struct("<4sHII")  # the part of the header that the checksum covers
LARGEST_ENTRY: Final = 16 * 1024**2  # bytes; 10,000 sentences of a wide encoder
BATCH: Final = 500  # entries in one statement or one transaction
EVICTED_SHARE: Final = 0.02  # of the limit, made free at once so that not every write has to
BUSY_SECONDS: Final = 20.0  # how long one process waits for the others
PAGE_BYTES: Final = 8192
JOURNAL_BYTES: Final = 16 * 1024**2
ENVIRONMENT: Final = "GCMTAG_CACHE"
OFF: Final = "off"

_LOGGER: Final = logging.getLogger(__name__)
_TABLES: Final = (
    "DROP TABLE IF EXISTS entries",
    "DROP TABLE IF EXISTS contents",
    "CREATE TABLE entries (key TEXT PRIMARY KEY, used INTEGER NOT NULL, size INTEGER NOT NULL)",
    "CREATE INDEX entries_by_use ON entries (used)",
    "CREATE TABLE contents (key TEXT PRIMARY KEY, content BLOB NOT NULL)",
)
_OLDEST: Final = "FROM entries ORDER BY used, rowid LIMIT ?"
# A connection that came through a fork: closing it would take the parent's file from under it.
_INHERITED: Final[list[sqlite3.Connection]] = []


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What a cache holds: ``entries`` texts in ``bytes`` bytes on disk, of at most ``limit_bytes``."""

    folder: Path
    entries: int
    bytes: int
    limit_bytes: int


def default_cache_folder() -> Path | None:
    """The folder that ``GCMTAG_CACHE`` names, else one in the user's cache; None where it is ``off``."""
    chosen = os.environ.get(ENVIRONMENT, "").strip()
    if chosen.casefold() == OFF:
        return None
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("gcmtag") / "vectors"


def vector_key(encoder_id: str, text: str, spans: Sequence[tuple[int, int]] = ()) -> str:
    """Name of the vectors of a text and its sentences: 40 hex digits.

    Each part is hashed after its length, since parts that are only parted by a sign can be made to collide.

    Args:
        encoder_id: everything that changes a vector: weights, adapter, longest text, precision.
        text: what is encoded as a whole.
        spans: start and end of each sentence that is encoded besides.
    """
    digest = blake2b(digest_size=20)
    numbers = [end for span in spans for end in span]
    # Half of a surrogate pair is no UTF-8, and yet a text may hold one.
    for part in (
        encoder_id.encode("utf-8", "surrogatepass"),
        text.encode("utf-8", "surrogatepass"),
        struct.pack(f"<{len(numbers)}q", *numbers),
    ):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


class VectorCache:
    """Arrays of shape (rows, dimension), float16, by key; the least recently used go when the disk space is used up.

    Several processes and threads may share a folder. A cache never stands in the way: what is damaged counts as missing
    (``damaged`` says how often), and one that cannot be opened, read or written says so once in the log and is empty
    from then on.

    Args:
        folder: made at the first use.
        limit_bytes: of the file; the journal of a running write comes on top.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder, self.limit_bytes, self.damaged = folder, limit_bytes, 0
        self._path = folder / FILE_NAME
        self._file: sqlite3.Connection | None = None
        self._process, self._mutex, self._useless = 0, threading.RLock(), False

    def get_many(self, keys: Sequence[str]) -> "list[NDArray[np.float16] | None]":
        """The array of each key, read-only, or None where there is none or a damaged one, which is dropped."""
        found: dict[bytes, NDArray[np.float16]] = {}
        for batch in _batches(list(dict.fromkeys(keys))):
            contents = self._attempt(lambda file, batch=batch: _read(file, batch)) or []  # type: ignore[misc]
            arrays = {key: _array(key, content) for key, content in contents}
            found |= {key: array for key, array in arrays.items() if array is not None}
            if broken := [key.decode("utf-8", "replace") for key, array in arrays.items() if array is None]:
                self.damaged += len(broken)
                self._attempt(lambda file, keys=broken: _drop(file, keys))  # type: ignore[misc]
        return [found.get(key.encode("utf-8", "replace")) for key in keys]

    def put_many(self, keys: Sequence[str], arrays: "Sequence[NDArray[np.floating]]") -> None:
        """Keeps an array of shape (rows, dimension) under each key, rounded to float16; replaces what was there.

        Raises:
            ValueError: not as many keys as arrays, or an array has another number of axes than two.
        """
        if len(keys) != len(arrays):
            raise ValueError(f"{len(keys)} keys for {len(arrays)} arrays")
        for batch in _batches(range(len(keys))):
            contents = [(keys[i], _content(keys[i], arrays[i])) for i in batch]
            fitting = [item for item in contents if len(item[1]) <= LARGEST_ENTRY]
            self._attempt(lambda file, items=fitting: self._write(file, items))  # type: ignore[misc]

    def info(self) -> CacheInfo:
        """What the folder holds; nothing is made where there is nothing."""
        entries = self._attempt(_count) if self._path.exists() else 0
        size = sum(path.stat().st_size for path in _files(self._path) if path.exists())
        return CacheInfo(self.folder, entries or 0, size, self.limit_bytes)

    def clear(self) -> None:
        """Empties the cache; a file that cannot be read any more is removed.

        Raises:
            UsageError: it can be neither emptied nor removed.
        """
        with self._mutex:
            if not self._path.exists():
                return
            try:
                _empty(self._connection())
            except (OSError, sqlite3.Error):
                self.close()
                try:
                    for path in _files(self._path):
                        path.unlink(missing_ok=True)
                except OSError as error:
                    raise UsageError(f"cannot clear {self.folder} ({error.strerror}): remove it by hand") from error
            self._useless = False

    def close(self) -> None:
        """Lets go of the file; the next use opens it again."""
        with self._mutex:
            file, self._file = self._file, None
            if file is not None and self._process == os.getpid():
                with suppress(sqlite3.Error):
                    file.close()

    def _attempt(self, work: Callable[[sqlite3.Connection], Found]) -> Found | None:
        """What ``work`` gives, or None where the file is of no use."""
        with self._mutex:
            if self._useless:
                return None
            try:
                return work(self._connection())
            except (OSError, sqlite3.Error) as error:
                self._useless = True
                self.close()
                _LOGGER.warning(
                    "the cache of vectors %s cannot be used (%s), so texts are encoded anew: 'gcmtag cache clear' "
                    "empties it, %s names another folder or is 'off'",
                    self._path,
                    " ".join(str(error).split()),
                    ENVIRONMENT,
                )
                return None

    def _connection(self) -> sqlite3.Connection:
        if self._file is None or self._process != os.getpid():
            if self._file is not None:
                _INHERITED.append(self._file)
            self._file = None
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file, self._process = _opened(self._path), os.getpid()
        return self._file

    def _write(self, file: sqlite3.Connection, items: Sequence[tuple[str, bytes]]) -> None:
        with _transaction(file):
            now = _next_use(file)
            file.executemany("INSERT OR REPLACE INTO contents (key, content) VALUES (?, ?)", items)
            file.executemany(
                "INSERT OR REPLACE INTO entries (key, used, size) VALUES (?, ?, ?)",
                [(key, now, len(content)) for key, content in items],
            )
            _evict(file, self.limit_bytes)
        _give_back(file, _number(file, "page_count") - self.limit_bytes // _number(file, "page_size"))


def _opened(path: Path) -> sqlite3.Connection:
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        file = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _prepare(file)
        except sqlite3.Error as error:
            file.close()
            # While another process makes the file, SQLite may answer "locked" without waiting.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return file


def _prepare(file: sqlite3.Connection) -> None:
    file.text_factory = bytes  # a planted text need not be UTF-8
    file.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2 * LARGEST_ENTRY)
    file.execute("PRAGMA trusted_schema = OFF")
    file.execute("PRAGMA cell_size_check = ON")
    file.execute("PRAGMA synchronous = NORMAL")
    file.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
    if _number(file, "user_version") == FILE_VERSION:
        return
    # These stay with the file; said again they would wait for writers.
    file.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    file.execute("PRAGMA auto_vacuum = INCREMENTAL")
    file.execute("PRAGMA journal_mode = WAL")
    with _transaction(file):
        if _number(file, "user_version") != FILE_VERSION:  # no other process was faster
            for statement in _TABLES:
                file.execute(statement)
            file.execute(f"PRAGMA user_version = {FILE_VERSION}")


@contextmanager
def _transaction(file: sqlite3.Connection) -> Iterator[None]:
    # Asked for at once: a read that turns into a write may be refused without waiting.
    file.execute("BEGIN IMMEDIATE")
    try:
        yield
        file.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            file.execute("ROLLBACK")
        raise


def _read(file: sqlite3.Connection, keys: Sequence[str]) -> list[tuple[bytes, object]]:
    marks = ",".join("?" * len(keys))
    found = file.execute(f"SELECT key, content FROM contents WHERE key IN ({marks})", keys).fetchall()  # noqa: S608
    if found:
        _note_use(file, keys, marks)
    return found


def _note_use(file: sqlite3.Connection, keys: Sequence[str], marks: str) -> None:
    """Best effort: a reader does not wait for a writer only to say what it used."""
    file.execute("PRAGMA busy_timeout = 0")
    try:
        with _transaction(file):
            file.execute(f"UPDATE entries SET used = ? WHERE key IN ({marks})", (_next_use(file), *keys))  # noqa: S608
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
    finally:
        file.execute(f"PRAGMA busy_timeout = {int(1000 * BUSY_SECONDS)}")


def _next_use(file: sqlite3.Connection) -> int:
    """A count of uses, which no clock that is set back can confuse."""
    return int(file.execute("SELECT CAST(ifnull(max(used), 0) AS INTEGER) + 1 FROM entries").fetchone()[0])


def _drop(file: sqlite3.Connection, keys: Sequence[str]) -> None:
    with _transaction(file):
        for table in ("entries", "contents"):
            file.executemany(f"DELETE FROM {table} WHERE key = ?", [(key,) for key in keys])  # noqa: S608


def _evict(file: sqlite3.Connection, limit: int) -> None:
    """Drops the least recently used entries where more than ``limit`` bytes are in use."""
    page = _number(file, "page_size")
    while (excess := page * (_number(file, "page_count") - _number(file, "freelist_count")) - limit) > 0:
        excess += int(EVICTED_SHARE * limit)
        number = 0
        for (size,) in file.execute("SELECT CAST(size AS INTEGER) FROM entries ORDER BY used, rowid"):
            number += 1
            excess -= size
            if excess <= 0:
                break
        if not number:
            break
        file.execute(f"DELETE FROM contents WHERE key IN (SELECT key {_OLDEST})", (number,))  # noqa: S608
        file.execute(f"DELETE FROM entries WHERE rowid IN (SELECT rowid {_OLDEST})", (number,))  # noqa: S608


def _give_back(file: sqlite3.Connection, pages: int) -> None:
    """Makes the file smaller by so many free pages."""
    if pages > 0:
        # As a script, since execute takes one step of a statement without columns, which frees a single page.
        file.executescript(f"PRAGMA incremental_vacuum({pages})")


def _empty(file: sqlite3.Connection) -> None:
    with _transaction(file):
        for statement in _TABLES:
            file.execute(statement)
    _give_back(file, _number(file, "freelist_count"))
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _count(file: sqlite3.Connection) -> int:
    return int(file.execute("SELECT count(*) FROM entries").fetchone()[0])


def _number(file: sqlite3.Connection, pragma: str) -> int:
    return int(file.execute(f"PRAGMA {pragma}").fetchone()[0])


def _files(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm")]


def _batches(items: Sequence[Found]) -> Iterator[Sequence[Found]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _content(key: str, array: "NDArray[np.floating]") -> bytes:
    if array.ndim != 2:
        raise ValueError(f"an array of shape {array.shape} where (rows, dimension) is expected")
    numbers = np.ascontiguousarray(array, dtype="<f2").tobytes()
    checked = CHECKED.pack(MARK, ENTRY_VERSION, *array.shape)
    checksum = _checksum(key.encode("utf-8", "replace"), checked, numbers)
    return HEADER.pack(MARK, ENTRY_VERSION, *array.shape, checksum) + numbers


def _array(key: bytes, content: object) -> "NDArray[np.float16] | None":
    """What ``_content`` was given, or None where it is not that."""
    if not isinstance(content, bytes) or len(content) < HEADER.size:
        return None
    mark, version, rows, dimension, checksum = HEADER.unpack_from(content)
    numbers = memoryview(content)[HEADER.size :]
    if (mark, version) != (MARK, ENTRY_VERSION) or len(numbers) != 2 * rows * dimension:
        return None
    if checksum != _checksum(key, content[: CHECKED.size], numbers):
        return None
    return np.frombuffer(numbers, dtype="<f2").reshape(rows, dimension)


def _checksum(key: bytes, header: bytes, numbers: bytes | memoryview) -> int:
    return zlib.crc32(numbers, zlib.crc32(header, zlib.crc32(key)))
