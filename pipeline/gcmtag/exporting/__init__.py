"""Tags in other tools' formats: each format is one function from the two tables to the bytes of a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from gcmtag.errors import UsageError
from gcmtag.exporting.citing import to_bibtex, to_csl_json
from gcmtag.exporting.columnar import to_json, to_jsonl, to_parquet
from gcmtag.exporting.delimited import to_csv
from gcmtag.exporting.docbin import to_docbin
from gcmtag.exporting.label_studio import to_label_studio, to_label_studio_interface
from gcmtag.exporting.options import Options
from gcmtag.exporting.results import Results, read_results
from gcmtag.exporting.turtle import to_turtle
from gcmtag.exporting.web_annotations import to_web_annotations
from gcmtag.exporting.workbook import to_xlsx

__all__ = ["FORMATS", "Format", "Options", "Results", "export", "read_results"]

Writer = Callable[[pa.Table, pa.Table, Options], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """A format by its name.

    ``suffix`` is the ending of its files, ``title`` and ``group`` say to a person what it is and what it is for, and
    ``takes_hxl`` whether it can hold a row of HXL hashtags.
    """

    name: str
    suffix: str
    media_type: str
    title: str
    group: str
    write: Writer
    takes_hxl: bool = False


_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSL: Final = "application/vnd.citationstyles.csl+json"
_SHEETS, _PROGRAMS, _ANNOTATING, _LINKED, _CITING = (
    "Spreadsheets",
    "Programs",
    "Annotation tools",
    "Linked data",
    "Citations",
)

FORMATS: Final[Mapping[str, Format]] = {
    made.name: made
    for made in (
        Format("csv", ".csv", "text/csv; charset=utf-8", "CSV", _SHEETS, to_csv, takes_hxl=True),
        Format("xlsx", ".xlsx", _XLSX, "Excel", _SHEETS, to_xlsx, takes_hxl=True),
        Format("json", ".json", "application/json", "JSON", _PROGRAMS, to_json),
        Format("jsonl", ".jsonl", "application/jsonl", "JSON Lines", _PROGRAMS, to_jsonl),
        Format("parquet", ".parquet", "application/vnd.apache.parquet", "Parquet", _PROGRAMS, to_parquet),
        Format("label-studio", ".json", "application/json", "Label Studio tasks", _ANNOTATING, to_label_studio),
        Format(
            "label-studio-interface",
            ".xml",
            "application/xml",
            "Label Studio interface",
            _ANNOTATING,
            to_label_studio_interface,
        ),
        Format("web-annotations", ".jsonld", "application/ld+json", "Web Annotations", _ANNOTATING, to_web_annotations),
        Format("spacy", ".spacy", "application/octet-stream", "spaCy", _PROGRAMS, to_docbin),
        Format("ttl", ".ttl", "text/turtle", "Turtle", _LINKED, to_turtle),
        Format("bibtex", ".bib", "application/x-bibtex", "BibTeX", _CITING, to_bibtex),
        Format("csl-json", ".json", _CSL, "CSL-JSON", _CITING, to_csl_json),
    )
}


def export(tags: pa.Table, documents: pa.Table, to: str, options: Options | None = None) -> bytes:
    """The two tables as a file of the given format.

    Args:
        tags: the tags table, each document's passages in reading order.
        documents: the documents table.
        to: name of the format, one of ``FORMATS``.
        options: see ``Options``.

    Raises:
        UsageError: no such format, or one that cannot hold HXL hashtags or that many rows.
    """
    if to not in FORMATS:
        raise UsageError(f"unknown format {to!r}: use one of {', '.join(FORMATS)}")
    asked = options if options is not None else Options()
    if asked.hxl and not FORMATS[to].takes_hxl:
        able = " and ".join(name for name, made in FORMATS.items() if made.takes_hxl)
        raise UsageError(f"{to} has no row of hashtags: HXL goes with {able}")
    return FORMATS[to].write(tags, documents, asked)
