"""The same run on a Ray cluster, or with Ray on this machine: a model an actor, partitioned Parquet on any file system.

Layout of the output, wherever it is:

    tags.parquet/         a folder with a Parquet file for each stretch of passages; by name in order of the documents
    documents.parquet     a row a document
    failures.csv          a row for every document or page that could not be read
    run.json              versions, model, settings, timings
    .parts/state.json     the model and version that the tags belong to

A file of tags is named by what is in it and written whole or not at all. So what a lost actor had in hand is done again
without doubling, and a run that was stopped goes on: what is there already is not tagged again.
"""

import io
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs as pa_fs

import gcmtag
from gcmtag.errors import DocumentError, MissingExtra, UsageError
from gcmtag.reading import content_id
from gcmtag.running import failures
from gcmtag.running.batch import HEAVY_BATCH, LIGHT_BATCH, Outcome
from gcmtag.running.failures import Failure
from gcmtag.running.inputs import SUFFIXES, find_documents
from gcmtag.running.sources import Piece, Whole, pieces_of
from gcmtag.running.store import FORMAT_VERSION, Parts, Span, about_run
from gcmtag.running.tagging import Loader, is_light, tag_pieces, usable_cores
from gcmtag.running.writing import conformed, failures_csv, unified
from gcmtag.tables import DOCUMENTS_SCHEMA, document_table
from gcmtag.tagger import Tagger, warned

