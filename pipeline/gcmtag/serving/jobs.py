"""Documents that wait for their tags, and the results: they outlive the process.

Layout of the state folder, format version 1 (``PRAGMA user_version``; a change of the table raises it and says here how
an older one is brought up to date):

    jobs.sqlite     a row a job, in WAL mode
    lock            held by the service that uses the folder
    files/ID/       the upload under ``source/`` until the job ends, then tags.parquet and documents.parquet, and
                    audit.json once somebody has looked at the page
"""

import re
import shutil
import sqlite3
import threading
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from gcmtag.errors import UsageError
from gcmtag.serving.batching import Busy

State = Literal["queued", "running", "done", "failed"]
FORMAT_VERSION: Final = 1
MOST_ATTEMPTS: Final = 3
LONGEST_NAME: Final = 100  # bytes of a file name
SECONDS_A_JOB: Final = 5  # what a caller is told to wait for each job before its own

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, pasted INTEGER NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, tagged INTEGER NOT NULL DEFAULT 0, passages INTEGER, error TEXT,
    created REAL NOT NULL, finished REAL
)
"""
_COLUMNS: Final = "id, owner, name, pasted, state, attempts, tagged, passages, error, created, finished"


@dataclass(frozen=True, slots=True)
class Job:
    """A document and how far it is; times are seconds since 1970, ``tagged`` and ``passages`` count passages."""

    id: str
    owner: str
    name: str
    pasted: bool
    state: State
    attempts: int
    tagged: int
    passages: int | None
    error: str | None
    created: float
    finished: float | None


class JobStore:
    """Jobs of one state folder; safe to use from several threads.

    Args:
        folder: made if need be.
        most_waiting: most jobs that may be unfinished.

    Raises:
        UsageError: the folder cannot be written, another service uses it, or another version made it.
    """

    def __init__(self, folder: Path, most_waiting: int) -> None:
        self._folder, self._most_waiting, self._mutex = folder, most_waiting, threading.RLock()
        try:
            (folder / "files").mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = FileLock(folder / "lock", thread_local=False)  # closed by another thread
            self._lock.acquire(timeout=0)
            self._rows = sqlite3.connect(folder / "jobs.sqlite", check_same_thread=False, isolation_level=None)
            self._rows.execute("PRAGMA journal_mode = WAL")
            self._check_version()
        except Timeout as error:
            raise UsageError(
                f"another service uses {folder}: stop it, or choose another folder with --state"
            ) from error
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"cannot keep jobs in {folder} ({error}): choose another folder with --state") from error
        self.take_up()

    def _check_version(self) -> None:
        (version,) = self._rows.execute("PRAGMA user_version").fetchone()
        if version not in {0, FORMAT_VERSION}:
            raise UsageError(f"{self._folder} was made by another version of gcmtag: choose another with --state")
        self._rows.execute(_TABLE)
        self._rows.execute(f"PRAGMA user_version = {FORMAT_VERSION}")

    def close(self) -> None:
        """Lets go of the folder."""
        with self._mutex:
            self._rows.close()
        self._lock.release()

    def take_up(self) -> None:
        """Queues again what a stopped service was working on, and removes files that belong to no job."""
        known = {job.id for job in self._select("")}
        for folder in (self._folder / "files").iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
        for job in self._select("WHERE state = 'running'"):
            if job.attempts >= MOST_ATTEMPTS:
                self.fail(job.id, f"{job.name}: the service stopped {job.attempts} times while it read this document")
            else:
                self.hand_back(job.id)

    def add(self, owner: str, name: str, content: BinaryIO, *, pasted: bool = False) -> Job:
        """A new job for a document, not yet queued: it may be looked at, then ``queue`` or ``remove`` it.

        Args:
            owner: who may see the job.
            name: the file's name as its sender gave it; never used as a path.
            content: the file.
            pasted: whether somebody typed the text.

        Raises:
            Busy: too many jobs wait.
        """
        waiting = self.waiting()
        if waiting >= self._most_waiting:
            seconds = min(600, SECONDS_A_JOB * waiting)
            raise Busy(f"{waiting} documents wait already: send this one again in {seconds} s", seconds)
        job = Job(uuid.uuid4().hex, owner, safe_name(name), pasted, "queued", 0, 0, None, None, time.time(), None)
        path = self.source(job)
        path.parent.mkdir(parents=True, mode=0o700)
        try:
            with path.open("wb") as file:
                shutil.copyfileobj(content, file)
        except BaseException:
            self._remove_files(job.id)
            raise
        return job

    def queue(self, job: Job) -> None:
        """Makes a job that was added one that the worker takes."""
        values = (job.id, job.owner, job.name, job.pasted, job.state, job.created)
        self._do("INSERT INTO jobs (id, owner, name, pasted, state, created) VALUES (?, ?, ?, ?, ?, ?)", values)

    def remove(self, job_id: str) -> None:
        """Forgets a job and its files."""
        self._do("DELETE FROM jobs WHERE id = ?", (job_id,))
        self._remove_files(job_id)

    def get(self, job_id: str, owner: str) -> Job | None:
        """The job, where it exists and belongs to the owner."""
        return next(iter(self._select("WHERE id = ? AND owner = ?", (job_id, owner))), None)

    def take(self) -> Job | None:
        """The oldest queued job, from now on running."""
        job = next(iter(self._select("WHERE state = 'queued' ORDER BY created LIMIT 1")), None)
        if job is not None:
            self._do("UPDATE jobs SET state = 'running', attempts = attempts + 1 WHERE id = ?", (job.id,))
        return job

    def hand_back(self, job_id: str, *, attempted: bool = True) -> None:
        """Queues a running job again; ``attempted`` tells whether the attempt counts."""
        less = 0 if attempted else 1
        change = "UPDATE jobs SET state = 'queued', tagged = 0, attempts = attempts - ? WHERE id = ?"
        self._do(change, (less, job_id))

    def progress(self, job_id: str, tagged: int, passages: int) -> None:
        """Notes how many of a job's passages have their tags."""
        self._do("UPDATE jobs SET tagged = ?, passages = ? WHERE id = ?", (tagged, passages, job_id))

    def finish(self, job_id: str, tags: pa.Table, documents: pa.Table) -> None:
        """Keeps the results, then says that the job is done; the upload is removed."""
        folder = self._folder / "files" / job_id
        if not folder.is_dir():
            return  # it was removed meanwhile
        pq.write_table(tags, folder / "tags.parquet", compression="zstd")
        pq.write_table(documents, folder / "documents.parquet", compression="zstd")
        change = "UPDATE jobs SET state = 'done', tagged = ?, passages = ?, finished = ? WHERE id = ?"
        self._do(change, (tags.num_rows, tags.num_rows, time.time(), job_id))
        shutil.rmtree(folder / "source", ignore_errors=True)

    def fail(self, job_id: str, message: str) -> None:
        """Ends a job with the reason; the upload is removed."""
        change = "UPDATE jobs SET state = 'failed', error = ?, finished = ? WHERE id = ?"
        self._do(change, (message, time.time(), job_id))
        self._remove_files(job_id)

    def results(self, job_id: str) -> tuple[pa.Table, pa.Table]:
        """Tags and documents of a job that is done."""
        folder = self._folder / "files" / job_id
        return pq.read_table(folder / "tags.parquet"), pq.read_table(folder / "documents.parquet")

    def made_once(self, job_id: str, name: str, make: Callable[[Path], bytes]) -> bytes:
        """A further file of a job that is done: ``make`` gives it from the job's folder when it is first asked for.

        Nothing is kept where it gives nothing.
        """
        folder = self._folder / "files" / job_id
        path = folder / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            content = make(folder)
        if content and folder.is_dir():
            part = path.with_name(f"{name}.{uuid.uuid4().hex}")
            part.write_bytes(content)
            part.replace(path)
        return content

    def source(self, job: Job) -> Path:
        """Where the upload of a job lies."""
        return self._folder / "files" / job.id / "source" / job.name

    def waiting(self) -> int:
        """Number of jobs that are queued or running."""
        counts = self.counts()
        return counts["queued"] + counts["running"]

    def counts(self) -> dict[str, int]:
        """Number of jobs in each state, absent states included."""
        found = dict(self._do("SELECT state, count(*) FROM jobs GROUP BY state"))
        return {"queued": 0, "running": 0, "done": 0, "failed": 0} | found

    def expire(self, keep: float) -> int:
        """Removes jobs that ended more than ``keep`` seconds ago; gives their number."""
        old = self._select("WHERE finished IS NOT NULL AND finished < ?", (time.time() - keep,))
        for job in old:
            self.remove(job.id)
        return len(old)

    def _remove_files(self, job_id: str) -> None:
        shutil.rmtree(self._folder / "files" / job_id, ignore_errors=True)

    def _select(self, where: str, values: Iterable[object] = ()) -> list[Job]:
        rows = self._do(f"SELECT {_COLUMNS} FROM jobs {where}", values)  # noqa: S608 - only our own words
        names = _COLUMNS.split(", ")
        return [Job(**(dict(zip(names, row, strict=True)) | {"pasted": bool(row[3])})) for row in rows]

    def _do(self, statement: str, values: Iterable[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._mutex:
            return self._rows.execute(statement, tuple(values)).fetchall()


def safe_name(name: str) -> str:
    r"""The last part of a name that somebody sent, without what a file system or a terminal could stumble on.

    >>> safe_name("../../etc/passwd"), safe_name("C:\\reports\\Review 2030.docx"), safe_name("..")
    ('passwd', 'Review 2030.docx', 'document')
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(character for character in last if character.isprintable()).strip(" .")
    stem, dot, suffix = shown.rpartition(".")
    if not dot or len(suffix) > 8:
        stem, dot, suffix = shown, "", ""
    room = LONGEST_NAME - len((dot + suffix).encode("utf-8", "ignore"))
    return (stem.encode("utf-8", "ignore")[:room].decode("utf-8", "ignore") + dot + suffix) or "document"
