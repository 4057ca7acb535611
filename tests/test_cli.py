"""The command line: exit statuses, one line for each error, and what each command leaves behind."""

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import docx
import pandas as pd
import pytest
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter

from gcmtag import OBJECTIVES, Tagger

FEES = "The Republic of Marovia cut the fee on remittances to 3 per cent."
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)

Command = Callable[..., tuple[int, str, str]]


def encrypted_pdf() -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.multi_cell(0, 6, FEES)
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(bytes(pdf.output()))))
    writer.encrypt("secret", algorithm="AES-256")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def docx_bytes() -> bytes:
    document = docx.Document()
    document.add_paragraph(FEES)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def bad_input(folder: Path, kind: str) -> Path:
    contents = {
        "empty.txt": b"",
        "encrypted.pdf": encrypted_pdf(),
        "picture.pdf": PNG,
        "half.docx": docx_bytes()[: len(docx_bytes()) // 2],
    }
    path = folder / kind
    if kind in contents:
        path.write_bytes(contents[kind])
    else:
        path.mkdir()
        (path / "notes.py").write_text("no document")
    return path


BAD = ["empty.txt", "encrypted.pdf", "picture.pdf", "half.docx", "folder without documents"]


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "marovia.txt"
    path.write_text(FEES, encoding="utf-8")
    return path


@pytest.fixture
def tag(gcmtag_command: Command, small_model: Path, tmp_path: Path) -> Command:
    """Runs ``gcmtag tag`` with the small model into the folder ``out``."""

    def run(*arguments: object) -> tuple[int, str, str]:
        return gcmtag_command("tag", *arguments, "-o", tmp_path / "out", "--model", small_model, "--no-report")

    return run


def one_line(errors: str) -> str:
    (line,) = errors.splitlines()
    assert line.startswith("gcmtag: ")
    return line


# tag


def test_tagging_one_file_leaves_the_tables_and_says_where(tag: Command, note: Path, tmp_path: Path) -> None:
    status, output, errors = tag(note)
    assert (status, errors) == (0, "")
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_file()} == {
        "tags.parquet",
        "tags.csv",
        "documents.parquet",
        "documents.csv",
        "failures.csv",
        "run.json",
    }
    for name in ("tags.parquet", "tags.csv", "documents.csv", "failures.csv", "run.json"):
        assert str(tmp_path / "out" / name) in output
    assert 20 in pd.read_parquet(tmp_path / "out" / "tags.parquet")["objectives"][0]


def test_the_report_is_written_unless_it_is_not_wanted(
    gcmtag_command: Command, small_model: Path, note: Path, tmp_path: Path
) -> None:
    status, output, _ = gcmtag_command("tag", note, "-o", tmp_path / "out", "--model", small_model)
    assert status == 0
    assert str(tmp_path / "out" / "report.html") in output
    assert "marovia" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_quiet_prints_nothing(tag: Command, note: Path) -> None:
    assert tag(note, "--quiet") == (0, "", "")


