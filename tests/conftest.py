"""What tests of several rooms share."""

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browsing import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from gcmtag import Tagger
    from gcmtag.training import LabelledPassage, Recipe, Trained

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"

TESTED = "valdourada-plan-review"
SMALL_DOCUMENTS = (
    "chacalta-by-objective",
    "kamvary",
    "kharouba-by-objective",
    "lunsaya",
    "mbouali-numbered-chapters",
    "ostreland-long",
    "sombara-by-objective",
    "zintara-bullets",
    TESTED,
)
PASSAGES_A_DOCUMENT = 25
LONGEST = 180  # characters; short passages are encoded faster

RECIPE = f"""
name = "small"
version = "0.1"
seed = 7
encoder = "all-MiniLM-L6-v2"
max_tokens = 40
epochs = 0
learning_rate = 1e-3
rank = 4
batch_size = 8
context_dropout = 0.3
longest_term = 2
most_terms = 5_000
lexical_strength = 10
dense_strength = 10
further_epochs = 0
further_rate = 1e-3
calibration = []
calibration_share = 0.25
tested = ["{TESTED}"]
corpus = ["corpus"]
"""


@pytest.fixture(scope="session", autouse=True)
def no_cache() -> Iterator[None]:
    """Tests compute what they check, and leave nothing in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GCMTAG_CACHE", "off")
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the documents and gold labels that lie beside the project, not in it."""
    if not SHARED.is_dir():
        reason = f"{SHARED} is not there: it holds the documents and gold labels"
        if os.environ.get("CI", "").casefold() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED


@pytest.fixture(scope="session")
def small_recipe_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe that leaves the encoder as it is, beside the small part of the authored corpus that it names."""
    folder = tmp_path_factory.mktemp("small-recipe")
    (folder / "corpus").mkdir()
    draw = random.Random(7)  # noqa: S311
    for name in SMALL_DOCUMENTS:
        lines = (ROOT / "corpus" / "authored" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        chosen = _some_rows([json.loads(line) for line in lines], draw)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in chosen)
        (folder / "corpus" / f"{name}.jsonl").write_text(text, encoding="utf-8")
    path = folder / "small.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def _some_rows(rows: list[dict], draw: random.Random) -> list[dict]:
    """Rows drawn at random, and one more for each objective that the draw missed."""
    short = [row for row in rows if len(row["text"]) <= LONGEST]
    chosen = draw.sample(short, min(PASSAGES_A_DOCUMENT, len(short)))
    for objective in range(1, 24):
        if not any(objective in row["objectives"] for row in chosen):
            chosen += [row for row in short if objective in row["objectives"]][:1]
    return chosen


@pytest.fixture(scope="session")
def small_recipe(small_recipe_file: Path) -> "Recipe":
    from gcmtag.training import read_recipe

    return read_recipe(small_recipe_file)


@pytest.fixture(scope="session")
def small_passages(small_recipe: "Recipe") -> "list[LabelledPassage]":
    from gcmtag.training import read_corpus

    return read_corpus(small_recipe.corpus)


@pytest.fixture(scope="session")
def small_trained(small_recipe: "Recipe", small_passages: "list[LabelledPassage]") -> "Trained":
    from gcmtag.training import train

    return train(small_recipe, small_passages)


@pytest.fixture(scope="session")
def small_model(small_trained: "Trained", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder ``small`` with its twin ``small-held-out`` beside it; tests that change a file copy it first."""
    from gcmtag.classifying import save_classifier

    folder = tmp_path_factory.mktemp("models") / "small"
    save_classifier(small_trained.model, folder, small_trained.card, small_trained.unseen)
    twin = folder.with_name("small-held-out")
    save_classifier(small_trained.held_out, twin, small_trained.held_out_card, small_trained.unseen)
    return folder


@pytest.fixture(scope="session")
def small_tagger(small_model: Path) -> "Tagger":
    from gcmtag import load

    return load(small_model)


@pytest.fixture(scope="module")
def few_draws() -> Iterator[None]:
    """A bootstrap of 50 draws; intervals get coarser and nothing else changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gcmtag.evaluating.metrics.RESAMPLES", 50)
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium. It lives no longer than a module, since Playwright keeps an event loop running meanwhile."""
    playwright = pytest.importorskip("playwright.sync_api", reason="get it with: pip install '.[dev]'")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def gcmtag_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple]:
    """Runs the command in this process: ``status, output, errors = gcmtag_command("objectives")``."""
    from gcmtag.cli import main

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["gcmtag", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main()
        shown = capsys.readouterr()
        return int(leaving.value.code or 0), shown.out, shown.err

    return run
