"""An encoder that reads every distinct text once, and its parts with it."""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from gcmtag.encoding.adapter import Adapter, merge_adapter
from gcmtag.encoding.cache import VectorCache, vector_key
from gcmtag.encoding.cores import spread
from gcmtag.encoding.memory import give_back_memory
from gcmtag.encoding.transformer import TOKENS_A_BATCH, Span, Tokenizer, Tokens, Transformer, is_known
from gcmtag.encoding.weights import encoder_folder, weights_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

Progress = Callable[[int, int], None]
Parts = Sequence[Span]
Question = tuple[str, Parts]  # a text and the parts of it that are asked for
SMALLEST: Final = 1e-12
WINDOW: Final = 512  # texts that are cut into tokens while those before them are encoded
REPORTED: Final = 64  # texts between two calls of the progress function
KEPT_TOGETHER: Final = 256  # texts that go into the cache at once
BFLOAT16_FLAGS: Final = frozenset(["amx_bf16", "avx512_bf16", "bf16"])
# The environment variable by which oneDNN, which multiplies the matrices, is kept from some instructions.
INSTRUCTIONS: Final = "ONEDNN_MAX_CPU_ISA"
BFLOAT16_ALLOWED: Final = (
    "",
    "ALL",
    "DEFAULT",
    "AVX512_CORE_BF16",
    "AVX512_CORE_FP16",
    "AVX512_CORE_AMX",
    "AVX10_1_512_AMX",
)
PRECISION: Final = "GCMTAG_PRECISION"  # environment variable; "float32" switches bfloat16 off


class Model(Protocol):
    """What turns texts into means of token states."""

    dimension: int

    def windows(self, texts: Sequence[str], parts: Sequence[Parts]) -> "Iterator[tuple[int, NDArray[np.floating]]]":
        """Positions of texts in an order that suits the model, each with an array of shape (1 + parts, dimension)."""


@dataclass(slots=True)
class Encoder:
    """Turns texts into unit vectors of ``dimension`` numbers; the weights are loaded at the first use.

    Vectors are rounded to float16, in which a cache keeps them, so that what is read from a cache is what was computed.

    Attributes:
        name: a known name, or the path of a sentence-transformers model.
        max_tokens: texts are cut after so many tokens.
        adapter: what training changed in the weights that the name stands for.
        cache: where vectors are looked up and kept; None for nowhere.
    """

    name: str
    max_tokens: int = 256
    adapter: Adapter | None = field(default=None, repr=False)
    cache: VectorCache | None = field(default=None, repr=False)
    _model: Model | None = field(default=None, repr=False)
    _id: str = field(default="", repr=False)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> "NDArray[np.float32]":
        """Unit vectors of shape (n, dimension), float32, in the order of ``texts``.

        Args:
            texts: any strings; an empty one gets a vector like any other.
            progress: called with (texts done, texts in all) as the work goes on; equal texts count once.
        """
        found = self.encode_parts(texts, [()] * len(texts), progress)
        return np.stack([rows[0] for rows in found]) if found else np.zeros((0, self.dimension), dtype=np.float32)

    def encode_parts(
        self, texts: Sequence[str], parts: Sequence[Parts], progress: Progress | None = None
    ) -> "list[NDArray[np.float32]]":
        """For each text its unit vector, and below it one for each of its parts.

        A part's vector is the mean over its tokens' states as they are within the whole text ("late chunking", Günther
        et al. 2024), so it costs no further pass and knows what the text speaks of. A part that lies beyond the longest
        length that the encoder reads has zeros.

        Args:
            texts: any strings.
            parts: characters [start, end) of the parts of each text.
            progress: called with (texts done, texts in all); equal texts with equal parts count once.

        Returns:
            Arrays of shape (1 + parts, dimension), float32.
        """
        asked = [(text, tuple(own)) for text, own in zip(texts, parts, strict=True)]
        distinct = list(dict.fromkeys(asked))
        known = self._remembered(distinct)
        new = [question for question in distinct if question not in known]
        if progress is not None and known:
            progress(len(known), len(distinct))
        fresh: dict[Question, NDArray[np.float16]] = {}
        try:
            for question, vectors in self._computed(new):
                fresh[question] = vectors
                if len(fresh) == KEPT_TOGETHER:
                    known |= self._keep(fresh)
                if progress is not None and (len(known) + len(fresh)) % REPORTED == 0:
                    progress(len(known) + len(fresh), len(distinct))
        finally:
            # What was computed before an interruption need not be computed again.
            known |= self._keep(fresh)
        if progress is not None and len(distinct) % REPORTED:
            progress(len(distinct), len(distinct))
        return [known[question].astype(np.float32) for question in asked]

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._load().dimension

    def _computed(self, questions: "Sequence[Question]") -> "Iterator[tuple[Question, NDArray[np.float16]]]":
        if not questions:  # so that what is all in the cache needs no weights
            return
        texts, parts = zip(*questions, strict=True)
        for position, rows in self._load().windows(texts, parts):
            lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), SMALLEST)
            yield questions[position], (rows / lengths).astype(np.float16)

    def _remembered(self, questions: "Sequence[Question]") -> "dict[Question, NDArray[np.float16]]":
        if self.cache is None:
            return {}
        found = self.cache.get_many(self._keys(questions))
        # The shape is part of what the checksum covers, but not of the key.
        return {
            question: array
            for question, array in zip(questions, found, strict=True)
            if array is not None and len(array) == 1 + len(question[1])
        }

    def _keep(self, fresh: "dict[Question, NDArray[np.float16]]") -> "dict[Question, NDArray[np.float16]]":
        """Puts vectors into the cache; gives them back and leaves nothing in ``fresh``."""
        kept = dict(fresh)
        fresh.clear()
        if self.cache is not None and kept:
            self.cache.put_many(self._keys(list(kept)), list(kept.values()))
        return kept

    def _keys(self, questions: "Sequence[Question]") -> list[str]:
        if not self._id:
            self._id = self._identity()
        return [vector_key(self._id, text, parts) for text, parts in questions]

    def _identity(self) -> str:
        """What stands for everything that changes a vector: weights, adapter, longest text, precision."""
        digest = blake2b(weights_hash(self.name).encode(), digest_size=16)
        digest.update(f"{self.max_tokens} {'bfloat16' if has_bfloat16() else 'float32'}".encode())
        if self.adapter is not None:
            digest.update(self.adapter.fingerprint())
        return digest.hexdigest()

    def _load(self) -> Model:
        if self._model is None:
            folder = encoder_folder(self.name)
            build = OwnModel if is_known(folder) else LibraryModel
            self._model = build(folder, self.max_tokens, self.adapter)
        return self._model


