"""A sentence-transformers encoder that encodes every distinct text once."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gcmtag.encoding.adapter import Adapter, merge_adapter
from gcmtag.encoding.weights import encoder_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

Progress = Callable[[int, int], None]
SMALLEST = 1e-12
CHUNK = 256  # texts between two calls of the progress function


@dataclass(slots=True)
class Encoder:
    """Turns texts into unit vectors of ``dimension`` float32 numbers; the weights are loaded at the first use.

    ``adapter`` is what training changed in the weights that the name stands for.
    """

    name: str
    max_tokens: int = 256
    adapter: Adapter | None = field(default=None, repr=False)
    batch_size: int = 32
    _model: Any = field(default=None, repr=False)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> "NDArray[np.float32]":
        """Unit vectors of shape (n, dimension), float32, in the order of ``texts``.

        Args:
            texts: any strings; an empty one gets a vector like any other.
            progress: called with (texts done, texts in all) as the work goes on; equal texts count once.
        """
        model = self._load()
        distinct = list(dict.fromkeys(texts))
        # Batches of similar length waste less padding; the sort is undone by the lookup below.
        ordered = sorted(range(len(distinct)), key=lambda i: len(distinct[i]))
        vectors = np.zeros((len(distinct), self.dimension), dtype=np.float32)
        for start in range(0, len(ordered), CHUNK):
            chunk = ordered[start : start + CHUNK]
            found = model.encode(
                [distinct[i] for i in chunk],
                batch_size=self.batch_size,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            # At length 1 once more: bfloat16 leaves it at 1.003.
            vectors[chunk] = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), SMALLEST)
            if progress is not None:
                progress(start + len(chunk), len(ordered))
        row_of = {text: row for row, text in enumerate(distinct)}
        return vectors[[row_of[text] for text in texts]]

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._load().get_embedding_dimension())

    def _load(self) -> Any:  # noqa: ANN401
        if self._model is None:
            folder = encoder_folder(self.name)
            # The folder is complete; a look-up on a hub could only slow the start or fail without a network.
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
            os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
            from sentence_transformers import SentenceTransformer  # noqa: PLC0415
            from transformers.utils import logging  # noqa: PLC0415

            logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
            self._model.max_seq_length = self.max_tokens
            if self.adapter is not None:
                merge_adapter(self._model, self.adapter)
            if has_bfloat16():
                self._model.bfloat16()
        return self._model


def has_bfloat16() -> bool:
    """Whether the processor multiplies matrices in bfloat16, three times as fast as in float32."""
    import torch  # noqa: PLC0415

    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def load_encoder(name: str, max_tokens: int = 256, adapter: Adapter | None = None) -> Encoder:
    """An encoder by known name or path; its weights are located and checked now, loaded when first used.

    Raises:
        ModelNotFound: no such encoder.
        ModelDamaged: the weights are not the ones that the name stands for.
    """
    encoder_folder(name)
    return Encoder(name, max_tokens, adapter)
