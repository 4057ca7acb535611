import logging
import multiprocessing
import os
import pickle
import resource
import sqlite3
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from gcmtag.encoding import cache as rooms
from gcmtag.encoding.cache import FILE_NAME, VectorCache, default_cache_folder, vector_key

DIMENSION = 96
SPAWNED = multiprocessing.get_context("spawn")
FORKED = multiprocessing.get_context("fork")


def some_keys(count: int, encoder: str = "small") -> list[str]:
    return [vector_key(encoder, f"text {i}") for i in range(count)]


def some_arrays(count: int, rows: int | None = None, seed: int = 1) -> list[np.ndarray]:
    """Arrays of one to four rows, or of ``rows``."""
    draw = np.random.default_rng(seed)
    return [draw.normal(size=(rows or 1 + i % 4, DIMENSION)).astype(np.float16) for i in range(count)]


def filled(folder: Path, count: int = 20) -> tuple[list[str], list[np.ndarray]]:
    """A closed cache with so many entries."""
    keys, arrays = some_keys(count), some_arrays(count)
    cache = VectorCache(folder)
    cache.put_many(keys, arrays)
    cache.close()
    return keys, arrays


def same(found: Sequence[np.ndarray | None], arrays: Sequence[np.ndarray]) -> bool:
    return len(found) == len(arrays) and all(
        a is not None and a.dtype == np.float16 and np.array_equal(a, b) for a, b in zip(found, arrays, strict=True)
    )


def changed(folder: Path, statement: str, *values: object) -> None:
    """Changes the file behind the cache's back."""
    with sqlite3.connect(folder / FILE_NAME) as file:
        assert file.execute(statement, values).rowcount > 0
    file.close()


def content_of(folder: Path, key: str) -> bytes:
    with sqlite3.connect(folder / FILE_NAME) as file:
        (content,) = file.execute("SELECT content FROM contents WHERE key = ?", (key,)).fetchone()
    file.close()
    return bytes(content)


def test_arrays_come_back_in_the_order_asked_and_unknown_keys_give_none(tmp_path: Path) -> None:
    """Over more keys than one statement takes, some of them twice."""
    keys, arrays = filled(tmp_path, 1_203)
    order = [*np.random.default_rng(3).permutation(len(keys)).tolist(), 5, 5]
    cache = VectorCache(tmp_path)
    found = cache.get_many([keys[i] for i in order] + ["ab" * 20])
    assert same(found[:-1], [arrays[i] for i in order])
    assert found[-1] is None
    assert cache.damaged == 0


def test_no_keys_give_nothing_and_make_no_file(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "new")
    cache.put_many([], [])
    assert cache.get_many([]) == []
    assert cache.info().entries == 0
    assert not (tmp_path / "new").exists()


def test_shapes_without_numbers_come_back_too(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path)
    cache.put_many(["aa", "bb"], [np.zeros((0, 7)), np.zeros((3, 0))])
    assert [array.shape for array in cache.get_many(["aa", "bb"]) if array is not None] == [(0, 7), (3, 0)]


def test_a_second_array_replaces_the_first(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path)
    cache.put_many(["aa"], [np.zeros((1, 4))])
    cache.put_many(["aa"], [np.ones((2, 4))])
    assert same(cache.get_many(["aa"]), [np.ones((2, 4), dtype=np.float16)])
    assert cache.info().entries == 1


def test_numbers_are_rounded_to_float16_and_any_layout_is_taken(tmp_path: Path) -> None:
    array = np.asfortranarray(np.random.default_rng(1).normal(size=(3, 8)).astype(np.float32))
    cache = VectorCache(tmp_path)
    cache.put_many(["aa"], [array])
    assert same(cache.get_many(["aa"]), [array.astype(np.float16)])


def test_keys_and_arrays_that_do_not_align_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 keys for 1 arrays"):
        VectorCache(tmp_path).put_many(["aa", "bb"], [np.zeros((1, 4))])
    with pytest.raises(ValueError, match="shape"):
        VectorCache(tmp_path).put_many(["aa"], [np.zeros(4)])


