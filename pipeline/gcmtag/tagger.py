"""The tagger: a loaded model that turns texts and documents into tags."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from gcmtag.classifying import Classifier, Inputs, load_classifier
from gcmtag.classifying.evidence import score_with_evidence
from gcmtag.columns import TagColumns
from gcmtag.document import Document, Tags
from gcmtag.encoding.cache import VectorCache, default_cache_folder
from gcmtag.encoding.encoder import Progress
from gcmtag.errors import ModelNotFound, UsageError
from gcmtag.tables import TaggedDocument, with_tags

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

DEFAULT_MODEL = "standard"
LANGUAGE = "en"  # of the texts that the shipped model learned from
PACKAGE_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Tagger:
    """A model ready to tag; ``model`` is its id."""

    classifier: Classifier
    model: str

    def scores(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> "NDArray[np.float32]":
        """Calibrated probabilities, shape (n, 23), float32, objective 1 first.

        Raises:
            UsageError: ``texts`` is a single string or holds something else than strings, or ``contexts`` has another
                length.
        """
        return self.classifier.score(_checked(texts, contexts)).objectives

    @overload
    def tag(self, texts: str, contexts: str | None = None) -> Tags: ...  # type: ignore[overload-overlap]

    @overload
    def tag(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> list[Tags]: ...

    def tag(self, texts: str | Sequence[str], contexts: str | Sequence[str] | None = None) -> Tags | list[Tags]:
        """Tags of each text; a single string gives one ``Tags``.

        Args:
            texts: passages. A text without a letter gets no objective.
            contexts: the heading or question above each text, where it is known.

        Raises:
            UsageError: ``texts`` holds something that is not a string, or ``contexts`` has another length.
        """
        if isinstance(texts, str):
            if not isinstance(contexts, str | None):
                raise UsageError("one text takes one context, a string: give both as lists, or neither")
            return self.tag_inputs(_checked([texts], None if contexts is None else [contexts]))[0]
        return self.tag_inputs(_checked(texts, contexts))

    def tag_inputs(self, inputs: Inputs, progress: Progress | None = None) -> list[Tags]:
        """Tags of passages with their contexts and declared objectives.

        Args:
            inputs: the passages.
            progress: called with (passages encoded, passages in all).
        """
        return self.tag_columns(inputs, progress).records()

    def tag_columns(self, inputs: Inputs, progress: Progress | None = None) -> TagColumns:
        """The same as arrays, for many passages at a time.

        Args:
            inputs: the passages.
            progress: as above.
        """
        readable = np.fromiter(map(_has_words, inputs.texts), dtype=bool, count=len(inputs))
        scores, chosen, evidence = score_with_evidence(self.classifier, inputs, readable, progress)
        low, high = self.classifier.doubt
        return TagColumns(
            chosen=chosen,
            scores=scores.objectives,
            cluster_scores=scores.clusters,
            roles=scores.roles.argmax(axis=1).astype(np.int8),
            role_scores=scores.roles.max(axis=1),
            unsure=(scores.objectives >= low) & (scores.objectives <= high) & readable[:, np.newaxis],
            evidence=evidence,
        )

    def tag_table(self, passages: "pa.Table", progress: Progress | None = None) -> "pa.Table":
        """The tags table of a table of passages, see `gcmtag.tables.passages_table`."""
        texts, contexts = (passages.column(name).to_pylist() for name in ("text", "context"))
        declared = [tuple(numbers) for numbers in passages.column("declared").to_pylist()]
        return with_tags(passages, self.tag_columns(Inputs(texts, contexts, declared), progress), self.model)

    def deciding_words(self, text: str, context: str = "", most: int = 6) -> dict[int, list[tuple[str, float]]]:
        """For each of the 23 objectives the words of the text that spoke most for it, with their weights (log odds).

        Only the member that reads words can say this; the vectors of the other one have no words.

        Raises:
            UsageError: the text or its context is not a string.
        """
        return self.classifier.deciding_words(_checked([text], [context]), most)

    def tag_document(self, document: str | Path | Document, progress: Progress | None = None) -> TaggedDocument:
        """Reads a file (or takes a document already read) and tags its passages.

        Raises:
            DocumentError: the file cannot be read or holds no passage.
        """
        if not isinstance(document, Document):
            from gcmtag.segmenting import read  # noqa: PLC0415

            document = read(document)
        document = warned(document)
        tags = self.tag_inputs(Inputs.of_passages(document.passages), progress)
        return TaggedDocument(document, tuple(tags), self.model)


def load(model: str | Path = DEFAULT_MODEL) -> Tagger:
    """The shipped model, or one by name or by the path of its folder.

    Vectors of texts are kept on disk and not computed twice: in the folder that the environment variable
    ``GCMTAG_CACHE`` names, else in the user's cache; ``off`` keeps none.

    Raises:
        ModelNotFound: no such model, or its encoder is not installed.
        ModelDamaged: a file of the model was changed.
    """
    classifier, model_id = load_classifier(find_model(model))
    folder = default_cache_folder()
    if classifier.encoder is not None and folder is not None:
        classifier.encoder.cache = VectorCache(folder)
    return Tagger(classifier, model_id)


def find_model(model: str | Path) -> Path:
    """Folder of a model: a path to one, or the name of a shipped one.

    Raises:
        ModelNotFound: neither.
    """
    for folder in (Path(model), *(shipped / str(model) for shipped in shipped_models())):
        if (folder / "manifest.json").is_file():
            return folder
    known = sorted({path.parent.name for shipped in shipped_models() for path in shipped.glob("*/manifest.json")})
    raise ModelNotFound(
        f"no model {str(model)!r}: name a folder that 'gcmtag train' wrote, or a shipped model ({', '.join(known)})"
    )


def shipped_models() -> tuple[Path, ...]:
    """Folders with shipped models: inside an installed wheel, or ``models/`` of a checkout."""
    return PACKAGE_FOLDER / "_models", PACKAGE_FOLDER.parents[1] / "models"


def warned(document: Document) -> Document:
    """The document with a warning where it is in a language that the model did not learn from."""
    if document.language == LANGUAGE:
        return document
    return replace(document, warnings=(*document.warnings, _foreign(document.language)))


def _checked(texts: Sequence[str], contexts: Sequence[str] | None) -> Inputs:
    if isinstance(texts, str) or isinstance(contexts, str):
        raise UsageError("texts or contexts is a single string where a list of strings is expected: put it in []")
    # Copied, since a column of a data frame is looked up by its index and not by position.
    texts, contexts = list(texts), None if contexts is None else list(contexts)
    for position, text in enumerate([*texts, *(contexts or ())]):
        if not isinstance(text, str):
            raise UsageError(f"item {position} of texts and contexts is {type(text).__name__}, expected a string")
    if contexts is not None and len(contexts) != len(texts):
        raise UsageError(f"{len(contexts)} contexts for {len(texts)} texts: give one for each, or none")
    return Inputs.of_texts(texts, contexts)


def _foreign(language: str) -> str:
    return (
        f"the text seems to be in another language ({language}); the model learned from English, so tags may be wrong"
    )


def _has_words(text: str) -> bool:
    return any(character.isalpha() for character in text)
