"""The spaCy component ``gcmtag``: tags the passages of a Doc and marks the words that carry them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.util import minibatch

from gcmtag.document import Evidence, Tags
from gcmtag.integrating.loading import loaded
from gcmtag.objectives import NUMBERS, OBJECTIVES, clusters_of
from gcmtag.segmenting.sentences import sentence_starts
from gcmtag.tagger import DEFAULT_MODEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

USER_DATA: Final = "gcmtag"
_PASSAGE: Final = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|\Z))+")


class GcmtagComponent:
    """Tags the passages of a Doc, which are what stands between its empty lines, and sets:

    ``doc.spans[spans_key]``: the evidence. Labels are number and short title ("20 Remittances"); the probabilities are
    in the group's ``attrs["scores"]``, float32. A span covers whole tokens.
    ``doc.spans[spans_key + "_passages"]``: the passages. ``span._.gcmtag`` of any span gives the ``Tags`` of the
    passage that it begins in; their evidence counts characters of that passage.
    ``doc._.gcmtag_objectives``, ``doc._.gcmtag_clusters``: ascending numbers over all passages.
    ``doc._.gcmtag_scores``: for each objective the highest probability of a passage, float32, shape (23,).
    """  # noqa: D415

    def __init__(self, name: str, model: str, spans_key: str) -> None:
        self.name, self.model, self.spans_key = name, model, spans_key

    def __call__(self, doc: Doc) -> Doc:
        """Tags one Doc."""
        return self._tagged([doc])[0]

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 64) -> Iterator[Doc]:
        """Tags many Docs, the passages of ``batch_size`` of them together."""
        for batch in minibatch(stream, size=batch_size):  # type: ignore[no-untyped-call]
            yield from self._tagged(batch)

    def _tagged(self, docs: Sequence[Doc]) -> Sequence[Doc]:
        found = [_passages(doc.text) for doc in docs]
        texts = [doc.text[start:end] for doc, spans in zip(docs, found, strict=True) for start, end in spans]
        tags = iter(loaded(self.model).tag(texts))
        for doc, spans in zip(docs, found, strict=True):
            self._set(doc, [(start, end, next(tags)) for start, end in spans])
        return docs

    def _set(self, doc: Doc, passages: Sequence[tuple[int, int, Tags]]) -> None:
        # Plain data, so that the Doc can be written to disk and sent to other processes.
        doc.user_data[USER_DATA] = [{"start": start, "end": end, **asdict(tags)} for start, end, tags in passages]
        doc.spans[f"{self.spans_key}_passages"] = [_span(doc, start, end, "passage") for start, end, _ in passages]
        group = SpanGroup(doc, name=self.spans_key)
        scores = []
        for start, _, tags in passages:
            for item in tags.evidence:
                group.append(_span(doc, start + item.start, start + item.end, _label(item.objective)))
                scores.append(item.score)
        group.attrs["scores"] = np.array(scores, dtype=np.float32)
        doc.spans[self.spans_key] = group


@Language.component("gcmtag_sentences", assigns=["token.is_sent_start", "doc.sents"])
def mark_sentences(doc: Doc) -> Doc:
    """Marks sentences by the rules for the prose of official documents that evidence is cut by."""
    starts = sentence_starts(doc.text)
    for token in doc:
        token.is_sent_start = token.i == 0 or token.idx in starts
    return doc


@Language.factory(
    "gcmtag",
    assigns=["doc.spans", "doc._.gcmtag_objectives", "doc._.gcmtag_clusters", "doc._.gcmtag_scores", "span._.gcmtag"],
    default_config={"model": DEFAULT_MODEL, "spans_key": "gcmtag"},
)
def make_gcmtag(nlp: Language, name: str, model: str, spans_key: str) -> GcmtagComponent:
    """The component for a pipeline; what ``nlp.add_pipe("gcmtag", config={"model": ..., "spans_key": ...})`` calls.

    Raises:
        ModelNotFound: no such model.
    """
    loaded(model)
    return GcmtagComponent(name, model, spans_key)


def _passages(text: str) -> list[tuple[int, int]]:
    """Stretches ``[start, end)`` between empty lines, without the blanks around them."""
    found = []
    for lines in _PASSAGE.finditer(text):
        words = lines.group().strip()
        start = lines.start() + lines.group().index(words)
        found.append((start, start + len(words)))
    return found


def _label(number: int) -> str:
    return f"{number} {OBJECTIVES[number - 1].short}"


def _span(doc: Doc, start: int, end: int, label: str) -> Span:
    span = doc.char_span(start, end, label=label, alignment_mode="expand")
    assert span is not None  # noqa: S101 - it is inside the text
    return span


def _stored(doc: Doc) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = doc.user_data.get(USER_DATA, [])
    return found


def _objectives(doc: Doc) -> tuple[int, ...]:
    return tuple(sorted({number for passage in _stored(doc) for number in passage["objectives"]}))


def _clusters(doc: Doc) -> tuple[int, ...]:
    return clusters_of(_objectives(doc))


def _scores(doc: Doc) -> "NDArray[np.float32]":
    rows = [passage["scores"] for passage in _stored(doc)]
    highest: NDArray[np.float32] = np.array(rows, dtype=np.float32).reshape(-1, len(NUMBERS)).max(axis=0, initial=0.0)
    return highest


def _tags_of(span: Span) -> Tags | None:
    for passage in _stored(span.doc):
        if passage["start"] <= span.start_char < passage["end"]:
            return Tags(
                objectives=tuple(passage["objectives"]),
                scores=tuple(passage["scores"]),
                clusters=tuple(passage["clusters"]),
                cluster_scores=tuple(passage["cluster_scores"]),
                role=passage["role"],
                role_score=passage["role_score"],
                evidence=tuple(Evidence(**item) for item in passage["evidence"]),
            )
    return None


Doc.set_extension("gcmtag_objectives", getter=_objectives, force=True)
Doc.set_extension("gcmtag_clusters", getter=_clusters, force=True)
Doc.set_extension("gcmtag_scores", getter=_scores, force=True)
Span.set_extension("gcmtag", getter=_tags_of, force=True)