class OwnModel:
    """An encoder of an architecture that is run here."""

    def __init__(self, folder: Path, max_tokens: int, adapter: Adapter | None) -> None:
        """Load the weights.

        Raises:
            ModelDamaged: the adapter does not fit them.
        """
        self._tokenizer = Tokenizer(folder, max_tokens)
        self._transformer = Transformer(folder, adapter, bfloat16=has_bfloat16())
        self.dimension = self._transformer.dimension

    def windows(self, texts: Sequence[str], parts: Sequence[Parts]) -> "Iterator[tuple[int, NDArray[np.floating]]]":
        """Short texts first; the next window is cut into tokens while the batches of one are encoded."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))

        def means(batch: Sequence[tuple[int, Tokens]]) -> "list[tuple[int, NDArray[np.float32]]]":
            positions = [order[place] for place, _ in batch]
            found = self._transformer.pooled([tokens for _, tokens in batch], [parts[i] for i in positions])
            return list(zip(positions, found, strict=True))

        for rows in spread(means, self._batches([texts[i] for i in order])):
            yield from rows
            give_back_memory()

    def _batches(self, texts: Sequence[str]) -> "Iterator[list[tuple[int, Tokens]]]":
        """Places and tokens of texts that are encoded together."""
        windows = [texts[start : start + WINDOW] for start in range(0, len(texts), WINDOW)]
        with ThreadPoolExecutor(1) as beside:
            cut = [beside.submit(self._tokenizer, window) for window in windows[:1]]
            for number in range(len(windows)):
                tokens = cut.pop().result()
                if number + 1 < len(windows):
                    cut.append(beside.submit(self._tokenizer, windows[number + 1]))
                for batch in batches(tokens):
                    yield [(number * WINDOW + place, tokens[place]) for place in batch]


class LibraryModel:
    """Any other sentence-transformers model, run by that library; a part is encoded as a text of its own."""

    def __init__(self, folder: Path, max_tokens: int, adapter: Adapter | None) -> None:
        """Load the model.

        Raises:
            ModelDamaged: the adapter does not fit it.
        """
        # The folder is complete; a look-up on a hub could only slow the start or fail without a network.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415
        from transformers.utils import logging  # noqa: PLC0415

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        model: Any = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        model.max_seq_length = max_tokens
        if adapter is not None:
            merge_adapter(dict(model[0].auto_model.named_parameters()), adapter)
        if has_bfloat16():
            model.bfloat16()
        self._model, self.dimension = model, int(model.get_embedding_dimension())

    def windows(self, texts: Sequence[str], parts: Sequence[Parts]) -> "Iterator[tuple[int, NDArray[np.floating]]]":
        """One text after another within windows that are sorted by length."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), WINDOW):
            window = order[start : start + WINDOW]
            rows = [[texts[i], *(texts[i][begin:end] for begin, end in parts[i])] for i in window]
            found = self._model.encode([t for own in rows for t in own], convert_to_numpy=True, show_progress_bar=False)
            ends = np.cumsum([len(own) for own in rows])
            yield from zip(window, np.split(found, ends[:-1]), strict=True)


def batches(tokens: Sequence[Tokens]) -> Iterator[list[int]]:
    """Positions of texts of like length, so many that they fill ``TOKENS_A_BATCH`` together."""
    batch: list[int] = []
    taken = 0
    for position in sorted(range(len(tokens)), key=lambda i: len(tokens[i].ids)):
        if batch and taken + len(tokens[position].ids) > TOKENS_A_BATCH:
            yield batch
            batch, taken = [], 0
        batch.append(position)
        taken += len(tokens[position].ids)
    if batch:
        yield batch


@cache
def _processor() -> str:
    """What the processor can do, since that decides the precision."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())


def has_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16, three times as fast as float32, and may use them.

    torch says so of any processor with AVX-512, where bfloat16 without instructions for it is slower than float32.
    """
    return (
        os.environ.get(PRECISION) != "float32"
        and os.environ.get(INSTRUCTIONS, "ALL").upper() in BFLOAT16_ALLOWED
        and not BFLOAT16_FLAGS.isdisjoint(_processor().split())
    )


def load_encoder(name: str, max_tokens: int = 256, adapter: Adapter | None = None) -> Encoder:
    """An encoder by known name or path; its weights are located and checked now, loaded when first used.

    Raises:
        ModelNotFound: no such encoder.
        ModelDamaged: the weights are not the ones that the name stands for.
    """
    encoder_folder(name)
    return Encoder(name, max_tokens, adapter)
