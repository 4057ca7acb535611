"""Citations: parsers of BibTeX and of CSL read them, and they name version, model and day of the run."""

import json

import pytest
from export_builders import MODEL, both, tagged

import gcmtag
from gcmtag.exporting import Options, export

ABOUT = Options(about={"gcmtag": "0.1.0", "finished": "2024-03-05T10:00:00+00:00"})


def test_bibtex_is_read_by_a_bibtex_parser(tables) -> None:
    pybtex = pytest.importorskip("pybtex.database")
    entries = pybtex.parse_string(export(*tables, "bibtex", ABOUT).decode("utf-8"), "bibtex").entries
    assert list(entries) == ["gcmtag-0.1.0", "gcmtag-tags-2024-03-05"]
    dataset = entries["gcmtag-tags-2024-03-05"]
    assert dataset.fields["year"] == "2024"
    assert "3 passages from 2 documents" in dataset.fields["title"]
    assert MODEL in dataset.fields["note"]
    assert [str(person) for person in dataset.persons["author"]] == ["{The gcmtag authors}"]


def test_csl_json_names_version_model_and_day(tables) -> None:
    software, dataset = json.loads(export(*tables, "csl-json", ABOUT))
    assert (software["type"], dataset["type"]) == ("software", "dataset")
    assert dataset["issued"] == {"date-parts": [[2024, 3, 5]]}
    assert software["version"] == "0.1.0"
    assert MODEL in software["note"]


def test_signs_that_latex_would_run_are_escaped() -> None:
    tables = both(tagged("Fees fell."))
    at = tables[0].column_names.index("model")
    import pyarrow as pa

    odd = tables[0].set_column(at, "model", pa.array([r"50%_a&b{c}\d~e^f#$"]))
    text = export(odd, tables[1], "bibtex").decode("utf-8")
    assert r"50\%\_a\&b\{c\}\textbackslash{}d\textasciitilde{}e\textasciicircum{}f\#\$" in text


def test_a_run_without_a_date_is_cited_by_today_and_by_this_version(tables) -> None:
    (software, _) = json.loads(export(*tables, "csl-json"))
    assert software["version"] == gcmtag.__version__
