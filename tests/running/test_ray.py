"""The engine ray gives what the local one gives, wherever it writes, and survives the loss of an actor."""

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from light_stub import FATAL, MODEL, light_tagger
from running_builders import tags_of

from gcmtag.errors import UsageError
from gcmtag.running import Outcome, run
from gcmtag.running.on_ray import run_on_ray

FEES = "The Republic of Marovia cut the fee on remittances to 3 per cent."


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One for all tests: to start it takes seconds."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", ":".join(path for path in sys.path if path))
        patch.setenv("RAY_worker_niceness", "0")
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield
        ray.shutdown()


def tags_on(outcome: Outcome) -> pa.Table:
    """The tags as another tool would read them: the files of the folder by name."""
    folder = Path(outcome.parts.paths[0]).parent
    assert {path.name for path in folder.iterdir()} == {Path(path).name for path in outcome.parts.paths}
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.iterdir())])


@pytest.fixture
def inputs(tmp_path: Path) -> list[Path]:
    """A table in several pieces, two small documents with a copy of the first, and an empty file."""
    rows = [{"text": f"Measure {i} of Marovia concerns the fees.", "year": 2000 + i} for i in range(25)]
    folder = tmp_path / "in" / "country=Marovia"
    folder.mkdir(parents=True)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    contents = {"a.txt": FEES, "b.txt": "Border guards were trained.\n\nVisas were issued.", "c.txt": FEES, "d.txt": ""}
    for name, content in contents.items():
        (tmp_path / "in" / name).write_text(content)
    return [tmp_path / "in" / "b.txt", folder / "rows.jsonl", *(tmp_path / "in" / f"{name}.txt" for name in "acd")]


def test_the_output_is_that_of_the_local_engine(inputs: list[Path], tmp_path: Path) -> None:
    local = run(inputs, tmp_path / "local", light_tagger, MODEL, batch=10)
    spread = run_on_ray([*map(str, inputs)], str(tmp_path / "ray"), light_tagger, MODEL, batch=10, jobs=2)
    assert len(spread.parts.paths) == 5
    assert tags_on(spread).equals(tags_of(local))
    assert spread.documents.equals(local.documents)
    assert spread.failures == local.failures
    assert [failure.reason for failure in spread.failures] == ["duplicate", "empty"]
    assert set(tags_on(spread)["country"].to_pylist()) == {"Marovia", None}


def test_a_lost_actor_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "marks").mkdir()
    texts = [f"Measure {i} of Marovia." for i in range(60)] + [FATAL] + [f"Visa {i} of Tessaly." for i in range(30)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    load = partial(light_tagger, tmp_path / "marks")
    outcome = run_on_ray([str(path)], str(tmp_path / "out"), load, MODEL, batch=5, jobs=2)
    assert (tmp_path / "marks" / "died").exists()
    assert tags_on(outcome)["text"].to_pylist() == texts
    assert outcome.passages == len(texts)


def test_addresses_are_read_and_written(inputs: list[Path], tmp_path: Path) -> None:
    output = (tmp_path / "out").as_uri()
    outcome = run_on_ray([(tmp_path / "in").as_uri()], output, light_tagger, MODEL, batch=10, jobs=1)
    names = [path.rsplit("/", 1)[1] for path in outcome.documents["path"].to_pylist()]
    assert names == ["a.txt", "b.txt", "rows.jsonl"]
    assert tags_on(outcome).num_rows == outcome.passages == 28
    assert json.loads((tmp_path / "out" / "run.json").read_text())["passages"] == 28


def test_a_second_run_tags_nothing_again_and_drops_what_is_not_asked_for(inputs: list[Path], tmp_path: Path) -> None:
    places, out = [*map(str, inputs[:3])], str(tmp_path / "out")
    first = run_on_ray(places, out, light_tagger, MODEL, batch=10, jobs=1)
    rows = tags_on(first)
    times = {path: Path(path).stat().st_mtime_ns for path in first.parts.paths}
    again = run_on_ray(places, out, light_tagger, MODEL, batch=10, jobs=1)
    assert tags_on(again).equals(rows)
    assert {path: Path(path).stat().st_mtime_ns for path in again.parts.paths} == times
    fewer = run_on_ray(places[:1], out, light_tagger, MODEL, batch=10, jobs=1)
    assert tags_on(fewer)["text"].to_pylist() == ["Border guards were trained.", "Visas were issued."]


def test_results_of_another_model_are_not_mixed_in(inputs: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_on_ray([str(inputs[0])], str(out), light_tagger, MODEL, jobs=1)
    for other in (partial(run_on_ray, [str(inputs[0])], str(out)), partial(run, inputs[:1], out)):
        with pytest.raises(UsageError, match="--restart"):
            other(light_tagger, "other-0.1-def")
    run(inputs[:1], out, light_tagger, MODEL, restart=True)
    assert pq.read_table(out / "tags.parquet").num_rows == 2


def test_without_ray_one_line_names_the_command_that_adds_it(
    gcmtag_command: Callable, small_model: Path, inputs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    status, _, errors = gcmtag_command(
        "tag", inputs[0], "-o", tmp_path / "out", "--model", small_model, "--engine", "ray"
    )
    assert status == 1
    assert "pip install 'gcmtag[ray]'" in errors
    assert len(errors.splitlines()) == 1
