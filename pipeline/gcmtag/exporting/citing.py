"""How to cite a run: the program, its version and model, and what was tagged, as BibTeX or CSL-JSON."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import pyarrow as pa

from gcmtag.exporting.options import PLAIN, Options
from gcmtag.version import __version__

AUTHORS: Final = "The gcmtag authors"
_LATEX: Final[Mapping[str, str]] = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def to_bibtex(tags: pa.Table, documents: pa.Table, options: Options = PLAIN) -> bytes:
    """An entry for the program and one for the tables of this run."""
    return "\n".join(_bibtex(item) for item in _items(tags, documents, options)).encode("utf-8")


def to_csl_json(tags: pa.Table, documents: pa.Table, options: Options = PLAIN) -> bytes:
    """The same two items for citation managers, in the Citation Style Language's JSON."""
    items = [
        {
            "id": item["id"],
            "type": item["type"],
            "title": item["title"],
            "author": [{"literal": AUTHORS}],
            "version": item["version"],
            "issued": {"date-parts": [[item["date"].year, item["date"].month, item["date"].day]]},
            "note": item["note"],
        }
        for item in _items(tags, documents, options)
    ]
    return (json.dumps(items, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _items(tags: pa.Table, documents: pa.Table, options: Options) -> list[dict[str, Any]]:
    version = str(options.about.get("gcmtag", __version__))
    models = ", ".join(sorted(set(tags.column("model").to_pylist()))) or "no model"
    day = _day(options.about)
    about = {"version": version, "date": day}
    return [
        {
            "id": f"gcmtag-{version}",
            "type": "software",
            "title": "gcmtag: passages of migration policy documents tagged with the objectives of the Global Compact",
            "note": f"Model {models}",
            **about,
        },
        {
            "id": f"gcmtag-tags-{day.isoformat()}",
            "type": "dataset",
            "title": f"Tags of {tags.num_rows} passages from {documents.num_rows} documents with the 23 objectives of "
            "the Global Compact for Migration",
            "note": f"Predicted by gcmtag {version}, model {models}",
            **about,
        },
    ]


def _day(about: Mapping[str, Any]) -> date:
    """The day on which the run finished; today where it is not known."""
    try:
        return datetime.fromisoformat(str(about["finished"])).date()
    except (KeyError, ValueError):
        return datetime.now(UTC).date()


def _bibtex(item: Mapping[str, Any]) -> str:
    kind = "software" if item["type"] == "software" else "misc"
    day: date = item["date"]
    fields = {
        "author": f"{{{_latex(AUTHORS)}}}",
        "title": f"{{{_latex(item['title'])}}}",
        "year": str(day.year),
        "month": str(day.month),
        "version": _latex(item["version"]),
        "note": _latex(item["note"]),
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{kind}{{{item['id']},\n{lines}\n}}\n"


def _latex(text: str) -> str:
    return re.sub(r"[&%$#_{}\\~^]", lambda found: _LATEX[found.group()], text)