def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    """Whoever can write there can change answers."""
    filled(tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_keys_differ_where_any_part_does_and_wherever_parts_are_parted() -> None:
    """Parts that are put together without their lengths can be made to collide."""
    asked = [
        ("e", "ab", []),
        ("ea", "b", []),
        ("", "eab", []),
        ("e", "ab", [(0, 1)]),
        ("e", "ab", [(0, 2)]),
        ("e", "ab", [(0, 1), (1, 2)]),
        ("e", "ab", [(0, 1), (2, 1)]),
        ("e", "ab\x00", []),
        ("e", "ab" + "\x00" * 8, []),
        ("e\x00", "ab", []),
        ("e", "Ab", []),
        ("e", "ab\ud800", []),
        ("e", "ab" + (0).to_bytes(8, "little").decode() + (1).to_bytes(8, "little").decode(), []),
    ]
    keys = [vector_key(*parts) for parts in asked]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 40 and int(key, 16) >= 0 for key in keys)
    assert vector_key("e", "ab", [(0, 1)]) == vector_key("e", "ab", ((0, 1),))


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        *(lambda content, at=at: flipped(content, at) for at in (0, 4, 6, 10, 14, 18, -1)),
        lambda content: content[:-1],
        lambda content: content + b"\0\0",
        lambda content: content[:7],
        lambda content: b"",
        lambda content: "text where bytes should be",
        lambda content: 12,
        lambda content: pickle.dumps([1.0] * 40),
    ],
)
def test_a_damaged_entry_is_dropped_counted_and_missing(
    tmp_path: Path, damage: Callable[[bytes], object], caplog: pytest.LogCaptureFixture
) -> None:
    """A bit of each field of the header and of the numbers, cuts, additions, and contents of another kind."""
    keys, arrays = filled(tmp_path)
    changed(tmp_path, "UPDATE contents SET content = ? WHERE key = ?", damage(content_of(tmp_path, keys[3])), keys[3])
    cache = VectorCache(tmp_path)
    found = cache.get_many(keys)
    assert found.pop(3) is None
    assert same(found, [*arrays[:3], *arrays[4:]])
    assert (cache.damaged, cache.info().entries) == (1, len(keys) - 1)
    cache.put_many([keys[3]], [arrays[3]])
    assert same(cache.get_many(keys), arrays)
    assert cache.damaged == 1
    assert not caplog.records


def test_swapped_entries_are_noticed(tmp_path: Path) -> None:
    """Each content is whole and has the shape of the other; only its key is wrong."""
    keys = some_keys(2)
    VectorCache(tmp_path).put_many(keys, some_arrays(2, rows=2))
    first, second = (content_of(tmp_path, key) for key in keys)
    changed(tmp_path, "UPDATE contents SET content = ? WHERE key = ?", second, keys[0])
    changed(tmp_path, "UPDATE contents SET content = ? WHERE key = ?", first, keys[1])
    cache = VectorCache(tmp_path)
    assert cache.get_many(keys) == [None, None]
    assert cache.damaged == 2


def test_an_entry_of_another_format_version_is_missing_though_its_checksum_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = some_keys(1)
    monkeypatch.setattr(rooms, "ENTRY_VERSION", 2)
    VectorCache(tmp_path).put_many(keys, some_arrays(1))
    monkeypatch.undo()
    cache = VectorCache(tmp_path)
    assert cache.get_many(keys) == [None]
    assert cache.damaged == 1


def test_a_file_of_another_format_version_is_made_anew(tmp_path: Path) -> None:
    keys, arrays = filled(tmp_path)
    with sqlite3.connect(tmp_path / FILE_NAME) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    cache = VectorCache(tmp_path)
    assert cache.get_many(keys) == [None] * len(keys)
    cache.put_many(keys, arrays)
    assert same(VectorCache(tmp_path).get_many(keys), arrays)


