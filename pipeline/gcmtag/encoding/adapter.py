"""A low-rank adapter: the few numbers by which training changed an encoder's weights (Hu et al. 2021, LoRA)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gcmtag.errors import ModelDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Adapter:
    """For each changed linear layer, by its name inside the transformer, the matrices of its change.

    ``down`` has shape (rank, inputs), ``up`` (outputs, rank); a layer's weights grow by ``scale`` x up @ down.
    """

    down: Mapping[str, "NDArray[np.float16]"]
    up: Mapping[str, "NDArray[np.float16]"]
    scale: float

    def __post_init__(self) -> None:
        if self.down.keys() != self.up.keys():
            raise ValueError("the two halves of the adapter name different layers")


def merge_adapter(model: Any, adapter: Adapter) -> None:  # noqa: ANN401
    """Adds the adapter's change to the weights of a sentence-transformers model, in place.

    Raises:
        ModelDamaged: a layer that the adapter changes does not exist or has another shape.
    """
    import torch  # noqa: PLC0415

    layers = dict(model[0].auto_model.named_modules())
    with torch.no_grad():
        for name, down in adapter.down.items():
            change = adapter.scale * (adapter.up[name].astype(np.float32) @ down.astype(np.float32))
            weight = getattr(layers.get(name), "weight", None)
            if weight is None or tuple(weight.shape) != change.shape:
                raise ModelDamaged(f"the adapter does not fit the encoder at layer {name}: fetch the model again")
            weight.add_(torch.from_numpy(change))