PASSAGE: Final = 1_000  # bytes, roughly; decides how many pieces go from a reader to an actor at a time: one
TOGETHER: Final = 4  # pieces that an actor takes at a time
# Of a processor core. Readers hardly compute; they must find room beside as many actors as there are cores.
ACTOR_CORES: Final = 0.9
READER_CORES: Final = 0.1
_TAGS: Final = "tags.parquet"
_ROWS: Final = pa.schema(
    [
        ("index", pa.int64()),
        ("kind", pa.string()),  # piece, done, whole or failure
        ("first", pa.int64()),
        ("last", pa.int64()),
        ("name", pa.string()),
        ("content", pa.binary()),
    ]
)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on a file system that pyarrow knows."""

    uri: str

    def open(self) -> tuple[pa_fs.FileSystem, str]:
        """The file system and the path on it.

        Raises:
            UsageError: no such file system.
        """
        if "://" not in self.uri:
            return pa_fs.LocalFileSystem(), str(Path(self.uri).absolute())
        try:
            system, path = pa_fs.FileSystem.from_uri(self.uri)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise UsageError(f"cannot reach {self.uri} ({error}): check the address and the access to it") from error
        return system, str(path)

    def write(self, name: str, data: bytes) -> None:
        """Writes a file whole or not at all."""
        system, root = self.open()
        path = f"{root}/{name}"
        if not isinstance(system, pa_fs.LocalFileSystem):
            with system.open_output_stream(path) as stream:
                stream.write(data)
            return
        unfinished = f"{path}.{os.getpid()}.unfinished"
        with system.open_output_stream(unfinished) as stream:
            stream.write(data)
        system.move(unfinished, path)


@dataclass(frozen=True, slots=True)
class Source:
    """A document: its place in the order, its name as the user knows it, and where to open it."""

    index: int
    name: str
    place: str

    @contextmanager
    def local(self) -> Iterator[Path]:
        """The file on this machine; fetched for the time being where it is elsewhere."""
        system, path = Folder(self.place).open()
        if isinstance(system, pa_fs.LocalFileSystem):
            yield Path(path)
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / path  # with its folders, which may stand for columns
            copy.parent.mkdir(parents=True)
            pa_fs.copy_files(path, str(copy), source_filesystem=system, destination_filesystem=pa_fs.LocalFileSystem())
            yield copy

    def failure(self, error: DocumentError | OSError, path: Path | None) -> Failure:
        """That it cannot be read, in the words of the error with the name that the user knows."""
        reason = error.reason if isinstance(error, DocumentError) else "unreadable"
        message = str(error) if path is None else str(error).replace(str(path), self.name)
        return Failure(self.name, None, reason, message)


def run_on_ray(
    inputs: Sequence[str],
    output: str,
    tagger: Loader,
    model: str,
    *,
    jobs: int | None = None,
    batch: int | None = None,
    restart: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> Outcome:
    """Tags documents and tables on the cluster that ``RAY_ADDRESS`` names, or on this machine.

    Args:
        inputs: as for the local engine, and addresses of files and folders, which every machine can reach.
        output: a folder, or the address of one.
        tagger: gives the model; it is called by each actor and must be picklable.
        model: id of that model.
        jobs: number of actors; by default the cores of the cluster.
        batch: passages that are tagged together; by default what suits the model.
        restart: tag everything anew.
        settings: what to record in run.json besides.

    Raises:
        MissingExtra: Ray is not installed.
        UsageError: the output cannot be written or holds results of another model.
    """
    started, began = datetime.now(UTC), time.monotonic()
    ray = _started()
    folder = Folder(output)
    existing = _claim(folder, model, restart=restart)
    sources, failed = _unique(ray, _find(inputs))
    size = batch if batch is not None else LIGHT_BATCH if is_light(tagger()) else HEAVY_BATCH
    rows = _tagged(ray, sources, folder, tagger, jobs, size)
    done = _Done(rows, {source.index: source for source in sources})
    failed.update(done.failures)
    taken_up = done.names <= existing and len(done.documents)
    _make_uniform(ray, folder, done)
    _remove(folder, existing - done.names)
    documents = pa.concat_tables(done.documents) if done.documents else DOCUMENTS_SCHEMA.empty_table()
    folder.write("documents.parquet", _parquet_bytes(documents))
    listed = [failure for index in sorted(failed) for failure in failed[index]]
    folder.write("failures.csv", failures_csv(listed).encode())
    seconds = time.monotonic() - began
    about = {
        **about_run(model, settings, started, seconds),
        "documents": documents.num_rows,
        "passages": done.passages,
        "parts_taken_up": len(done.names & existing),
        "failures": len(listed),
    }
    folder.write("run.json", (json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())
    system, root = folder.open()
    return Outcome(
        parts=Parts([f"{root}/{_TAGS}/{name}" for name in sorted(done.names)], system),
        documents=documents,
        passages=done.passages,
        written=[Path(output) / _TAGS, Path(output) / "documents.parquet"],
        failures=listed,
        taken_up=int(taken_up),
        seconds=seconds,
        notes=[],
    )


class _Done:
    """What came back from the cluster, sorted."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], sources: Mapping[int, Source]) -> None:
        self.documents: list[pa.Table] = []
        self.failures: dict[int, list[Failure]] = {}
        self.schemas: dict[str, pa.Schema] = {}
        found = list(rows)
        parts: dict[int, list[Mapping[str, Any]]] = {}
        for row in found:
            if row["kind"] == "done":
                parts.setdefault(row["index"], []).append(row)
        wholes = {row["index"]: row for row in found if row["kind"] == "whole"}
        self.passages = 0
        for row in found:
            if row["kind"] == "failure":
                self.failures[row["index"]] = [Failure(**json.loads(row["content"]))]
        for index in sorted(wholes):
            document, unread = _unpacked(wholes[index]["content"])
            self.documents.append(document)
            if pages := failures.of_pages(sources[index].name, unread):
                self.failures[index] = pages
            for part in parts.get(index, []):
                self.schemas[part["name"]] = pa.ipc.read_schema(pa.py_buffer(part["content"]))
            self.passages += wholes[index]["last"]

    @property
    def names(self) -> set[str]:
        return set(self.schemas)


def _started() -> Any:  # noqa: ANN401
    try:
        import ray  # noqa: PLC0415
        import ray.data  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("the engine ray needs Ray: pip install 'gcmtag[ray]'") from error
    if not ray.is_initialized():
        own: dict[str, Any] = {"num_cpus": usable_cores(), "include_dashboard": False}
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **({} if os.environ.get("RAY_ADDRESS") else own))
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    return ray


def _find(inputs: Sequence[str]) -> list[Source]:
    found: dict[str, str] = {}
    for entry in inputs:
        if "://" in entry:
            found.update((uri, uri) for uri in _listed(entry))
        else:
            found.update((str(path), str(path.absolute())) for path in find_documents([entry]))
    return [Source(index, name, place) for index, (name, place) in enumerate(found.items())]


def _listed(uri: str) -> list[str]:
    """Addresses of the documents under an address, by name."""
    system, root = Folder(uri).open()
    if system.get_file_info(root).type != pa_fs.FileType.Directory:
        return [uri]
    files = system.get_file_info(pa_fs.FileSelector(root, recursive=True))
    inside = sorted(info.path[len(root) :].lstrip("/") for info in files if info.type == pa_fs.FileType.File)
    return [
        f"{uri.rstrip('/')}/{name}"
        for name in inside
        if Path(name).suffix.lower() in SUFFIXES and not any(piece.startswith(".") for piece in name.split("/"))
    ]


