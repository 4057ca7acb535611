"""How to cite an audit: a sentence and BibTeX, with everything that a reader needs to repeat it."""

import re
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Citation:
    """A ready sentence and BibTeX; ``date`` is empty where it is not known."""

    version: str
    model: str
    date: str
    sentence: str
    bibtex: str


def cite(*, version: str, model: str, moment: datetime | None, documents: int, passages: int) -> Citation:
    """Makes the citation of an audit.

    >>> made = cite(version="0.1.0", model="standard-0.1", moment=datetime(2024, 9, 2), documents=2, passages=70)
    >>> made.sentence
    'Audit of 2 documents (70 passages) made on 2 September 2024 with gcmtag 0.1.0, model standard-0.1.'
    """
    date = f"{moment.day} {moment:%B %Y}" if moment else ""
    subject = f"{documents} document{'' if documents == 1 else 's'} ({passages} passage{'' if passages == 1 else 's'})"
    sentence = (
        f"Audit of {subject} made{f' on {date}' if date else ''} with gcmtag{f' {version}' if version else ''}"
        f"{f', model {model}' if model else ''}."
    )
    year = f"{moment:%Y}" if moment else ""
    fields = {
        "author": "{The gcmtag authors}",
        "title": f"gcmtag: attention to the objectives of the Global Compact for Migration, audit of {subject}",
        "year": year,
        "version": _plain(version),
        "note": _plain(f"Model {model}, made on {date}" if date else f"Model {model}"),
    }
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items() if value]
    bibtex = "\n".join([f"@misc{{gcmtag{f'-{year}' if year else ''},", *lines, "}"])
    return Citation(version, model, date, sentence, bibtex)


def _plain(text: str) -> str:
    """Text without what BibTeX would take for its own."""
    return re.sub(r"([&%#_$])", r"\\\1", re.sub(r"[{}\\]", "", text))
