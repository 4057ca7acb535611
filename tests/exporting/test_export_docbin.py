"""DocBin: spaCy reads it, with scores, spans and the whole row."""

import spacy
from export_builders import both, essence, float32s, tagged
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus

from gcmtag.exporting import export


def docs_of(tables: tuple) -> list[Doc]:
    return list(DocBin().from_bytes(export(*tables, "spacy")).get_docs(spacy.blank("en").vocab))


def test_spacy_gives_the_same_tags_back(tables) -> None:
    found = {}
    for doc in docs_of(tables):
        row = doc.user_data["gcmtag"]
        found[row["passage_id"]] = {
            "text": doc.text,
            "objectives": list(row["objectives"]),
            "scores": float32s(doc.cats.values()),
            "clusters": list(row["clusters"]),
            "cluster_scores": float32s(row["cluster_scores"]),
            "role": row["role"],
            "role_score": float32s([row["role_score"]]),
            "evidence": sorted(
                (e["objective"], e["start"], e["end"], *float32s([e["score"]])) for e in row["evidence"]
            ),
        }
    assert found == essence(tables[0])


def test_spans_are_labelled_with_the_objective_and_cover_its_evidence(tables) -> None:
    first, without, _ = docs_of(tables)
    expected = essence(tables[0])["marovia:1"]["evidence"]
    assert [(int(s.label_.split()[0]), s.start_char, s.end_char) for s in first.spans["gcmtag"]] == [
        item[:3] for item in expected[:2]
    ] + [(20, 36, expected[2][2] - 1)]
    assert len(without.spans["gcmtag"]) == 0


def test_a_file_can_be_used_for_training(tables, tmp_path) -> None:
    path = tmp_path / "tags.spacy"
    path.write_bytes(export(*tables, "spacy"))
    examples = list(Corpus(path)(spacy.blank("en")))
    assert [example.reference.cats["20 Remittances"] for example in examples] == [
        doc.cats["20 Remittances"] for doc in docs_of(tables)
    ]


def test_a_language_that_spacy_does_not_know_is_no_obstacle() -> None:
    tables = both(tagged("Fees fell."))
    at = tables[0].column_names.index("language")
    import pyarrow as pa

    strange = tables[0].set_column(at, "language", pa.array(["qq"]))
    assert [doc.text for doc in docs_of((strange, tables[1]))] == ["Fees fell."]
