"""What a Parquet file unpacks to, found out in a process of its own before the service reads it.

A few hundred bytes can stand for gigabytes: pages of zeros, one long value in a dictionary that a million rows point
to, or a run of a billion equal values. The file's own metadata says how many rows, values and bytes there are, and may
lie. So another process first looks at the metadata and then unpacks everything once as the reader will, under limits of
the operating system. It runs this file as a script and imports nothing of the package, which would take it seconds.
"""

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

MEGABYTE: Final = 1_000_000
MOST_MEMORY: Final = 1_500 * MEGABYTE  # of the whole process, libraries included
MOST_UNPACKED: Final = 200 * MEGABYTE  # characters and numbers of all rows together
MOST_COLUMNS: Final = 2_000
ROWS_AT_A_TIME: Final = 1024  # as the reader does
SECONDS: Final = 60
TOO_LARGE: Final = f"it unpacks to more than {MOST_UNPACKED // MEGABYTE} MB"
PASSED: Final = "passed"
_ANY_VALUE: Final = 8  # bytes that a value counts for, however short it is


def refusal(path: Path, most_rows: int) -> str:
    """Why a Parquet file is too large to be read; empty where it is not, or where the reader has to say what is wrong.

    Args:
        path: the file.
        most_rows: rows that are taken.
    """
    # Isolated: what lies beside this file, or where the service was started, must not be taken for a library.
    command = [sys.executable, "-I", __file__, str(path), str(most_rows)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return TOO_LARGE
    said = ran.stdout.strip()
    # A process that the system stopped says nothing.
    return "" if said == PASSED else said or TOO_LARGE


def look(path: str, most_rows: int) -> str:
    """The same in this process, ``PASSED`` where nothing is wrong.

    Raises:
        MemoryError: it takes more memory than there is.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        file = pq.ParquetFile(pa.BufferReader(Path(path).read_bytes()))
        if said := _of_metadata(file.metadata, most_rows):
            return said
        size = 0
        for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, use_threads=False):
            size += sum(_size(value) for row in batch.to_pylist() for value in row.values())
            if size > MOST_UNPACKED:
                return TOO_LARGE
    except MemoryError:
        raise
    except Exception:  # a damaged file: the reader has the words for it
        return PASSED
    return PASSED


def _of_metadata(metadata: Any, most_rows: int) -> str:  # noqa: ANN401
    if metadata.num_rows > most_rows:
        return f"it has {metadata.num_rows} rows, this service takes {most_rows}; split it"
    if metadata.num_columns > MOST_COLUMNS:
        return f"it has {metadata.num_columns} columns, this service takes {MOST_COLUMNS}; leave some out"
    chunks = [
        metadata.row_group(group).column(column)
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    ]
    if sum(max(chunk.total_uncompressed_size, _ANY_VALUE * chunk.num_values) for chunk in chunks) > MOST_UNPACKED:
        return TOO_LARGE
    return ""


def _size(value: object) -> int:
    """Characters of a value and of all that it holds.

    >>> _size("four"), _size(["four", 5, None])
    (8, 32)
    """
    if isinstance(value, dict):
        return _ANY_VALUE + sum(_size(item) for item in value.values())
    if isinstance(value, list | tuple):
        return _ANY_VALUE + sum(_size(item) for item in value)
    return max(_ANY_VALUE, len(value)) if isinstance(value, str | bytes) else _ANY_VALUE


def _limit() -> None:
    with contextlib.suppress(ImportError):  # elsewhere than on Unix there are no such limits
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main(path: str, most_rows: str) -> None:
    import os  # noqa: PLC0415

    # Other pools reserve more addresses than they use.
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    _limit()
    try:
        said = look(path, int(most_rows))
    except MemoryError:
        said = TOO_LARGE
    print(said)


if __name__ == "__main__":
    with contextlib.redirect_stderr(io.StringIO()):
        _main(*sys.argv[1:])
