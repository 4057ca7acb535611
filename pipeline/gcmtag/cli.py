"""The command line: parses, calls, prints; everything it does is one call away in Python."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

import gcmtag
from gcmtag.errors import DocumentError, GcmtagError, MissingExtra, UsageError
from gcmtag.objectives import CLUSTERS, OBJECTIVES

if TYPE_CHECKING:
    from gcmtag.document import Tags
    from gcmtag.encoding.cache import VectorCache
    from gcmtag.encoding.encoder import Progress
    from gcmtag.reporting.figures import Figures
    from gcmtag.running import Outcome

DONE, WRONG_USAGE, NOTHING_TAGGED, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
FORMATS: Final = ("parquet", "csv", "jsonl", "xlsx")
TIERS: Final = ("standard", "fast")
EXPORT_FORMATS: Final = (
    "csv",
    "xlsx",
    "json",
    "jsonl",
    "parquet",
    "label-studio",
    "label-studio-interface",
    "web-annotations",
    "spacy",
    "ttl",
    "bibtex",
    "csl-json",
)
MOST_LISTED: Final = 5
WIDE: Final = 120  # columns where the output is no terminal

# What is heavy (torch, spaCy, pandas) is imported by the command that needs it: help must come at once.


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(gcmtag.__version__, message="gcmtag %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong.")
def cli(*, debug: bool) -> None:
    """Tag passages of migration policy documents with the 23 objectives of the Global Compact for Migration."""


@cli.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder for the results; with ray also an address.")
@click.option("--format", "formats", help="Any of parquet,csv,jsonl,xlsx.  [default: parquet,csv; with ray parquet]")
@click.option("--tier", type=click.Choice(TIERS), default="standard", show_default=True, help="Shipped model to use.")
@click.option("--model", help="Another model, by name or by the path of its folder, instead of a tier.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Where to run.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processor cores to use; all by default.")
@click.option("--restart", is_flag=True, help="Tag everything anew instead of taking up an earlier run.")
@click.option("--report/--no-report", default=True, show_default=True, help="Also write report.html.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def tag(
    inputs: tuple[str, ...],
    output: str,
    formats: str | None,
    model: str | None,
    tier: str,
    engine: str,
    jobs: int | None,
    *,
    restart: bool,
    report: bool,
    quiet: bool,
) -> int:
    """Tag documents: files, folders, patterns, or tables with a column named text.

    Writes tags, documents, failures.csv, run.json and report.html into the output folder. A run that was interrupted
    is taken up by the same command.
    """
    loader, model_id = _lazy_tagger(model if model is not None else tier)
    settings = {"inputs": list(inputs), "model": model, "tier": tier, "engine": engine, "jobs": jobs}
    options: dict[str, Any] = {"jobs": jobs, "restart": restart, "settings": settings}
    if engine == "ray":
        if formats not in {None, "parquet"}:
            raise UsageError("the engine ray writes Parquet: leave --format out, and convert with 'gcmtag export'")
        from gcmtag.running.on_ray import run_on_ray  # noqa: PLC0415

        outcome = run_on_ray(inputs, output, loader, model_id, **options)
    else:
        wanted = _formats(formats if formats is not None else "parquet,csv")
        if "://" in output:
            raise UsageError(f"{output} is an address, which only --engine ray writes to: name a folder with -o")
        outcome = _tag_here(inputs, Path(output), loader, model_id, formats=wanted, quiet=quiet, **options)
    for failure in outcome.failures[:MOST_LISTED]:
        _say_error(failure.message)
    for note in outcome.notes:
        _say_error(note)
    if len(outcome.failures) > MOST_LISTED:
        _say_error(f"{len(outcome.failures) - MOST_LISTED} more, see {output}/failures.csv")
    if not outcome.documents.num_rows:
        if len(outcome.failures) > 1:
            _say_error(f"nothing could be tagged; the reasons are in {output}/failures.csv")
        return NOTHING_TAGGED
    written = [*map(str, outcome.written), *(str(Path(output) / name) for name in ("failures.csv", "run.json"))]
    # A page is written where it can be looked at.
    report = report and "://" not in output
    if report or not quiet:
        figures = _figures(outcome)
        if report:
            written.append(str(_write_report(figures, outcome, model_id, Path(output))))
        if not quiet:
            _print_outcome(figures, outcome, written)
    return SOME_FAILED if outcome.failures else DONE


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The page, report.html.")
@click.option("--by", multiple=True, metavar="COLUMN", help="Compare groups by a column; may be repeated.")
@click.option("--against", type=click.Path(path_type=Path), metavar="DIR", help="Another run, to say what changed.")
@click.option("--baseline", type=click.Path(path_type=Path), metavar="DIR", help="Documents to measure attention by.")
@click.option("--reference", type=click.Choice(["equal", "baseline", "rest"]), help="What little is measured by.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Level of the intervals.")
@click.option("--fraction", type=float, default=0.5, show_default=True, help="Of the reference that counts as little.")
@click.option("--model", help="The model that tagged, by name or path; found by its id if it is a shipped one.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def audit(
    folder: Path,
    output: Path,
    by: tuple[str, ...],
    against: Path | None,
    baseline: Path | None,
    reference: str | None,
    level: float,
    fraction: float,
    model: str | None,
    *,
    quiet: bool,
) -> int:
    """Audit tagged documents: what gets attention and what does not, with intervals, gaps and priorities.

    DIR is a folder that 'gcmtag tag' wrote. Writes the page, and report.json and report.csv beside it.
    """
    from gcmtag.auditing import audit as audit_folder  # noqa: PLC0415
    from gcmtag.auditing import write_csv, write_json  # noqa: PLC0415
    from gcmtag.reporting import write_audit_page  # noqa: PLC0415

    result = audit_folder(
        folder,
        by=by,
        against=against,
        baseline=baseline,
        reference=reference,
        level=level,
        fraction=fraction,
        model=model,
    )
    written = [output.with_suffix(".json"), output.with_suffix(".csv"), output]
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_json(result.report, written[0])
        write_csv(result.report, written[1])
        write_audit_page(result.report, result.tagged.tags, result.tagged.documents, output)
    except OSError as error:
        raise UsageError(f"cannot write to {output.parent} ({error.strerror}): choose another place with -o") from error
    if not quiet:
        click.echo("Written:")
        for path in written:
            click.echo(f"  {path}")
    return DONE


@cli.command()
@click.argument("text", default="-")
@click.option("--context", default="", help="The heading or question above the text.")
@click.option("--model", default="standard", show_default=True, help="Name of a shipped model, or path of a folder.")
def explain(text: str, context: str, model: str) -> int:
    """Tag one passage and show the scores and the words that decided. Reads standard input where TEXT is -."""
    try:
        passage = sys.stdin.read() if text == "-" else text
    except UnicodeDecodeError as error:
        raise UsageError("standard input is no UTF-8 text: convert it, or save it as a file for gcmtag tag") from error
    if not passage.strip():
        raise UsageError("no text to explain: give it as an argument or on standard input")
    passage = " ".join(passage.split())
    tagger = gcmtag.load(model)
    _print_explanation(passage, tagger.tag(passage, context or None), tagger.deciding_words(passage, context))
    return DONE


@cli.command("read")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
def read_file(file: Path, style: str) -> int:
    """Show how a document is read: pages, passages, what was left out and why, warnings."""
    from gcmtag.reporting.reading import reading_json, reading_table  # noqa: PLC0415
    from gcmtag.segmenting import read  # noqa: PLC0415

    document = read(file)
    click.echo(reading_json(document) if style == "json" else reading_table(document, _width()), nl=False)
    return SOME_FAILED if document.unread_pages else DONE


@cli.command()
@click.option("--recipe", type=click.Path(path_type=Path), help="Settings; the shipped model's by default.")
@click.option("--corpus", multiple=True, type=click.Path(path_type=Path), help="Replaces the recipe's corpora.")
@click.argument("more_corpus", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder for the model.")
@click.option("--checkpoints", type=click.Path(path_type=Path), help="Folder to keep the state in, to go on from.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def train(
    recipe: Path | None,
    corpus: tuple[Path, ...],
    more_corpus: tuple[Path, ...],
    output: Path,
    checkpoints: Path | None,
    *,
    quiet: bool,
) -> int:
    """Train a model by a recipe. Its twin without the tested documents is written beside it as MODEL-held-out."""
    from gcmtag.classifying import save_classifier  # noqa: PLC0415
    from gcmtag.training import read_corpus, read_recipe  # noqa: PLC0415
    from gcmtag.training import train as train_by  # noqa: PLC0415

    _make_folder(output)
    settings = read_recipe(recipe or _shipped_recipe(), (*corpus, *more_corpus))
    passages = read_corpus(settings.corpus)
    with _bar("Training", quiet) as progress:
        trained = train_by(settings, passages, checkpoints, progress)
    save_classifier(trained.model, output, trained.card, trained.unseen)
    save_classifier(trained.held_out, _twin_of(output), trained.held_out_card, trained.unseen)
    if not quiet:
        click.echo(f"{output}: learned from {len(passages)} passages of {len(trained.card['documents'])} documents")
    return DONE


@cli.command()
@click.option("--model", default="standard", show_default=True, help="Name of a shipped model, or path of a folder.")
@click.option("--gold", required=True, multiple=True, type=click.Path(path_type=Path), help="Labelled .jsonl file.")
@click.argument("more_gold", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--recipe", type=click.Path(path_type=Path), help="Settings; the shipped model's by default.")
@click.option("--corpus", multiple=True, type=click.Path(path_type=Path), help="Replaces the recipe's corpora.")
@click.option(
    "--peers",
    "chosen_peers",
    type=click.Choice(["simple", "all", "none"]),
    default="simple",
    show_default=True,
    help="Systems to stand beside it; all takes long on a CPU and needs the extra 'peers'.",
)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder for the figures.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def evaluate(
    model: str,
    gold: tuple[Path, ...],
    more_gold: tuple[Path, ...],
    recipe: Path | None,
    corpus: tuple[Path, ...],
    chosen_peers: str,
    output: Path,
    *,
    quiet: bool,
) -> int:
    """Measure a model on labelled passages, beside peers, with intervals.

    A document that the model learned from is scored by its twin that did not.
    """
    from gcmtag.evaluating import as_markdown, load_contestants, write_evaluation  # noqa: PLC0415
    from gcmtag.evaluating import evaluate as measure  # noqa: PLC0415
    from gcmtag.evaluating.peers import peers_named  # noqa: PLC0415
    from gcmtag.tagger import find_model  # noqa: PLC0415
    from gcmtag.training import read_corpus, read_recipe  # noqa: PLC0415

    _make_folder(output)
    settings = read_recipe(recipe or _shipped_recipe(), corpus)
    asked = read_corpus([*gold, *more_gold])
    folder = find_model(model)
    contestant, twin = load_contestants(folder, _twin_of(folder))
    with _bar("Evaluating", quiet) as progress:
        result = measure(
            contestant,
            twin,
            settings,
            read_corpus(settings.corpus),
            asked,
            peers_named(chosen_peers),
            progress=progress,
        )
    write_evaluation(result, output)
    if not quiet:
        click.echo(as_markdown(result))
        click.echo(f"written to {output / 'metrics.json'} and {output / 'metrics.md'}")
    return DONE


@cli.group()
def corpus() -> None:
    """Check a labelled corpus, how far its readers agree, and join gold labels with documents."""


@corpus.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--sources", multiple=True, type=click.Path(path_type=Path), help="Texts that must not be repeated.")
def check(paths: tuple[Path, ...], sources: tuple[Path, ...]) -> int:
    """Count passages and labels, and look for near-copies and for text of source documents."""
    from gcmtag.training import read_corpus  # noqa: PLC0415
    from gcmtag.training.checking import check as check_corpus  # noqa: PLC0415

    found = check_corpus(read_corpus(paths), sources)
    click.echo(
        f"{found.documents} documents, {found.passages} passages: {found.several} with several objectives, "
        f"{found.none} with none"
    )
    for objective, count in zip(OBJECTIVES, found.positives, strict=True):
        click.echo(f"{objective.number:>4} {objective.short:<21}{count:>6}")
    for first, second in found.near_copies:
        _say_error(f"{first} and {second} are near-copies: reword or remove one")
    for name, words in found.shared_runs:
        _say_error(f"{name} repeats a source document: {words!r}; reword it")
    return SOME_FAILED if found.near_copies or found.shared_runs else DONE


@corpus.command()
@click.argument("gold", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="GOLD.csv...")
@click.option(
    "--documents", required=True, type=click.Path(path_type=Path), help="Folder with copies of the documents."
)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Corpus file to write (.jsonl).")
def build(gold: tuple[Path, ...], documents: Path, output: Path) -> int:
    """Join gold labels with the text of your own copies of the documents; what cannot be matched is named."""
    from gcmtag.running import find_documents  # noqa: PLC0415
    from gcmtag.segmenting import read  # noqa: PLC0415
    from gcmtag.training.corpus import write_corpus  # noqa: PLC0415
    from gcmtag.training.gold import join, read_gold  # noqa: PLC0415

    copies = []
    for path in find_documents([str(documents)]):
        try:
            copies.append(read(path))
        except DocumentError as error:
            _say_error(str(error))
    joined = [join(read_gold(path), copies) for path in gold]
    write_corpus([p for one in joined for p in one.passages], output)
    missing = [row for one in joined for row in one.missing]
    for row in missing:
        _say_error(f"{row.document}, {row.locator}: no passage of the documents matches")
    click.echo(f"{output}: {sum(len(one.passages) for one in joined)} passages, {len(missing)} not matched")
    return SOME_FAILED if missing else DONE


@corpus.command()
@click.argument("labelled", type=click.Path(path_type=Path), metavar="LABELLED.jsonl")
@click.argument("document", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Gold file to write (.csv).")
def standoff(labelled: Path, document: Path, output: Path) -> int:
    """Turn labelled passages with text into a gold file without text, to be joined again by 'corpus build'."""
    from gcmtag.segmenting import read  # noqa: PLC0415
    from gcmtag.training.gold import gold_from_labels, write_gold  # noqa: PLC0415

    rows = gold_from_labels(labelled, read(document))
    write_gold(rows, output)
    click.echo(f"{output}: {len(rows)} labelled passages")
    return DONE


@corpus.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
def agreement(paths: tuple[Path, ...]) -> int:
    """Show how far the two readers of a corpus agreed before their differences were settled."""
    from gcmtag.training.agreement import agreement as agreement_of  # noqa: PLC0415

    found = agreement_of(paths)
    click.echo(
        f"{found.passages} passages; labels by both {found.both}, by the first only {found.only_a}, by the second only "
        f"{found.only_b}\nmicro-F1 {found.micro_f1:.3f}, Krippendorff's alpha (MASI) {found.alpha:.3f}, identical sets "
        f"{found.identical_sets:.3f}, same role {found.same_role:.3f}\nCohen's kappa:"
    )
    for objective, kappa in zip(OBJECTIVES, found.kappas, strict=True):
        click.echo(f"{objective.number:>4} {objective.short:<21}{kappa:>7.3f}")
    return DONE


@cli.command("export")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--to", required=True, metavar="FORMAT", help=f"One of {', '.join(EXPORT_FORMATS)}.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="File to write.")
@click.option("--hxl", is_flag=True, help="With csv and xlsx: a row of HXL hashtags below the column names.")
@click.option("--quiet", is_flag=True, help="Print nothing but warnings and errors.")
def export_results(folder: Path, to: str, output: Path, *, hxl: bool, quiet: bool) -> int:
    """Write the tags of an earlier run in the format of another tool. DIR is the folder that 'gcmtag tag' filled."""
    import warnings  # noqa: PLC0415

    from gcmtag.errors import ExportWarning  # noqa: PLC0415
    from gcmtag.exporting import Options, export, read_results  # noqa: PLC0415

    results = read_results(folder)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ExportWarning)
        content = export(results.tags, results.documents, to, Options(hxl=hxl, about=results.about))
    for message in dict.fromkeys(str(item.message) for item in said if issubclass(item.category, ExportWarning)):
        _say_error(f"warning: {message}")
    _write_file(output, content)
    if not quiet:
        click.echo(f"{output}: {results.tags.num_rows} passages of {results.documents.num_rows} documents as {to}")
    return DONE


@cli.command()
@click.option("--format", "style", type=click.Choice(["table", "json", "csv", "ttl"]), default="table")
def objectives(style: str) -> int:
    """List the 23 objectives and the four clusters."""
    from gcmtag import listing  # noqa: PLC0415

    click.echo(listing.STYLES[style](), nl=False)
    return DONE


@cli.group()
def cache() -> None:
    """Look at the vectors that are kept between runs, or remove them. GCMTAG_CACHE names their folder, or is off."""


@cache.command("info")
def cache_info() -> int:
    """Show the folder, how many texts are kept, and the space they take."""
    kept = _vector_cache()
    if kept is None:
        click.echo("The cache of vectors is off (GCMTAG_CACHE=off).")
        return DONE
    info = kept.info()
    click.echo(f"folder   {info.folder}")
    click.echo(f"entries  {info.entries:,}")
    click.echo(f"size     {info.bytes / 1024**2:,.1f} MB")
    click.echo(f"limit    {info.limit_bytes / 1024**2:,.1f} MB")
    return DONE


@cache.command("clear")
def cache_clear() -> int:
    """Remove all vectors that are kept; the next run computes what it needs."""
    kept = _vector_cache()
    if kept is None:
        raise UsageError("the cache of vectors is off (GCMTAG_CACHE=off): name its folder there to clear it")
    before = kept.info()
    kept.clear()
    click.echo(f"{before.folder}: {before.entries:,} entries removed")
    return DONE


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--model", default="standard", show_default=True, help="Name of a shipped model, or path of a folder.")
@click.option("--state", type=click.Path(path_type=Path), help="Folder for jobs and results; in your home by default.")
@click.option("--keys", type=click.Path(path_type=Path), help="File with API keys, one a line; also GCMTAG_API_KEYS.")
@click.option("--max-megabytes", default=20, show_default=True, type=click.IntRange(1, 500), help="Of one request.")
@click.option("--max-pages", default=1_000, show_default=True, type=click.IntRange(min=1), help="Of one PDF.")
@click.option(
    "--queue-texts", default=4_000, show_default=True, type=click.IntRange(min=1), help="Texts that may wait."
)
@click.option(
    "--queue-jobs", default=100, show_default=True, type=click.IntRange(min=1), help="Documents that may wait."
)
@click.option("--keep-hours", default=24.0, show_default=True, type=click.FloatRange(min=0), help="Results are kept.")
def serve(
    host: str,
    port: int,
    model: str,
    state: Path | None,
    keys: Path | None,
    max_megabytes: int,
    max_pages: int,
    queue_texts: int,
    queue_jobs: int,
    keep_hours: float,
) -> int:
    """Serve the model over HTTP, with a page at / to paste a text or send a document.

    Without API keys it listens only on this machine. Stopped with Ctrl-C it finishes the document at hand or takes it
    up again at the next start.
    """
    try:
        from gcmtag.serving import Settings  # noqa: PLC0415
        from gcmtag.serving import serve as run_service  # noqa: PLC0415
        from gcmtag.serving.settings import default_state, read_keys  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtra(f"{error.name} is not installed: pip install 'gcmtag[serve]'") from error
    from gcmtag.tagger import find_model  # noqa: PLC0415

    find_model(model)
    run_service(
        Settings(
            state=default_state() if state is None else state,
            model=model,
            host=host,
            port=port,
            keys=read_keys(keys),
            most_bytes=max_megabytes * 1_000_000,
            most_pages=max_pages,
            queue_texts=queue_texts,
            queue_jobs=queue_jobs,
            keep=keep_hours * 3600,
        )
    )
    return DONE


def main() -> None:
    """Entry point: runs a command, turns errors into one line, and exits with the status that the contract names."""
    debug = "--debug" in sys.argv
    try:
        status = cli.main(standalone_mode=False)
    except click.ClickException as error:
        _say_error(f"{error.format_message()} See 'gcmtag --help'.")
        status = WRONG_USAGE
    except DocumentError as error:
        if debug:
            raise
        _say_error(str(error))
        status = NOTHING_TAGGED
    except GcmtagError as error:
        if debug:
            raise
        _say_error(str(error))
        status = WRONG_USAGE
    except (KeyboardInterrupt, click.Abort):
        _say_error("interrupted; run the same command again to go on")
        status = INTERRUPTED
    except BrokenPipeError:
        # Whoever reads the output (head, less) has seen enough.
        sys.stderr.close()
        status = DONE
    sys.exit(status if isinstance(status, int) else DONE)


def _formats(text: str) -> list[str]:
    wanted = [piece.strip() for piece in text.split(",") if piece.strip()]
    unknown = [piece for piece in wanted if piece not in FORMATS]
    if unknown or not wanted:
        raise UsageError(f"unknown format {', '.join(unknown) or repr(text)}: use any of {','.join(FORMATS)}")
    return wanted


def _vector_cache() -> "VectorCache | None":
    from gcmtag.encoding.cache import VectorCache, default_cache_folder  # noqa: PLC0415

    folder = default_cache_folder()
    return None if folder is None else VectorCache(folder)


def _tag_here(
    inputs: tuple[str, ...],
    output: Path,
    loader: Callable[[], "gcmtag.Tagger"],
    model_id: str,
    *,
    formats: list[str],
    quiet: bool,
    **options: Any,  # noqa: ANN401
) -> "Outcome":
    from gcmtag.running import find_documents, run  # noqa: PLC0415

    paths = find_documents(inputs)
    with _progress(quiet) as (on_document, on_passages):
        return run(
            paths,
            output,
            loader,
            model_id,
            formats=formats,
            on_document=on_document,
            on_passages=on_passages,
            **options,
        )


def _lazy_tagger(model: str) -> tuple[Callable[[], "gcmtag.Tagger"], str]:
    """A function that loads the model, which another process can be sent, and the model's id, known without it."""
    from functools import partial  # noqa: PLC0415

    from gcmtag.classifying.storage import model_id, read_manifest  # noqa: PLC0415
    from gcmtag.tagger import find_model, load  # noqa: PLC0415

    folder = find_model(model)
    return partial(load, folder.resolve()), model_id(read_manifest(folder))