def _unique(ray: Any, sources: Sequence[Source]) -> tuple[list[Source], dict[int, list[Failure]]]:  # noqa: ANN401
    """Documents, each content once, and what failed by place in the order."""
    identify = ray.remote(num_cpus=READER_CORES)(_identified)
    names: list[str | Failure] = ray.get([identify.remote(source) for source in sources])
    unique: dict[str, Source] = {}
    failed: dict[int, list[Failure]] = {}
    for source, name in zip(sources, names, strict=True):
        if isinstance(name, Failure):
            failed[source.index] = [name]
        elif name in unique:
            failed[source.index] = [failures.of_copy(source.name, unique[name].name)]
        else:
            unique[name] = source
    return list(unique.values()), failed


def _identified(source: Source) -> str | Failure:
    path = None
    try:
        with source.local() as path:
            return failures.of_folder(source.name) if path.is_dir() else content_id(path)
    except (DocumentError, OSError) as error:
        return source.failure(error, path)


def _tagged(
    ray: Any,  # noqa: ANN401
    sources: Sequence[Source],
    folder: Folder,
    load: Loader,
    jobs: int | None,
    size: int,
) -> Iterator[Mapping[str, Any]]:
    if not sources:
        return iter(())
    ray.data.DataContext.get_current().target_max_block_size = PASSAGE * size
    cores = int(ray.cluster_resources().get("CPU", 1))
    items = ray.data.from_items([asdict(source) for source in sources], override_num_blocks=len(sources))
    rows = items.flat_map(_read, fn_kwargs={"size": size}, num_cpus=READER_CORES).map_batches(
        _Actor,
        fn_constructor_args=(load, folder),
        batch_size=TOGETHER,
        batch_format="pyarrow",
        num_cpus=ACTOR_CORES,
        compute=ray.data.ActorPoolStrategy(size=jobs if jobs is not None else cores),
    )
    return iter(rows.iter_rows())


def _read(item: Mapping[str, Any], size: int) -> Iterator[dict[str, Any]]:
    """Rows of ``_ROWS`` for a document: its pieces, and at the end what is known of it."""
    source = Source(item["index"], item["name"], item["place"])
    path = None
    try:
        with source.local() as path:
            for found in pieces_of(path, lambda: size, lambda _: False):
                yield _piece_row(source, found) if isinstance(found, Piece) else _whole_row(source, found)
    except (DocumentError, OSError) as error:
        failure = source.failure(error, path)
        values = {"path": failure.path, "page": None, "reason": failure.reason, "message": failure.message}
        yield _row(source.index, "failure", 0, 0, "", json.dumps(values).encode())


def _row(index: int, kind: str, first: int, last: int, name: str, content: bytes) -> dict[str, Any]:
    return {"index": index, "kind": kind, "first": first, "last": last, "name": name, "content": content}


def _piece_row(source: Source, piece: Piece) -> dict[str, Any]:
    span = piece.span
    name = f"part-{source.index:08d}-{span.first:010d}-{span.last:010d}-{span.document_id}.parquet"
    return _row(source.index, "piece", span.first, span.last, name, _ipc_bytes(piece.passages))


def _whole_row(source: Source, whole: Whole) -> dict[str, Any]:
    last = whole.spans[-1].last
    document = warned(whole.document)
    table = document_table(document, last, "")
    table = table.set_column(table.column_names.index("path"), "path", pa.array([source.name], type=pa.string()))
    unread = json.dumps({str(page): why for page, why in document.unread_pages.items()})
    return _row(source.index, "whole", 1, last, document.document_id, _ipc_bytes(table, {b"unread": unread.encode()}))