def test_the_settings_of_a_run_are_recorded(tag: Command, note: Path, tmp_path: Path, small_tagger: Tagger) -> None:
    tag(note, "--format", "jsonl")
    values = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert values["settings"]["inputs"] == [str(note)]
    assert values["model"] == small_tagger.model


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_input_alone_gives_status_2_and_one_line(tag: Command, tmp_path: Path, kind: str) -> None:
    path = bad_input(tmp_path, kind)
    status, _, errors = tag(path)
    assert status == 2
    assert str(path) in one_line(errors)


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_input_beside_a_good_one_gives_status_3_and_a_row_in_failures(
    tag: Command, tmp_path: Path, note: Path, kind: str
) -> None:
    path = bad_input(tmp_path, kind)
    status, _, errors = tag(path, note)
    assert status == 3
    assert str(path) in one_line(errors)
    with (tmp_path / "out" / "failures.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["path"] == str(path)
    assert row["message"] in errors
    assert pd.read_parquet(tmp_path / "out" / "tags.parquet")["text"].tolist() == [FEES]


def test_many_failures_are_listed_shortly_and_the_rest_is_pointed_to(tag: Command, tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.txt").write_text("")
    status, _, errors = tag(*sorted(tmp_path.glob("?.txt")))
    assert status == 2
    assert len(errors.splitlines()) == 7
    assert "4 more" in errors
    assert "failures.csv" in errors.splitlines()[-1]


def test_a_missing_file_is_named(tag: Command, tmp_path: Path) -> None:
    status, _, errors = tag(tmp_path / "nowhere.txt")
    assert status == 2
    assert "nowhere.txt" in one_line(errors)


def test_a_pattern_without_match_beside_a_good_file_is_a_failure(tag: Command, note: Path, tmp_path: Path) -> None:
    status, _, errors = tag(tmp_path / "*.odp", note)
    assert status == 3
    assert "*.odp" in one_line(errors)


def test_an_interrupt_gives_status_130_and_the_same_command_goes_on(
    tag: Command, note: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "tessaly.txt"
    second.write_text("Border guards were trained.", encoding="utf-8")
    whole = Tagger.tag_table

    def interrupted(self: Tagger, passages: object, progress: object = None) -> object:
        if passages["text"][0].as_py().startswith("Border"):
            raise KeyboardInterrupt
        return whole(self, passages, progress)

    with monkeypatch.context() as patch:
        patch.setattr(Tagger, "tag_table", interrupted)
        patch.setattr("gcmtag.running.batch.HEAVY_BATCH", 1)
        status, _, errors = tag(note, second)
    assert status == 130
    # The line break before the message ends the line on which the terminal shows ^C.
    assert "same command" in one_line(errors.lstrip("\n"))
    assert tag(note, second)[0] == 0
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert (run["documents"], run["documents_taken_up"]) == (2, 1)


def test_results_of_another_model_need_restart(
    tag: Command, gcmtag_command: Command, small_model: Path, note: Path, tmp_path: Path
) -> None:
    assert tag(note)[0] == 0
    twin = small_model.with_name("small-held-out")
    again = ("tag", note, "-o", tmp_path / "out", "--model", twin, "--no-report")
    status, _, errors = gcmtag_command(*again)
    assert status == 1
    assert "--restart" in one_line(errors)
    assert gcmtag_command(*again, "--restart")[0] == 0


def test_tagging_the_folder_that_holds_the_results_tags_nothing_twice(
    gcmtag_command: Command, small_model: Path, note: Path
) -> None:
    """The tables of the first run have a text column, and would be taken for documents."""
    command = ("tag", note.parent, "-o", note.parent / "out", "--model", small_model)
    assert gcmtag_command(*command)[0] == 0
    assert gcmtag_command(*command)[0] == 0
    run = json.loads((note.parent / "out" / "run.json").read_text(encoding="utf-8"))
    assert (run["documents"], run["documents_taken_up"], run["passages"]) == (1, 1, 1)


# wrong usage


def test_wrong_usage_gives_status_1_and_one_line(tag: Command, gcmtag_command: Command, note: Path) -> None:
    for arguments in (
        [note, "--formt", "csv"],
        [note, "--format", "pdf"],
        [note, "--format", "csv,,ods"],
        [note, "--format", ","],
        [note, "--tier", "huge"],
        [note, "--jobs", "0"],
        [note, "--jobs", "many"],
        [],
    ):
        status, output, errors = tag(*arguments)
        assert (status, output) == (1, ""), arguments
        assert one_line(errors)
    for arguments in (["tagg"], ["tag", note], ["objectives", "--format", "xml"], ["train"], ["evaluate", "-o", "x"]):
        status, output, errors = gcmtag_command(*arguments)
        assert (status, output) == (1, ""), arguments
        assert one_line(errors)


def test_a_tier_names_a_shipped_model_and_a_model_of_ones_own_wins(
    gcmtag_command: Command, small_model: Path, note: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gcmtag.tagger.shipped_models", lambda: (tmp_path / "shipped",))
    out = ("-o", tmp_path / "out", "--no-report", "--quiet")
    assert gcmtag_command("tag", note, *out, "--tier", "fast")[0] == 1, "no model of that name yet"
    shutil.copytree(small_model, tmp_path / "shipped" / "fast")
    assert gcmtag_command("tag", note, *out, "--tier", "fast") == (0, "", "")
    assert gcmtag_command("tag", note, *out, "--tier", "standard", "--model", small_model, "--restart")[0] == 0


def test_an_address_as_output_and_other_formats_belong_to_their_engines(
    tag: Command, gcmtag_command: Command, small_model: Path, note: Path
) -> None:
    status, _, errors = gcmtag_command("tag", note, "-o", "s3://bucket/tags", "--model", small_model)
    assert status == 1
    assert "--engine ray" in one_line(errors)
    status, _, errors = tag(note, "--engine", "ray", "--format", "csv")
    assert status == 1
    assert "gcmtag export" in one_line(errors)


def test_an_unknown_format_is_named_beside_the_known_ones(tag: Command, note: Path, tmp_path: Path) -> None:
    line = one_line(tag(note, "--format", "csv,pdf")[2])
    assert "pdf" in line
    assert "parquet,csv,jsonl,xlsx" in line
    assert not (tmp_path / "out").exists(), "refused before any work"


def test_an_output_folder_that_is_a_file_is_refused(
    gcmtag_command: Command, small_model: Path, note: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    status, _, errors = gcmtag_command("tag", note, "-o", tmp_path / "taken", "--model", small_model)
    assert status == 1
    assert "taken" in one_line(errors)
    assert (tmp_path / "taken").read_text() == "mine"


def test_an_unknown_model_is_refused(gcmtag_command: Command, note: Path, tmp_path: Path) -> None:
    status, _, errors = gcmtag_command("tag", note, "-o", tmp_path / "out", "--model", tmp_path / "nowhere")
    assert status == 1
    assert "nowhere" in one_line(errors)


def test_a_traceback_is_shown_only_with_debug(small_model: Path, note: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gcmtag"]
    arguments = ["tag", str(note), "-o", str(tmp_path / "out"), "--format", "pdf", "--model", str(small_model)]
    plain = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    debug = subprocess.run([*command, "--debug", *arguments], capture_output=True, text=True, check=False)
    assert plain.returncode == 1
    assert one_line(plain.stderr)
    assert "Traceback" in debug.stderr


# objectives


def test_objectives_as_a_table_names_all_by_cluster(gcmtag_command: Command) -> None:
    status, output, _ = gcmtag_command("objectives")
    assert status == 0
    assert output.count("Cluster ") == 4
    assert all(objective.title in output for objective in OBJECTIVES)


def test_objectives_as_json(gcmtag_command: Command) -> None:
    values = json.loads(gcmtag_command("objectives", "--format", "json")[1])
    assert [entry["number"] for entry in values["objectives"]] == list(range(1, 24))
    assert values["clusters"][0]["objectives"] == [2, 5, 6, 12, 18]


def test_objectives_as_csv(gcmtag_command: Command) -> None:
    rows = list(csv.DictReader(io.StringIO(gcmtag_command("objectives", "--format", "csv")[1])))
    assert [(int(r["number"]), r["title"], r["short"], int(r["cluster"])) for r in rows] == [
        (o.number, o.title, o.short, o.cluster) for o in OBJECTIVES
    ]


def test_objectives_as_turtle_are_concepts_under_their_cluster(gcmtag_command: Command) -> None:
    """Statements end with a full stop, strings are closed, and every concept that is named is described."""
    text = gcmtag_command("objectives", "--format", "ttl")[1]
    prefix, *statements = [block.strip() for block in text.strip().split("\n\n")]
    assert prefix == "@prefix skos: <http://www.w3.org/2004/02/skos/core#> ."
    assert len(statements) == 1 + 4 + 23
    described = set()
    for statement in statements:
        assert statement.endswith(" .")
        assert statement.count('"') % 2 == 0
        subject, _, rest = statement.partition(" a skos:")
        described.add(subject)
        assert all(line.endswith(" ;") for line in rest.splitlines()[:-1])
    assert "<urn:gcmtag:objective:20> a skos:Concept" in text
    named = {word.rstrip(",") for statement in statements for word in statement.split() if word.startswith("<urn:")}
    assert named == described
    by_subject = {statement.split()[0]: statement for statement in statements}
    for objective in OBJECTIVES:
        assert (
            f"skos:broader <urn:gcmtag:cluster:{objective.cluster}>"
            in by_subject[f"<urn:gcmtag:objective:{objective.number}>"]
        )


# explain


def test_explain_shows_objective_evidence_and_words(gcmtag_command: Command, small_model: Path) -> None:
    status, output, errors = gcmtag_command("explain", FEES, "--model", small_model)
    assert (status, errors) == (0, "")
    assert "20 Remittances" in output
    assert "remittances (" in output
    assert "role: " in output


def test_explain_reads_standard_input(
    gcmtag_command: Command, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_argument = gcmtag_command("explain", FEES, "--model", small_model)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"  {FEES}\n"))
    assert gcmtag_command("explain", "-", "--model", small_model) == from_argument


def test_explain_of_a_text_without_objective_says_so(gcmtag_command: Command, small_model: Path) -> None:
    status, output, _ = gcmtag_command("explain", "2020", "--model", small_model)
    assert status == 0
    assert "No objective." in output


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_explain_of_nothing_is_wrong_usage(
    gcmtag_command: Command, small_model: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    status, output, errors = gcmtag_command("explain", "--model", small_model)
    assert (status, output) == (1, "")
    assert "standard input" in one_line(errors)


def test_explain_of_bytes_that_are_no_text_is_wrong_usage(
    gcmtag_command: Command, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9 \xff"), encoding="utf-8"))
    status, _, errors = gcmtag_command("explain", "--model", small_model)
    assert status == 1
    assert "UTF-8" in one_line(errors)


# train and evaluate


def test_train_writes_the_model_and_its_twin_and_they_are_those_of_the_recipe(
    gcmtag_command: Command, small_recipe_file: Path, small_model: Path, tmp_path: Path
) -> None:
    """By the same seed the command gives the model that the function gave, to the last bit of its answers."""
    status, output, errors = gcmtag_command("train", "--recipe", small_recipe_file, "-o", tmp_path / "mine")
    assert (status, errors) == (0, "")
    assert str(tmp_path / "mine") in output
    for mine, theirs in ((tmp_path / "mine", small_model), (tmp_path / "mine-held-out", _twin(small_model))):
        hashes = [json.loads((folder / "manifest.json").read_text())["files"] for folder in (mine, theirs)]
        for name in ("settings.json", "vocabulary.json.gz", "weights.safetensors"):
            assert hashes[0][name] == hashes[1][name], name


def _twin(model: Path) -> Path:
    return model.with_name("small-held-out")


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_an_output_that_is_a_file_is_refused_before_the_work(
    gcmtag_command: Command,
    small_recipe_file: Path,
    tmp_path: Path,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Training takes an hour; nobody wants to learn of it then."""
    monkeypatch.setattr("gcmtag.training.read_corpus", lambda *_: pytest.fail("the work began"))
    (tmp_path / "taken").write_text("mine")
    more = {"train": [], "evaluate": ["--gold", small_recipe_file]}[command]
    status, _, errors = gcmtag_command(command, "--recipe", small_recipe_file, *more, "-o", tmp_path / "taken")
    assert status == 1
    assert "taken" in one_line(errors)


def test_train_with_a_broken_recipe_or_corpus_gives_one_line(
    gcmtag_command: Command, small_recipe_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_text("name = ")
    (tmp_path / "bad.jsonl").write_text("{}\n")
    for arguments, named in (
        (["--recipe", tmp_path / "bad.toml"], "bad.toml"),
        (["--recipe", small_recipe_file, "--corpus", tmp_path / "bad.jsonl"], "bad.jsonl, line 1"),
        (["--recipe", small_recipe_file, "--corpus", tmp_path / "nowhere"], "nowhere"),
    ):
        status, _, errors = gcmtag_command("train", *arguments, "-o", tmp_path / "model")
        assert status == 1
        assert named in one_line(errors)
        assert not list((tmp_path / "model").glob("*"))


@pytest.mark.usefixtures("few_draws")
def test_evaluate_scores_the_tested_document_by_the_twin_and_writes_the_figures(
    gcmtag_command: Command, small_recipe_file: Path, small_model: Path, tmp_path: Path
) -> None:
    gold = small_recipe_file.parent / "corpus" / "valdourada-plan-review.jsonl"
    command = ("evaluate", "--model", small_model, "--recipe", small_recipe_file, "--gold", gold, "-o", tmp_path / "e")
    status, output, errors = gcmtag_command(*command)
    assert (status, errors) == (0, "")
    assert "cosine to the titles" in output
    values = json.loads((tmp_path / "e" / "metrics.json").read_text(encoding="utf-8"))
    assert values["scored_by"]["valdourada-plan-review"].startswith("small-held-out-")
    assert (tmp_path / "e" / "metrics.md").read_text(encoding="utf-8") in output


def test_evaluate_refuses_a_document_that_both_models_learned_from(
    gcmtag_command: Command, small_recipe_file: Path, small_model: Path, tmp_path: Path
) -> None:
    gold = small_recipe_file.parent / "corpus" / "kamvary.jsonl"
    command = ("evaluate", "--model", small_model, "--recipe", small_recipe_file, "--gold", gold, "-o", tmp_path / "e")
    status, _, errors = gcmtag_command(*command)
    assert status == 1
    assert "kamvary" in one_line(errors)


def test_a_damaged_model_gives_one_line(gcmtag_command: Command, small_model: Path, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(small_model, tmp_path / "copy"))
    (copy / "settings.json").write_text("{}")
    status, _, errors = gcmtag_command("explain", FEES, "--model", copy)
    assert status == 1
    assert "settings.json" in one_line(errors)