def _shipped_recipe() -> Path:
    from gcmtag.tagger import shipped_models  # noqa: PLC0415

    return next(path for folder in shipped_models() if (path := folder / "standard.toml").is_file())


def _make_folder(path: Path) -> None:
    """Makes an output folder before the work that fills it, which may take long."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {path} ({error.strerror}): choose another folder with -o") from error


def _write_file(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path} ({error.strerror}): choose another file with -o") from error


def _twin_of(model: Path) -> Path:
    return model.with_name(f"{model.name}-held-out")


def _figures(outcome: "Outcome") -> "Figures":
    from gcmtag.reporting import TALLIED, tally  # noqa: PLC0415
    from gcmtag.tables import to_frame  # noqa: PLC0415

    return tally(outcome.parts.tables(TALLIED), to_frame(outcome.documents))


def _write_report(figures: "Figures", outcome: "Outcome", model_id: str, output: Path) -> Path:
    from dataclasses import asdict  # noqa: PLC0415

    from gcmtag.reporting import write_figures  # noqa: PLC0415

    path = output / "report.html"
    about = {"model": model_id, "failures": [asdict(failure) for failure in outcome.failures]}
    write_figures(figures, path, run=about)
    return path


def _print_outcome(figures: "Figures", outcome: "Outcome", written: list[str]) -> None:
    from gcmtag.reporting import short_figures  # noqa: PLC0415

    click.echo(short_figures(figures, width=_width()))
    taken_up = f", {outcome.taken_up} of them done before" if outcome.taken_up else ""
    click.echo(f"\n{outcome.documents.num_rows} documents{taken_up}, {outcome.seconds:.0f} s. Written:")
    for path in written:
        click.echo(f"  {path}")


def _width() -> int:
    """Columns of the terminal; enough for a line where the output is no terminal."""
    from shutil import get_terminal_size  # noqa: PLC0415

    return get_terminal_size((WIDE, 24)).columns


def _print_explanation(passage: str, tags: "Tags", words: dict[int, list[tuple[str, float]]]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(soft_wrap=True, highlight=False)
    shown = Text(passage)
    for item in tags.evidence:
        shown.stylize("bold underline", item.start, item.end)
    console.print(shown, end="\n\n")
    if not tags.objectives:
        console.print("No objective.\n")
    for number in tags.objectives:
        objective = OBJECTIVES[number - 1]
        doubt = "  (unsure)" if number in tags.unsure else ""
        console.print(
            f"{tags.scores[number - 1]:.2f}  [bold]{number} {objective.short}[/bold]  {objective.title}{doubt}"
        )
        for item in (item for item in tags.evidence if item.objective == number):
            console.print(Text(f"      “{passage[item.start : item.end]}” ({item.score:.2f})"))
        if words[number]:
            console.print("      words: " + ", ".join(f"{word} ({weight:+.1f})" for word, weight in words[number]))
    others = sorted(
        (o for o in OBJECTIVES if o.number not in tags.objectives), key=lambda o: -tags.scores[o.number - 1]
    )
    console.print(
        "\nnot predicted: "
        + ", ".join(
            f"{o.number} {o.short} {tags.scores[o.number - 1]:.2f}{' (unsure)' if o.number in tags.unsure else ''}"
            for o in others[:4]
        )
    )
    clusters = ", ".join(f"{c.number} ({score:.2f})" for c, score in zip(CLUSTERS, tags.cluster_scores, strict=True))
    console.print(f"clusters: {clusters}\nrole: {tags.role} ({tags.role_score:.2f})")


@contextmanager
def _progress(quiet: bool) -> Iterator[tuple[Callable[[int, int, str], None] | None, "Progress | None"]]:
    if quiet or not sys.stderr.isatty():
        yield (None, None)
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        documents, passages = bars.add_task("documents", total=None), bars.add_task("passages", total=None)

        def on_document(done: int, total: int, name: str) -> None:
            bars.update(documents, completed=done, total=total, description=name[-40:] or "documents")

        yield on_document, lambda done, total: bars.update(passages, completed=done, total=total)


@contextmanager
def _bar(title: str, quiet: bool) -> Iterator["Progress | None"]:
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _say_error(message: str) -> None:
    click.echo(f"gcmtag: {' '.join(message.split())}", err=True)