class _Actor:
    """A model and what it does with the rows that readers give: pieces are tagged and written, the rest goes on."""

    def __init__(self, load: Loader, folder: Folder) -> None:
        pa.set_cpu_count(1)
        self._load, self._folder = load, folder
        self._tagger: Tagger | None = None

    def __call__(self, rows: pa.Table) -> pa.Table:
        records = rows.to_pylist()
        pieces = [row for row in records if row["kind"] == "piece"]
        known = {row["name"]: schema for row in pieces if (schema := self._schema(row["name"])) is not None}
        wanted = [row for row in pieces if row["name"] not in known]
        known.update(zip((row["name"] for row in wanted), self._tag(wanted), strict=True))
        for row in records:
            if row["kind"] == "piece":
                row.update(kind="done", content=known[row["name"]].serialize().to_pybytes())
            elif row["kind"] == "whole":
                row["content"] = self._with_model(row["content"])
        return pa.Table.from_pylist(records, schema=_ROWS)

    def _tag(self, rows: Sequence[Mapping[str, Any]]) -> list[pa.Schema]:
        if not rows:
            return []
        pieces = [Piece(Span(row["name"], row["first"], row["last"]), _table_of(row["content"])) for row in rows]
        tables = tag_pieces(self._own(), pieces)
        for row, table in zip(rows, tables, strict=True):
            self._folder.write(f"{_TAGS}/{row['name']}", _parquet_bytes(table))
        return [table.schema for table in tables]

    def _own(self) -> Tagger:
        if self._tagger is None:
            self._tagger = self._load()
        return self._tagger

    def _with_model(self, content: bytes) -> bytes:
        table = _table_of(content)
        models = pa.array([self._own().model], type=pa.string())
        return _ipc_bytes(table.set_column(table.column_names.index("model"), "model", models), table.schema.metadata)

    def _schema(self, name: str) -> pa.Schema | None:
        """Of a part, if it is there already: of an earlier run, or of an actor that died."""
        system, root = self._folder.open()
        path = f"{root}/{_TAGS}/{name}"
        if system.get_file_info(path).type == pa_fs.FileType.NotFound:
            return None
        return pq.read_schema(path, filesystem=system)


def _make_uniform(ray: Any, folder: Folder, done: _Done) -> None:  # noqa: ANN401
    """Writes those parts again whose carried columns have not the types that all parts have together."""
    schema = unified(done.schemas.values())
    rewrite = ray.remote(num_cpus=READER_CORES)(_rewrite)
    ray.get([rewrite.remote(folder, name, schema) for name, own in done.schemas.items() if not own.equals(schema)])


def _rewrite(folder: Folder, name: str, schema: pa.Schema) -> None:
    system, root = folder.open()
    table = pq.read_table(f"{root}/{_TAGS}/{name}", filesystem=system)
    folder.write(f"{_TAGS}/{name}", _parquet_bytes(conformed(table, schema)))


def _claim(folder: Folder, model: str, *, restart: bool) -> set[str]:
    """Takes the output for this model and gives the names of the parts that are there already."""
    state = {"format_version": FORMAT_VERSION, "gcmtag": gcmtag.__version__, "model": model, "engine": "ray"}
    try:
        system, root = folder.open()
        tags, path = f"{root}/{_TAGS}", f"{root}/.parts/state.json"
        if restart:
            for place in (tags, f"{root}/.parts"):
                _delete(system, place)
        if system.get_file_info(path).type == pa_fs.FileType.NotFound:
            system.create_dir(tags, recursive=True)
            system.create_dir(f"{root}/.parts", recursive=True)
            folder.write(".parts/state.json", json.dumps(state).encode())
        else:
            with system.open_input_stream(path) as stream:
                if stream.readall() != json.dumps(state).encode():
                    raise UsageError(
                        f"{folder.uri} holds results of another model, version or engine: add --restart to replace "
                        "them, or choose another folder with -o"
                    )
        files = system.get_file_info(pa_fs.FileSelector(tags, allow_not_found=True))
    except OSError as error:
        raise UsageError(f"cannot write to {folder.uri} ({error}): choose another folder with -o") from error
    return {info.base_name for info in files if info.base_name.endswith(".parquet")}


def _delete(system: pa_fs.FileSystem, path: str) -> None:
    kind = system.get_file_info(path).type
    if kind == pa_fs.FileType.Directory:
        system.delete_dir(path)
    elif kind == pa_fs.FileType.File:
        system.delete_file(path)


def _remove(folder: Folder, names: Iterable[str]) -> None:
    """Parts of documents that are no longer asked for."""
    system, root = folder.open()
    for name in names:
        system.delete_file(f"{root}/{_TAGS}/{name}")


def _unpacked(content: bytes) -> tuple[pa.Table, dict[int, str]]:
    table = _table_of(content)
    unread = {int(page): why for page, why in json.loads(table.schema.metadata[b"unread"]).items()}
    return table.replace_schema_metadata(None), unread


def _ipc_bytes(table: pa.Table, metadata: Mapping[bytes, bytes] | None = None) -> bytes:
    table = table.replace_schema_metadata(metadata)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def _table_of(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()


def _parquet_bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
