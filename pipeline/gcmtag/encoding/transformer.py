"""The forward pass of BERT and MPNet, written for processors: little to import, no padding to speak of, bfloat16.

From the same files it gives the same numbers as the libraries' own models (Devlin et al. 2019; Song et al. 2020); the
tests hold it to that. Where the processor has instructions for it, matrices are multiplied in bfloat16 and all else
stays float32: sums and normalisation in bfloat16 would cost accuracy and save next to nothing.
"""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gcmtag.encoding.adapter import Adapter, check_fit
from gcmtag.errors import ModelNotFound

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

Span = tuple[int, int]
WEIGHTS_FILE: Final = "model.safetensors"
TOKENS_A_BATCH: Final = 2048  # what fills a core; more would only need more memory
# In bfloat16 batches are filled up to a few sizes: for each size of a matrix that is new, oneDNN writes code and keeps
# it, which costs a small batch as much time as its numbers do, and memory without end.
ROWS: Final = ((512, 32), (TOKENS_A_BATCH, 128))  # tokens of a batch up to so many are a multiple of the second
FARTHEST: Final = 128  # distance of two tokens from which on MPNet's relative position tells no more


@dataclass(frozen=True, slots=True)
class Architecture:
    """How an architecture names the linear layers of its blocks, and where its positions begin."""

    query: str
    key: str
    value: str
    attended: str
    attended_norm: str
    first_position: int


