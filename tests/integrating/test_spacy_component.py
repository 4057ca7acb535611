"""The spaCy component: found by its name alone, sets spans and extensions, batches, survives disk."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from gcmtag import Tagger

ROOT = Path(__file__).parents[2]
FEES = "Marovia cut the fee on remittances to 3 per cent."
BORDERS = "Border guards of Tessaly were trained to screen arrivals at every border crossing."
TEXT = f"\n\n{FEES}\n \n  {BORDERS}\n"


@pytest.fixture(scope="module")
def nlp(small_model: Path) -> Language:
    import gcmtag.integrating.spacy_component  # noqa: F401 - what the entry point does in an installed package

    pipeline = spacy.blank("en")
    pipeline.add_pipe("gcmtag", config={"model": str(small_model)})
    return pipeline


def test_the_entry_point_lets_spacy_find_the_component_without_an_import(tmp_path: Path, small_model: Path) -> None:
    """Metadata as an installer writes it, so that this does not hang on how the package is installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = tmp_path / "gcmtag-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: gcmtag\nVersion: 0\n")
    lines = [f"{name} = {where}" for name, where in project["entry-points"]["spacy_factories"].items()]
    (folder / "entry_points.txt").write_text("\n".join(["[spacy_factories]", *lines]))
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import spacy; nlp = spacy.blank('en')\n"
        f"nlp.add_pipe('gcmtag', config={{'model': {str(small_model)!r}}}); print(nlp({FEES!r})._.gcmtag_objectives)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert "20" in result.stdout


def test_each_passage_has_the_tags_that_the_tagger_gives_it(nlp: Language, small_tagger: Tagger) -> None:
    doc = nlp(TEXT)
    passages = doc.spans["gcmtag_passages"]
    assert [span.text for span in passages] == [FEES, BORDERS]
    for span, tags in zip(passages, small_tagger.tag([FEES, BORDERS]), strict=True):
        found = span._.gcmtag
        assert found.objectives == tags.objectives
        np.testing.assert_allclose(found.scores, tags.scores, atol=1e-5)
        assert found.role == tags.role


def test_the_doc_has_all_objectives_and_the_highest_scores_of_its_passages(nlp: Language, small_tagger: Tagger) -> None:
    doc = nlp(TEXT)
    tags = small_tagger.tag([FEES, BORDERS])
    assert set(doc._.gcmtag_objectives) == {number for one in tags for number in one.objectives}
    assert 20 in doc._.gcmtag_objectives
    assert 3 in doc._.gcmtag_clusters
    expected = np.max([one.scores for one in tags], axis=0)
    np.testing.assert_allclose(doc._.gcmtag_scores, expected, atol=1e-5)


def test_evidence_spans_are_labelled_and_scored(nlp: Language) -> None:
    doc = nlp(TEXT)
    group = doc.spans["gcmtag"]
    assert "20 Remittances" in {span.label_ for span in group}
    assert len(group.attrs["scores"]) == len(group) > 0
    assert all(span.text in (FEES, BORDERS) for span in group)


@pytest.mark.parametrize("text", ["", " \n\n ", "15.4 %"])
def test_a_doc_without_words_has_no_objectives(nlp: Language, text: str) -> None:
    doc = nlp(text)
    assert doc._.gcmtag_objectives == ()
    assert list(doc.spans["gcmtag"]) == []
    assert doc._.gcmtag_scores.shape == (23,)


def test_many_docs_are_tagged_together_and_in_order(nlp: Language, small_tagger: Tagger, monkeypatch) -> None:
    calls: list[int] = []
    original: Callable = Tagger.tag

    def counted(self, texts, contexts=None):
        calls.append(len(texts))
        return original(self, texts, contexts)

    monkeypatch.setattr(Tagger, "tag", counted)
    docs = list(nlp.pipe([FEES, BORDERS, TEXT], batch_size=3))
    assert [len(doc.spans["gcmtag_passages"]) for doc in docs] == [1, 1, 2]
    assert calls == [4]


def test_a_tagged_doc_survives_bytes_and_docbin(nlp: Language) -> None:
    doc = nlp(TEXT)
    again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    (packed,) = DocBin().from_bytes(DocBin(docs=[doc], store_user_data=True).to_bytes()).get_docs(nlp.vocab)
    for other in (again, packed):
        assert other._.gcmtag_objectives == doc._.gcmtag_objectives
        assert [span.label_ for span in other.spans["gcmtag"]] == [span.label_ for span in doc.spans["gcmtag"]]
        assert other.spans["gcmtag_passages"][1]._.gcmtag == doc.spans["gcmtag_passages"][1]._.gcmtag


def test_the_pipeline_survives_disk_with_its_settings(small_model: Path, tmp_path: Path) -> None:
    pipeline = spacy.blank("en")
    pipeline.add_pipe("gcmtag", config={"model": str(small_model), "spans_key": "sc"})
    pipeline.to_disk(tmp_path / "pipeline")
    doc = spacy.load(tmp_path / "pipeline")(FEES)
    assert "20 Remittances" in {span.label_ for span in doc.spans["sc"]}


def test_a_doc_that_was_not_tagged_has_no_tags(nlp: Language) -> None:
    assert nlp.make_doc(FEES)[0:2]._.gcmtag is None
