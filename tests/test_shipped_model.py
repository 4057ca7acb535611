"""What the shipped model must give on the real documents that lie beside the project."""

from pathlib import Path

import pytest

import gcmtag
from gcmtag.evaluating.metrics import Judged, micro_f1
from gcmtag.evaluating.protocol import load_contestants
from gcmtag.tagger import find_model
from gcmtag.training.corpus import inputs_of, label_matrix, read_corpus

pytestmark = pytest.mark.shared

FLOORS = {"a-76-642": 0.72, "mmr-2020": 0.64}


@pytest.mark.parametrize("document", FLOORS)
def test_the_twin_that_never_saw_a_document_reaches_the_floor_on_it(shared: Path, document: str) -> None:
    folder = find_model("standard")
    _, twin = load_contestants(folder, folder.with_name("standard-held-out"))
    assert twin is not None
    assert document not in twin.learned_from
    passages = read_corpus([shared / "gold" / f"{document}.jsonl"])
    scores = twin.classifier.score(inputs_of(passages)).objectives
    judged = Judged(label_matrix(passages), scores >= twin.classifier.threshold, scores)
    assert micro_f1(judged) >= FLOORS[document]


def test_the_actions_on_a_page_of_the_compact_get_the_objective_they_stand_under(shared: Path) -> None:
    tagged = gcmtag.load().tag_document(shared / "documents" / "a-res-73-195-p32.txt")
    assert len(tagged.tags) == 7
    for passage, tags in zip(tagged.document.passages, tagged.tags, strict=True):
        assert set(passage.declared) & set(tags.objectives), passage.locator