ARCHITECTURES: Final = {
    "bert": Architecture(
        query="attention.self.query",
        key="attention.self.key",
        value="attention.self.value",
        attended="attention.output.dense",
        attended_norm="attention.output.LayerNorm",
        first_position=0,
    ),
    "mpnet": Architecture(
        query="attention.attn.q",
        key="attention.attn.k",
        value="attention.attn.v",
        attended="attention.attn.o",
        attended_norm="attention.LayerNorm",
        first_position=2,  # behind the place of the padding token
    ),
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text, and the characters [start, end) that each but the first and the last stands for."""

    ids: list[int]
    offsets: list[Span]

    def within(self, span: Span) -> Span:
        """Places [start, end) of the tokens that begin inside a span of characters; both equal where none does."""
        starts = [start for start, _ in self.offsets[1:-1]]
        return 1 + bisect_left(starts, span[0]), 1 + bisect_left(starts, span[1])


class Tokenizer:
    """Cuts texts into tokens, at most ``max_tokens`` with the two that mark begin and end."""

    def __init__(self, folder: Path, max_tokens: int) -> None:
        """Read tokenizer.json of the encoder's folder."""
        from tokenizers import Tokenizer as Rules  # noqa: PLC0415

        self._rules = Rules.from_file(str(folder / "tokenizer.json"))
        self._rules.no_padding()
        self._rules.enable_truncation(max_tokens)

    def whole_words(self) -> list[str]:
        """The tokens that are words by themselves, in alphabetical order."""
        return sorted(token for token in self._rules.get_vocab() if not token.startswith("##"))

    def __call__(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokens of each text; several cores share the work."""
        return [Tokens(found.ids, found.offsets) for found in self._rules.encode_batch(list(texts))]


class Transformer:
    """An encoder's weights, ready to run.

    Args:
        folder: with config.json and model.safetensors as transformers writes them.
        adapter: what training changed in the weights.
        bfloat16: whether to multiply matrices in bfloat16.

    Raises:
        ModelNotFound: the folder holds an architecture that is not known here.
        ModelDamaged: the adapter does not fit the weights.
    """

    def __init__(self, folder: Path, adapter: Adapter | None, *, bfloat16: bool) -> None:
        import torch  # noqa: PLC0415

        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if not is_known(folder):
            raise ModelNotFound(f"{folder} holds no BERT or MPNet encoder")
        self._names = ARCHITECTURES[config["model_type"]]
        self.dimension = int(config["hidden_size"])
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        self._type = torch.bfloat16 if bfloat16 else torch.float32
        file = folder / WEIGHTS_FILE
        weights = _Weights(file, adapter)
        self._words = weights.mapped("embeddings.word_embeddings.weight")
        places = weights["embeddings.position_embeddings.weight"][self._names.first_position :]
        types = weights.get("embeddings.token_type_embeddings.weight")
        self._places = places if types is None else places + types[0]
        self._norm = (weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"])
        self._relative = weights.get("encoder.relative_attention_bias.weight")
        blocks = range(int(config["num_hidden_layers"]))
        # Opened anew for each, so that no more of the file than a block stays in memory beside what is made of it.
        self._blocks = [self._block(_Weights(file, adapter), f"encoder.layer.{n}.") for n in blocks]
        self._largest_bias: torch.Tensor | None = None

    def pooled(self, tokens: Sequence[Tokens], spans: Sequence[Sequence[Span]]) -> "list[NDArray[np.float32]]":
        """For each text the mean of its tokens' last states, and of those within each of its spans.

        Args:
            tokens: of each text.
            spans: characters [start, end) of parts of each text.

        Returns:
            An array for each text, shape (1 + spans, dimension), float32; a span without tokens has zeros.
        """
        import torch  # noqa: PLC0415

        rows = [
            [(0, len(one.ids)), *(one.within(span) for span in parts)] for one, parts in zip(tokens, spans, strict=True)
        ]
        with torch.inference_mode():
            states = self._states([one.ids for one in tokens])
            found = []
            for own, parts in zip(states, rows, strict=True):
                sums = torch.nn.functional.pad(own.cumsum(0), (0, 0, 1, 0))
                starts, ends = ([part[side] for part in parts] for side in (0, 1))
                counts = torch.tensor([[max(1, end - start)] for start, end in parts])
                found.append(((sums[ends] - sums[starts]) / counts).numpy())
        return found

    def _states(self, ids: Sequence[Sequence[int]]) -> "tuple[torch.Tensor, ...]":
        """The last states of each text, shape (tokens, dimension), float32; behind those of an odd number a row more.

        The texts stand one behind the other, each on an even number of rows: attention over an odd number of tokens
        takes much longer in bfloat16. Only attention must know where a text ends: texts of one length that follow
        each other are looked at together, so sorted texts take few steps.
        """
        import torch  # noqa: PLC0415
        from torch.nn.functional import layer_norm, scaled_dot_product_attention  # noqa: PLC0415

        lengths = [len(row) for row in ids]
        padded = [[*row, *[0] * (_width(len(row)) - len(row))] for row in ids]
        widths = [len(row) for row in padded]
        taken = sum(widths)
        filled = self._filled_up(taken)
        words = torch.zeros(filled, dtype=torch.long)
        words[:taken] = torch.tensor([token for row in padded for token in row])
        places = torch.zeros(filled, dtype=torch.long)
        places[:taken] = torch.cat([torch.arange(width) for width in widths])
        runs = _runs(lengths)
        # The longest first, so that the others are parts of it.
        masks = {length: self._mask(length) for length in sorted(set(lengths), reverse=True)}
        size = (self.dimension,)
        states = layer_norm(self._words[words] + self._places[places], size, *self._norm, self._epsilon)
        seen = torch.zeros(states.shape, dtype=self._type)
        for block in self._blocks:
            mixed = block.mixing(states.to(self._type))
            for start, end, length in runs:
                shape = (-1, _width(length), self._heads, self.dimension // self._heads)
                query, key, value = (
                    own.view(shape).transpose(1, 2) for own in mixed[start:end].view(-1, 3, self.dimension).unbind(1)
                )
                attended = scaled_dot_product_attention(query, key, value, attn_mask=masks[length])
                seen[start:end].view(shape).copy_(attended.transpose(1, 2))
            states = layer_norm(states + block.attended(seen), size, *block.attended_norm, self._epsilon)
            inner = block.widening(states.to(self._type))
            states = layer_norm(states + block.narrowing(inner), size, *block.norm, self._epsilon)
        texts: tuple[torch.Tensor, ...] = torch.split(states[:taken], widths)
        return texts

    def _filled_up(self, tokens: int) -> int:
        import torch  # noqa: PLC0415

        if self._type != torch.bfloat16:
            return tokens
        step = next((step for most, step in ROWS if tokens <= most), ROWS[-1][1])
        return -(-tokens // step) * step

    def _mask(self, length: int) -> "torch.Tensor | None":
        """What is added to the attention that a token of a text pays another: nothing, or what hides the even row.

        Shape (1, heads or 1, width, width) for the even width at ``length``, or none.
        """
        import torch  # noqa: PLC0415

        width = _width(length)
        bias = self._bias(width)
        if width == length:
            return bias
        mask = torch.zeros((1, 1, width, width), dtype=self._type) if bias is None else bias.clone()
        mask[..., -1] = float("-inf")
        return mask

    def _bias(self, length: int) -> "torch.Tensor | None":
        """What is added to attention by the distance of two tokens.

        Shape (1, heads, length, length), or none. A part of the largest that was asked for, which is kept.
        """
        if self._relative is None:
            return None
        largest = self._largest_bias  # which another thread may replace meanwhile
        if largest is None or largest.shape[-1] < length:
            buckets = _distance_buckets(length, len(self._relative))
            largest = self._relative[buckets].permute(2, 0, 1)[None].to(self._type).contiguous()
            self._largest_bias = largest
        return largest[..., :length, :length]

    def _block(self, weights: "_Weights", prefix: str) -> "_Block":
        import torch  # noqa: PLC0415

        def pair(name: str) -> "tuple[torch.Tensor, torch.Tensor]":
            return weights[f"{prefix}{name}.weight"], weights[f"{prefix}{name}.bias"]

        def linear(name: str) -> _Linear:
            weight, bias = pair(name)
            return _Linear(weight.t().to(self._type).contiguous(), bias.to(self._type))

        three = [linear(name) for name in (self._names.query, self._names.key, self._names.value)]
        widening = linear("intermediate.dense")
        return _Block(
            mixing=_Linear(torch.cat([one.weight for one in three], dim=1), torch.cat([one.bias for one in three])),
            attended=linear(self._names.attended),
            attended_norm=pair(self._names.attended_norm),
            widening=_FusedGelu.of(widening) if _can_fuse(self._type) else _Gelu(widening),
            narrowing=linear("output.dense"),
            norm=pair("output.LayerNorm"),
        )


class _Weights:
    """The tensors in an encoder's file, with the adapter's change, in memory of their own.

    Raises:
        ModelDamaged: the adapter does not fit them.
    """

    def __init__(self, file: Path, adapter: Adapter | None) -> None:
        from safetensors import safe_open  # noqa: PLC0415

        stored: Any = safe_open(file, "pt")
        self._stored = stored
        self._names = frozenset(stored.keys())
        self._adapter = adapter
        self._changed = {}
        if adapter is not None:
            self._changed = {f"{layer}.weight": layer for layer in adapter.down}
            for name, layer in self._changed.items():
                check_fit(adapter, layer, self._shape(name))

    def __getitem__(self, name: str) -> "torch.Tensor":
        return self.mapped(name).clone()

    def get(self, name: str) -> "torch.Tensor | None":
        """The tensor, or none where the encoder has none of this name."""
        return self[name] if name in self._names else None

    def mapped(self, name: str) -> "torch.Tensor":
        """The tensor where it lies in the file, unless an adapter changes it; of it only what is looked at is read."""
        import torch  # noqa: PLC0415

        tensor: torch.Tensor = self._stored.get_tensor(name)
        if self._adapter is None or name not in self._changed:
            return tensor
        return tensor + torch.from_numpy(self._adapter.change(self._changed[name]))

    def _shape(self, name: str) -> Sequence[int] | None:
        return self._stored.get_slice(name).get_shape() if name in self._names else None


@dataclass(frozen=True, slots=True)
class _Linear:
    """A linear layer on rows: weights of shape (inputs, outputs), which are faster so than turned.

    The bias is added behind, since a product that begins with it takes longer.
    """

    weight: "torch.Tensor"
    bias: "torch.Tensor"

    def __call__(self, rows: "torch.Tensor") -> "torch.Tensor":
        return (rows @ self.weight).add_(self.bias)


@dataclass(frozen=True, slots=True)
class _Gelu:
    """A linear layer and the activation behind it."""

    linear: _Linear

    def __call__(self, rows: "torch.Tensor") -> "torch.Tensor":
        from torch.nn.functional import gelu  # noqa: PLC0415

        return gelu(self.linear(rows))


@dataclass(frozen=True, slots=True)
class _FusedGelu:
    """The same in one pass over the memory, with the weight in oneDNN's own order."""

    weight: "torch.Tensor"
    bias: "torch.Tensor"

    @classmethod
    def of(cls, linear: _Linear) -> "_FusedGelu":
        import torch  # noqa: PLC0415

        return cls(torch.ops.mkldnn._reorder_linear_weight(linear.weight.t()), linear.bias)

    def __call__(self, rows: "torch.Tensor") -> "torch.Tensor":
        import torch  # noqa: PLC0415

        fused: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, self.weight, self.bias, "gelu", [], "none")
        return fused


def _can_fuse(kind: "torch.dtype") -> bool:
    """Whether this torch has the operators, which its compiler uses too, and they are faster: not so in float32."""
    import torch  # noqa: PLC0415

    return (
        kind == torch.bfloat16
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    )


@dataclass(frozen=True, slots=True)
class _Block:
    """The layers of one block in the order of their use; query, key and value are one layer."""

    mixing: _Linear
    attended: _Linear
    attended_norm: "tuple[torch.Tensor, torch.Tensor]"
    widening: "_Gelu | _FusedGelu"
    narrowing: _Linear
    norm: "tuple[torch.Tensor, torch.Tensor]"


def _width(length: int) -> int:
    """Rows that a text of so many tokens stands on."""
    return length + length % 2


def _runs(lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    """(first row, one behind the last, length) of each run of texts of one length, each on an even number of rows."""
    runs, start = [], 0
    for length, alike in groupby(lengths):
        end = start + _width(length) * len(list(alike))
        runs.append((start, end, length))
        start = end
    return runs


def is_known(folder: Path) -> bool:
    """Whether the folder holds an encoder that can be run here: a known architecture whose tokens are averaged."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (
        config.get("model_type") in ARCHITECTURES
        and config.get("hidden_act") == "gelu"
        and bool(pooling.get("pooling_mode_mean_tokens"))
        and (folder / WEIGHTS_FILE).is_file()
        and (folder / "tokenizer.json").is_file()
    )


def _distance_buckets(longest: int, buckets: int) -> "torch.Tensor":
    """Shape (longest, longest): bucket of two tokens' distance, one for each near one, then logarithmic (T5)."""
    import torch  # noqa: PLC0415

    places = torch.arange(longest)
    distance = places[:, None] - places[None, :]
    half = buckets // 2
    far = distance.abs()
    near = half // 2
    steps = torch.log(far.clamp(min=1) / near) / log(FARTHEST / near) * (half - near)
    logarithmic = (near + steps.to(torch.long)).clamp(max=half - 1)
    return torch.where(far < near, far, logarithmic) + half * (distance < 0)
