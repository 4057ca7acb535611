"""Files broken on purpose stop no run, take no time and no memory to speak of, and are named with a reason."""

from pathlib import Path

import pytest

from broken_files import LONGEST, MOST_MEMORY, good_files, run_over
from layouts.broken import FAMILIES, make

# What is surely of no use; the other families may be read in part.
USELESS = (
    "encrypted",
    "wrong-name",
    "nothing",
    "zip-bomb",
    "stream-bomb",
    "empty-pages",
    "loops",
    "entities",
    "unmapped-font",
    "half-table",
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Two files of each family and three good ones, in one run."""
    folder = tmp_path_factory.mktemp("broken")
    families = make(folder, 2 * len(FAMILIES))
    good = good_files(folder)
    found = run_over(folder, tmp_path_factory.mktemp("out"), 300)
    return {**found, "families": families, "good": good}


def test_the_run_comes_to_its_end(ran: dict) -> None:
    assert ran["status"] == 0, ran.get("errors")


def test_the_good_files_among_them_are_tagged(ran: dict) -> None:
    assert {path.name for path in ran["good"]} <= set(ran["tagged"])


@pytest.mark.parametrize("family", FAMILIES)
def test_each_broken_file_is_tagged_or_named_with_its_reason(ran: dict, family: str) -> None:
    reasons = {Path(row["path"]).name: row["message"] for row in ran["failures"]}
    for path in ran["families"][family]:
        assert path.name in ran["tagged"] or "; " in reasons[path.name]


@pytest.mark.parametrize("family", USELESS)
def test_a_useless_file_gives_no_passage(ran: dict, family: str) -> None:
    assert {path.name for path in ran["families"][family]} & set(ran["tagged"]) == set()


def test_no_file_takes_long(ran: dict) -> None:
    assert max(ran["seconds"].values()) < LONGEST


def test_no_file_fills_the_memory(ran: dict) -> None:
    assert ran["memory_mb"] < MOST_MEMORY