class Planted:
    """Unpickled, it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_nothing_that_somebody_planted_is_unpickled_or_run(tmp_path: Path) -> None:
    """Neither a pickle in place of a content, nor one behind a right header, nor a function in the file's schema."""
    keys, arrays = filled(tmp_path)
    trap = tmp_path / "run"
    planted = pickle.dumps(Planted(trap))
    planted += b"\0" * (len(planted) % 2)
    changed(tmp_path, "UPDATE contents SET content = ? WHERE key = ?", planted, keys[0])
    header = rooms.CHECKED.pack(rooms.MARK, rooms.ENTRY_VERSION, 1, len(planted) // 2)
    checksum = rooms._checksum(keys[1].encode(), header, planted)
    content = rooms.HEADER.pack(rooms.MARK, rooms.ENTRY_VERSION, 1, len(planted) // 2, checksum) + planted
    changed(tmp_path, "UPDATE contents SET content = ? WHERE key = ?", content, keys[1])
    cache = VectorCache(tmp_path)
    found = cache.get_many(keys)
    assert found[0] is None
    assert found[1] is not None
    assert found[1].tobytes() == planted
    assert same(found[2:], arrays[2:])
    assert not trap.exists()
    pickle.loads(planted)  # noqa: S301 - shows that the trap would have worked
    assert trap.exists()


def test_functions_of_a_planted_schema_are_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A trigger may name a function of the program that opens the file; the cache would rather be empty."""
    keys, arrays = filled(tmp_path)
    with sqlite3.connect(tmp_path / FILE_NAME) as file:
        file.execute("CREATE TRIGGER planted AFTER INSERT ON contents BEGIN SELECT load_extension('planted'); END")
    file.close()
    cache = VectorCache(tmp_path)
    cache.put_many(["aa"], arrays[:1])
    assert cache.get_many(keys) == [None] * len(keys)
    assert [record for record in caplog.records if "unsafe use of load_extension" in record.getMessage()]


def test_the_limit_holds_and_the_least_recently_used_go_first(tmp_path: Path) -> None:
    """Reading is using, from whichever process it comes."""
    limit, keys, arrays = 2_000_000, some_keys(600), some_arrays(600, rows=40)
    cache = VectorCache(tmp_path, limit)
    for start in range(0, 100, 20):
        cache.put_many(keys[start : start + 20], arrays[start : start + 20])
    other = VectorCache(tmp_path, limit)
    other.get_many(keys[:20])
    other.close()
    for start in range(100, 600, 20):
        cache.put_many(keys[start : start + 20], arrays[start : start + 20])
        cache.get_many(keys[:20])
        cache.close()  # what stands in the journal goes into the file
        assert (tmp_path / FILE_NAME).stat().st_size <= limit
    found = cache.get_many(keys)
    kept = [i for i, array in enumerate(found) if array is not None]
    assert kept[:20] == list(range(20))
    assert kept[20:] == list(range(kept[20], 600))
    assert 0.8 * limit < len(kept) * arrays[0].nbytes < limit
    assert cache.info().entries == len(kept)


def test_a_lower_limit_shrinks_the_file(tmp_path: Path) -> None:
    VectorCache(tmp_path).put_many(some_keys(400), some_arrays(400, rows=40))
    cache = VectorCache(tmp_path, 1_000_000)
    cache.put_many(["aa"], some_arrays(1))
    cache.close()
    assert (tmp_path / FILE_NAME).stat().st_size <= 1_000_000
    assert same(cache.get_many(["aa"]), some_arrays(1))


def test_an_array_larger_than_an_entry_may_be_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "LARGEST_ENTRY", 1_000)
    cache = VectorCache(tmp_path)
    cache.put_many(["aa", "bb"], [np.zeros((6, DIMENSION)), np.zeros((4, DIMENSION))])
    large, small = cache.get_many(["aa", "bb"])
    assert large is None
    assert small is not None


def writer(folder: str, number: int, limit: int) -> None:
    """Writes entries of its own and entries that all write, and reads them between."""
    keys, arrays = some_keys(120, f"writer {number}"), some_arrays(120, seed=number)
    shared, common = some_keys(60, "shared"), some_arrays(60, seed=99)
    cache = VectorCache(Path(folder), limit)
    for start in range(0, 120, 10):
        cache.put_many(keys[start : start + 10], arrays[start : start + 10])
        cache.put_many(shared[start // 2 : start // 2 + 5], common[start // 2 : start // 2 + 5])
        found = [array for array in cache.get_many([*keys, *shared]) if array is not None]
        assert len(found) >= start + 10
    assert cache.damaged == 0
    assert not cache._useless
    cache.close()


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Six processes, none of which finds the file made; several keys are written by all."""
    processes = [
        SPAWNED.Process(target=writer, args=(str(tmp_path / "new"), number, 2**30), daemon=True) for number in range(6)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 6
    cache = VectorCache(tmp_path / "new")
    for number in range(6):
        assert same(cache.get_many(some_keys(120, f"writer {number}")), some_arrays(120, seed=number))
    assert same(cache.get_many(some_keys(60, "shared")), some_arrays(60, seed=99))
    assert cache.info().entries == 6 * 120 + 60


def forked(cache: VectorCache, keys: list[str], arrays: list[np.ndarray]) -> None:
    assert same(cache.get_many(keys), arrays)
    cache.put_many(["cc"], arrays[:1])
    cache.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_opens_the_file_for_itself(tmp_path: Path) -> None:
    """SQLite forbids to carry a connection through a fork; workers of a data loader do fork."""
    keys, arrays = filled(tmp_path)
    cache = VectorCache(tmp_path)
    assert same(cache.get_many(keys), arrays)
    child = FORKED.Process(target=forked, args=(cache, keys, arrays))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert same(cache.get_many([*keys, "cc"]), [*arrays, arrays[0]])


def test_a_folder_that_cannot_be_made_is_named_once_and_the_cache_is_empty(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    cache = VectorCache(tmp_path / "file" / "folder")
    for _ in range(3):
        cache.put_many(["aa"], some_arrays(1))
        assert cache.get_many(["aa", "bb"]) == [None, None]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(tmp_path / "file") in record.getMessage()
    assert "GCMTAG_CACHE" in record.getMessage()
    assert "\n" not in record.getMessage()


def test_a_read_only_folder_is_named_once_and_the_cache_is_empty(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        tmp_path.chmod(0o700)
        pytest.skip("this user may write everywhere")
    cache = VectorCache(tmp_path)
    cache.put_many(["aa"], some_arrays(1))
    assert cache.get_many(["aa"]) == [None]
    tmp_path.chmod(0o700)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("content", [b"no database at all " * 900, b"", b"SQLite format 3\0" + b"\x13" * 9_000])
def test_a_file_that_is_no_database_is_named_once_and_cleared_on_demand(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty one is a database to SQLite, and is used."""
    (tmp_path / FILE_NAME).write_bytes(content)
    cache, (array,) = VectorCache(tmp_path), some_arrays(1)
    for _ in range(2):
        cache.put_many(["aa"], [array])
    assert (cache.get_many(["aa"])[0] is None) == bool(content)
    assert len(caplog.records) == bool(content)
    cache.clear()
    cache.put_many(["aa"], [array])
    assert same(cache.get_many(["aa"]), [array])


def test_pages_overwritten_in_the_file_never_raise_nor_give_wrong_numbers(tmp_path: Path) -> None:
    """Whatever SQLite notices or does not notice: the array that was kept, or none."""
    filled(tmp_path, 200)
    whole = (tmp_path / FILE_NAME).read_bytes()
    keys, arrays = some_keys(200), some_arrays(200)
    draw, missing = np.random.default_rng(5), 0
    for _ in range(40):
        at = int(draw.integers(0, len(whole) - 300))
        (tmp_path / FILE_NAME).write_bytes(whole[:at] + draw.bytes(300) + whole[at + 300 :])
        cache = VectorCache(tmp_path)
        for array, kept in zip(cache.get_many(keys), arrays, strict=True):
            missing += array is None
            assert array is None or np.array_equal(array, kept)
        cache.put_many(keys[:5], arrays[:5])
        cache.close()
        for ending in ("-wal", "-shm"):
            (tmp_path / f"{FILE_NAME}{ending}").unlink(missing_ok=True)
    assert missing > 40


def fill_the_disk(folder: str, results: "multiprocessing.Queue[object]") -> None:
    """No file of this process may grow beyond 400 kB, as if the disk were full."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("gcmtag").addHandler(handler)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    cache, keys, arrays = VectorCache(Path(folder)), some_keys(200), some_arrays(200, rows=40)
    for start in range(0, 200, 20):
        cache.put_many(keys[start : start + 20], arrays[start : start + 20])
    results.put((sum(array is not None for array in cache.get_many(keys)), lines))


def test_a_full_disk_is_named_once_and_harms_nothing(tmp_path: Path) -> None:
    results = SPAWNED.Queue()
    child = SPAWNED.Process(target=fill_the_disk, args=(str(tmp_path), results))
    child.start()
    kept, lines = results.get(timeout=60)
    child.join(60)
    assert kept == 0
    assert len(lines) == 1
    assert FILE_NAME in lines[0]
    cache = VectorCache(tmp_path)
    found = cache.get_many(some_keys(200))
    assert [array is None or np.array_equal(array, kept) for array, kept in zip(
        found, some_arrays(200, rows=40), strict=True)] == [True] * 200  # fmt: skip
    assert cache.damaged == 0


def test_a_file_that_another_program_keeps_locked_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keys, arrays = filled(tmp_path)
    monkeypatch.setattr(rooms, "BUSY_SECONDS", 0.2)
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    cache = VectorCache(tmp_path)
    assert same(cache.get_many(keys), arrays)  # readers do not wait for writers
    started = time.monotonic()
    cache.put_many(["aa"], arrays[:1])
    assert time.monotonic() - started < 5
    cache.put_many(["bb"], arrays[:1])
    assert cache.get_many(keys) == [None] * len(keys)
    other.close()
    assert len(caplog.records) == 1
    assert "locked" in caplog.text


def test_reading_and_writing_a_thousand_entries_takes_a_fraction_of_encoding_them(tmp_path: Path) -> None:
    """Asked: 50 ms and 300 ms for 8 kB each, the best of five on an idle machine; a busy one gets three times that."""
    draw = np.random.default_rng(1)
    keys, arrays = some_keys(1_000), [draw.normal(size=(5, 800)).astype(np.float16) for _ in range(1_000)]
    cache = VectorCache(tmp_path)
    reading, writing = [], []
    for _ in range(5):
        began = time.perf_counter()
        cache.put_many(keys, arrays)
        writing.append(time.perf_counter() - began)
        began = time.perf_counter()
        cache.get_many(keys)
        reading.append(time.perf_counter() - began)
    assert min(reading) < 0.150
    assert min(writing) < 0.900


def test_the_environment_names_the_folder_or_turns_the_cache_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCMTAG_CACHE", str(tmp_path))
    assert default_cache_folder() == tmp_path
    monkeypatch.setenv("GCMTAG_CACHE", "OFF")
    assert default_cache_folder() is None
    monkeypatch.delenv("GCMTAG_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = default_cache_folder()
    assert folder is not None
    assert "gcmtag" in str(folder)


def test_the_command_shows_and_clears_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gcmtag_command: Callable[..., tuple]
) -> None:
    filled(tmp_path, 1_200)
    monkeypatch.setenv("GCMTAG_CACHE", str(tmp_path))
    status, shown, _ = gcmtag_command("cache", "info")
    assert status == 0
    assert str(tmp_path) in shown
    assert "1,200" in shown
    assert "2,048.0 MB" in shown
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    status, shown, _ = gcmtag_command("cache", "clear")
    assert status == 0
    assert "1,200 entries removed" in shown
    assert "0" in gcmtag_command("cache", "info")[1].splitlines()[1]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < size / 5


def test_the_command_makes_nothing_where_there_is_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gcmtag_command: Callable[..., tuple]
) -> None:
    monkeypatch.setenv("GCMTAG_CACHE", str(tmp_path / "new"))
    assert gcmtag_command("cache", "info")[0] == 0
    assert gcmtag_command("cache", "clear")[0] == 0
    assert not (tmp_path / "new").exists()
    monkeypatch.setenv("GCMTAG_CACHE", "off")
    assert "off" in gcmtag_command("cache", "info")[1]
    status, _, errors = gcmtag_command("cache", "clear")
    assert status == 1
    assert len(errors.splitlines()) == 1
