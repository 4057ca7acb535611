"""A low-rank adapter: the few numbers by which training changed an encoder's weights (Hu et al. 2021, LoRA).

On disk each row of a matrix is whole numbers from -127 to 127 times one scale, which halves its size
against float16. Training rounds its adapter the same way at once, so that what is calibrated is what is shipped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gcmtag.errors import ModelDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Adapter:
    """For each changed linear layer, by its name inside the transformer, the matrices of its change.

    ``down`` has shape (rank, inputs), ``up`` (outputs, rank); a layer's weights grow by ``scale`` x up @ down.
    """

    down: Mapping[str, "NDArray[np.float32]"]
    up: Mapping[str, "NDArray[np.float32]"]
    scale: float

    def __post_init__(self) -> None:
        if self.down.keys() != self.up.keys():
            raise ValueError("the two halves of the adapter name different layers")

    def change(self, layer: str) -> "NDArray[np.float32]":
        """What is added to a layer's weights, shape (outputs, inputs), float32."""
        return self.scale * (self.up[layer] @ self.down[layer])

    def fingerprint(self) -> bytes:
        """A hash of everything in it, 16 bytes."""
        digest = blake2b(str(self.scale).encode(), digest_size=16)
        for half in (self.down, self.up):
            for layer in sorted(half):
                digest.update(f"{layer} {half[layer].shape}".encode())
                digest.update(np.ascontiguousarray(half[layer], dtype="<f4").tobytes())
        return digest.digest()

    def rounded(self) -> "Adapter":
        """The same as it will be after writing and reading."""
        down, up = (
            {layer: restored(*compressed(matrix)) for layer, matrix in half.items()} for half in (self.down, self.up)
        )
        return Adapter(down, up, self.scale)


LARGEST: Final = 127


def compressed(matrix: "NDArray[np.floating]") -> tuple["NDArray[np.int8]", "NDArray[np.float32]"]:
    """Whole numbers of the matrix's shape, int8, and a scale for each row, float32.

    >>> compressed(np.array([[0.5, -1.0], [0.0, 0.0]]))[0].tolist()
    [[64, -127], [0, 0]]
    """
    scales = (np.abs(matrix).max(axis=1) / LARGEST).astype(np.float32)
    divisors = np.where(scales > 0, scales, 1)[:, np.newaxis]
    return np.rint(matrix / divisors).astype(np.int8), scales


def restored(numbers: "NDArray[np.int8]", scales: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """The matrix that ``compressed`` stood for, float32."""
    return numbers.astype(np.float32) * scales[:, np.newaxis]


def merge_adapter(weights: Mapping[str, Any], adapter: Adapter) -> None:
    """Adds the adapter's change to an encoder's weights, in place.

    Args:
        weights: the transformer's tensors by their names.
        adapter: its layers are named without the ending ``.weight``.

    Raises:
        ModelDamaged: a layer that the adapter changes does not exist or has another shape.
    """
    import torch  # noqa: PLC0415

    with torch.no_grad():
        for layer in adapter.down:
            name = f"{layer}.weight"
            check_fit(adapter, layer, weights[name].shape if name in weights else None)
            weights[name].add_(torch.from_numpy(adapter.change(layer)))


def check_fit(adapter: Adapter, layer: str, shape: Sequence[int] | None) -> None:
    """Raises ModelDamaged unless the encoder's layer has the shape of the adapter's change; None where it has none."""
    if shape is None or tuple(shape) != (len(adapter.up[layer]), adapter.down[layer].shape[1]):
        raise ModelDamaged(f"the adapter does not fit the encoder at layer {layer}: fetch the model again")
