"""A run over many documents: what fails is recorded, what is done is kept, and it can be taken up again."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from running_builders import tags_of

from gcmtag import Tagger
from gcmtag.errors import UsageError
from gcmtag.running import Outcome, run

MODEL = "small-0.1-abc"
FEES = "The Republic of Marovia cut the fee on remittances to 3 per cent."
GUARDS = "Border guards of Tessaly were trained to screen arrivals."
SKILLS = "Nurses of Ilvania had their diplomas recognised within a month."


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def failures_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "failures.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def names(outcome: Outcome) -> list[str]:
    return [Path(path).name for path in outcome.documents["path"].to_pylist()]


def test_documents_come_in_the_order_given_and_passages_in_theirs(documents: Callable, tagger, out: Path) -> None:
    paths = documents(b=f"{FEES}\n\n{GUARDS}", a=SKILLS)
    outcome = run(paths, out, tagger, MODEL)
    assert names(outcome) == ["b.txt", "a.txt"]
    assert tags_of(outcome)["text"].to_pylist() == [FEES, GUARDS, SKILLS]
    assert tags_of(outcome)["ordinal"].to_pylist() == [1, 2, 1]


def test_a_second_run_tags_nothing_again_and_gives_the_same_tables(documents: Callable, tagger, out: Path) -> None:
    paths = documents(a=FEES, b=GUARDS)
    first = run(paths, out, tagger, MODEL)
    tables = {path: path.read_bytes() for path in first.written}
    rows = tags_of(first).to_pylist()
    second = run(paths, out, lambda: pytest.fail("the model was loaded"), MODEL)
    assert (first.taken_up, second.taken_up) == (0, 2)
    assert tags_of(second).to_pylist() == rows
    assert [row["text"] for row in rows] == [FEES, GUARDS]
    assert {path: path.read_bytes() for path in second.written} == tables


def test_a_new_document_is_tagged_and_the_old_ones_are_not(documents: Callable, tagger, out: Path) -> None:
    run(documents(a=FEES, b=GUARDS), out, tagger, MODEL)
    outcome = run(documents(a=FEES, c=SKILLS, b=GUARDS), out, tagger, MODEL)
    assert tagger.texts == [FEES, GUARDS, SKILLS]
    assert names(outcome) == ["a.txt", "c.txt", "b.txt"]


def test_a_document_that_is_no_longer_asked_for_leaves_the_tables(documents: Callable, tagger, out: Path) -> None:
    paths = documents(a=FEES, b=GUARDS)
    run(paths, out, tagger, MODEL)
    assert names(run(paths[1:], out, tagger, MODEL)) == ["b.txt"]


@pytest.mark.parametrize("part", ["tags", "document"])
def test_deleting_a_part_of_one_document_makes_only_that_again(
    documents: Callable, tagger, out: Path, part: str
) -> None:
    paths = documents(a=FEES, b=GUARDS)
    first = run(paths, out, tagger, MODEL)
    lost, before = first.documents["document_id"][1].as_py(), tags_of(first)
    (path,) = (out / ".parts").glob(f"{lost}.*{part}.parquet")
    path.unlink()
    outcome = run(paths, out, tagger, MODEL)
    assert tagger.texts == [FEES, GUARDS] + [GUARDS] * (part == "tags")
    assert tags_of(outcome).equals(before)
    assert path.exists()


def test_a_changed_document_is_tagged_again(documents: Callable, tagger, out: Path) -> None:
    run(documents(a=FEES), out, tagger, MODEL)
    outcome = run(documents(a=GUARDS), out, tagger, MODEL)
    assert tagger.texts == [FEES, GUARDS]
    assert tags_of(outcome)["text"].to_pylist() == [GUARDS]


def test_a_renamed_document_is_not_tagged_again_and_bears_its_new_name(documents: Callable, tagger, out: Path) -> None:
    (path,) = documents(a=FEES)
    run([path], out, tagger, MODEL)
    moved = path.rename(path.with_name("renamed.txt"))
    outcome = run([moved], out, tagger, MODEL)
    assert tagger.texts == [FEES]
    assert names(outcome) == ["renamed.txt"]


def test_restart_tags_everything_anew(documents: Callable, tagger, out: Path) -> None:
    paths = documents(a=FEES)
    run(paths, out, tagger, MODEL)
    outcome = run(paths, out, tagger, MODEL, restart=True)
    assert tagger.texts == [FEES, FEES]
    assert outcome.taken_up == 0


def test_results_of_another_model_are_not_mixed_in(documents: Callable, tagger, out: Path) -> None:
    paths = documents(a=FEES)
    run(paths, out, tagger, MODEL)
    with pytest.raises(UsageError, match="--restart") as refusal:
        run(paths, out, tagger, "other-0.1-def")
    assert "\n" not in str(refusal.value)
    outcome = run(paths, out, tagger, "other-0.1-def", restart=True)
    assert outcome.taken_up == 0
    run(paths, out, tagger, "other-0.1-def")


def test_a_damaged_state_is_refused_and_restart_mends_it(documents: Callable, tagger, out: Path) -> None:
    paths = documents(a=FEES)
    run(paths, out, tagger, MODEL)
    (out / ".parts" / "state.json").write_text("{")
    with pytest.raises(UsageError, match="--restart"):
        run(paths, out, tagger, MODEL)
    assert run(paths, out, tagger, MODEL, restart=True).documents.num_rows == 1


def test_one_bad_file_is_a_row_in_failures_and_the_others_are_tagged(documents: Callable, tagger, out: Path) -> None:
    paths = documents(a=FEES, bad="", c=SKILLS)
    missing = paths[0].with_name("nowhere.txt")
    outcome = run([*paths, missing], out, tagger, MODEL)
    assert names(outcome) == ["a.txt", "c.txt"]
    rows = failures_of(out)
    assert [(Path(row["path"]).name, row["page"], row["reason"]) for row in rows] == [
        ("bad.txt", "", "empty"),
        ("nowhere.txt", "", "unreadable"),
    ]
    assert all(str(path) in row["message"] for path, row in zip([paths[1], missing], rows, strict=True))


def test_failures_has_a_header_when_nothing_failed(documents: Callable, tagger, out: Path) -> None:
    run(documents(a=FEES), out, tagger, MODEL)
    assert (out / "failures.csv").read_text(encoding="utf-8").split() == ["path,page,reason,message"]


def test_a_file_that_was_mended_leaves_the_failures(documents: Callable, tagger, out: Path) -> None:
    run(documents(a=FEES, bad=""), out, tagger, MODEL)
    assert len(failures_of(out)) == 1
    run(documents(a=FEES, bad=GUARDS), out, tagger, MODEL)
    assert failures_of(out) == []


def test_a_copy_of_a_document_is_tagged_once_and_named(documents: Callable, tagger, out: Path) -> None:
    outcome = run(documents(a=FEES, copy=FEES), out, tagger, MODEL)
    assert names(outcome) == ["a.txt"]
    (row,) = failures_of(out)
    assert (Path(row["path"]).name, row["reason"]) == ("copy.txt", "duplicate")
    assert "a.txt" in row["message"]


def test_an_interrupt_leaves_what_is_done_and_the_run_can_be_taken_up(documents: Callable, tagger, out: Path) -> None:
    paths = documents(a=FEES, b=GUARDS, c=SKILLS)
    tagger.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        run(paths, out, tagger, MODEL, batch=1)
    tagger.stop_at = None
    outcome = run(paths, out, tagger, MODEL, batch=1)
    assert tagger.texts == [FEES, GUARDS, SKILLS]
    assert outcome.taken_up == 1
    assert names(outcome) == ["a.txt", "b.txt", "c.txt"]


def test_a_document_half_written_when_the_run_was_killed_is_tagged_again(
    documents: Callable, tagger, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two parts: the tags are there, the document's row is not."""
    from gcmtag.running import store

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "document_table", killed)
        with pytest.raises(KeyboardInterrupt):
            run(documents(a=FEES), out, tagger, MODEL)
    assert list((out / ".parts").glob("*.tags.parquet"))
    outcome = run(documents(a=FEES), out, tagger, MODEL)
    assert outcome.taken_up == 0
    assert outcome.passages == 1


def test_run_json_says_what_was_done_with_what(documents: Callable, tagger, out: Path) -> None:
    import gcmtag

    run(documents(a=FEES, b=f"{GUARDS}\n\n{SKILLS}", bad=""), out, tagger, MODEL, settings={"jobs": 2})
    values = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert set(values) >= {"gcmtag", "python", "model", "settings", "started", "finished", "seconds"}
    assert values["gcmtag"] == gcmtag.__version__
    assert values["model"] == MODEL
    assert values["settings"] == {"jobs": 2}
    assert (values["documents"], values["passages"], values["failures"]) == (2, 3, 1)
    assert values["documents_taken_up"] == 0
    assert values["started"] <= values["finished"]


def test_progress_names_each_document_and_ends_at_the_total(documents: Callable, tagger, out: Path) -> None:
    told: list[tuple[int, int, str]] = []
    run(documents(a=FEES, b=GUARDS), out, tagger, MODEL, on_document=lambda *step: told.append(step))
    assert told == [(0, 2, "a.txt"), (1, 2, "b.txt"), (2, 2, "")]


def test_an_output_folder_that_is_a_file_is_refused(documents: Callable, tagger, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="choose another folder"):
        run(documents(a=FEES), tmp_path / "file", tagger, MODEL)


def test_the_four_formats_hold_the_same_rows(documents: Callable, tagger, out: Path) -> None:
    paths = documents(a=f"{FEES}\n\n{GUARDS}", b='A line with "quotes", commas; and café.\n\n' + SKILLS)
    outcome = run(paths, out, tagger, MODEL, formats=["parquet", "csv", "jsonl", "xlsx"])
    assert len(outcome.written) == 8
    for stem in ("tags", "documents"):
        expected = pq.read_table(out / f"{stem}.parquet").to_pylist()
        lines = (out / f"{stem}.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == expected
        frame = pd.read_csv(out / f"{stem}.csv", dtype={"part": str, "question": str})
        sheet = openpyxl.load_workbook(out / f"{stem}.xlsx").active
        header, *rows = sheet.iter_rows(values_only=True)
        assert list(frame.columns) == list(header) == list(expected[0])
        assert len(frame) == len(rows) == len(expected)
        for row, cells, record in zip(expected, rows, frame.to_dict("records"), strict=True):
            for (name, value), cell in zip(row.items(), cells, strict=True):
                assert_same(value, cell)
                assert_same(value, None if pd.isna(record[name]) else record[name])


def assert_same(value: object, flat: object) -> None:
    """A cell against the value it stands for: lists as JSON, probabilities of four decimals, empty text as nothing."""
    if isinstance(value, list):
        parsed = json.loads(str(flat))
        assert len(parsed) == len(value)
        for item, one in zip(value, parsed, strict=True):
            assert one == (item if isinstance(item, str | int) else pytest.approx(item, abs=1e-4))
    elif isinstance(value, float):
        assert flat == pytest.approx(value, abs=1e-4)
    elif value in {"", None}:
        assert flat in {"", None}
    else:
        assert flat == value


def test_only_the_formats_asked_for_are_there_after_a_second_run(documents: Callable, tagger, out: Path) -> None:
    """A stale table beside a fresh one would be taken for its twin."""
    paths = documents(a=FEES)
    run(paths, out, tagger, MODEL, formats=["csv", "jsonl"])
    run(paths, out, tagger, MODEL, formats=["parquet"])
    assert {path.name for path in out.iterdir() if path.stem == "tags"} == {"tags.parquet"}


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_text_that_looks_like_a_formula_stays_text(documents: Callable, tagger, out: Path, sign: str) -> None:
    text = f"{sign}SUM(A1:A9) is how the fees of Marovia were summed up in the annex."
    path = documents(a="text")[0].with_suffix(".jsonl")
    path.write_text(json.dumps({"text": text}), encoding="utf-8")
    run([path], out, tagger, MODEL, formats=["xlsx"])
    sheet = openpyxl.load_workbook(out / "tags.xlsx").active
    header = [cell.value for cell in sheet[1]]
    cell = sheet[2][header.index("text")]
    assert cell.data_type == "s"
    assert cell.value == text


def test_columns_of_a_table_are_carried_through_all_formats(documents: Callable, tagger, out: Path) -> None:
    path = documents(a="text")[0].with_suffix(".csv")
    path.write_text(f"id,text,region,year\n7,{FEES},north,2020\n8,{GUARDS},south,\n", encoding="utf-8")
    outcome = run([path], out, tagger, MODEL, formats=["parquet", "csv", "jsonl", "xlsx"])
    assert tags_of(outcome)["region"].to_pylist() == ["north", "south"]
    for name, read in (("csv", pd.read_csv), ("xlsx", pd.read_excel), ("parquet", pd.read_parquet)):
        frame = read(out / f"tags.{name}")
        assert frame["region"].tolist() == ["north", "south"]
        assert float(frame["year"][0]) == 2020


def test_tables_whose_columns_have_different_types_stand_in_one_table(documents: Callable, tagger, out: Path) -> None:
    """One writes years as numbers, the other as words; the values are kept as text rather than the run lost."""
    folder = documents(a=SKILLS)[0].parent
    for name, text, year in (("n", FEES, 2020), ("w", GUARDS, "about 2021")):
        (folder / f"{name}.jsonl").write_text(json.dumps({"text": text, "year": year}), encoding="utf-8")
    paths = [folder / "n.jsonl", folder / "a.txt", folder / "w.jsonl"]
    outcome = run(paths, out, tagger, MODEL, formats=["parquet", "csv", "jsonl", "xlsx"])
    assert tags_of(outcome)["year"].to_pylist() == ["2020", None, "about 2021"]


def test_nested_values_and_odd_numbers_of_a_table_are_carried_in_every_format(
    documents: Callable, tagger, out: Path
) -> None:
    path = documents(a="text")[0].with_suffix(".jsonl")
    row = {"text": FEES, "meta": {"tags": ["a", {"b": 1}]}, "list": [1, 2], "score": float("nan"), "ok": True}
    path.write_text(json.dumps(row), encoding="utf-8")
    outcome = run([path], out, tagger, MODEL, formats=["parquet", "csv", "jsonl", "xlsx"])
    assert outcome.failures == []
    line = json.loads((out / "tags.jsonl").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert line["list"] == [1, 2]
    assert pd.read_csv(out / "tags.csv")["ok"].tolist() == [True]
    assert openpyxl.load_workbook(out / "tags.xlsx").active.max_row == 2


def test_a_run_with_the_real_tagger_gives_the_tables_of_the_contract(
    documents: Callable, small_tagger: Tagger, out: Path
) -> None:
    outcome = run(documents(a=FEES), out, lambda: small_tagger, small_tagger.model)
    frame = pd.read_parquet(out / "tags.parquet")
    assert 20 in frame["objectives"][0]
    assert frame["model"][0] == small_tagger.model == outcome.documents["model"][0].as_py()
    assert len(frame["scores"][0]) == 23
