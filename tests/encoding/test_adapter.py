"""An adapter changes a layer's weights by scale x up @ down, and fits only the encoder that it was made for."""

import numpy as np
import pytest
import torch

from gcmtag.encoding import Adapter, load_encoder
from gcmtag.encoding.adapter import compressed, merge_adapter, restored
from gcmtag.errors import ModelDamaged

LAYER = "encoder.layer.0.attention.self.query"
TEXT = "Seasonal workers may change employers."


def adapter(rank: int = 2, size: int = 384, layer: str = LAYER, scale: float = 2.0) -> Adapter:
    draw = np.random.default_rng(3)
    down = draw.normal(0, 0.1, (rank, size)).astype(np.float32)
    up = draw.normal(0, 0.1, (384, rank)).astype(np.float32)
    return Adapter({layer: down}, {layer: up}, scale)


def test_a_layer_grows_by_scale_times_up_times_down() -> None:
    change = adapter()
    weights = {f"{LAYER}.weight": torch.ones(384, 384), "other.weight": torch.ones(2)}
    merge_adapter(weights, change)
    expected = 1 + 2.0 * change.up[LAYER] @ change.down[LAYER]
    np.testing.assert_allclose(weights[f"{LAYER}.weight"].numpy(), expected, rtol=1e-5)
    assert (weights["other.weight"] == 1).all()


def test_an_adapter_changes_the_vectors() -> None:
    bare = load_encoder("all-MiniLM-L6-v2").encode([TEXT])
    adapted = load_encoder("all-MiniLM-L6-v2", adapter=adapter()).encode([TEXT])
    assert np.abs(bare - adapted).max() > 0.001


def test_an_adapter_may_change_the_words_too() -> None:
    words = "embeddings.word_embeddings"
    rows = len(load_encoder("all-MiniLM-L6-v2")._load()._transformer._words)
    draw = np.random.default_rng(3)
    change = Adapter(
        {words: draw.normal(0, 0.1, (2, 384)).astype(np.float32)},
        {words: draw.normal(0, 0.1, (rows, 2)).astype(np.float32)},
        2.0,
    )
    bare = load_encoder("all-MiniLM-L6-v2").encode([TEXT])
    assert np.abs(bare - load_encoder("all-MiniLM-L6-v2", adapter=change).encode([TEXT])).max() > 0.001


@pytest.mark.parametrize("wrong", [{"size": 380}, {"layer": "encoder.layer.99.output.dense"}, {"layer": "pooler"}])
def test_an_adapter_of_another_encoder_is_refused_by_the_layer_that_does_not_fit(wrong: dict) -> None:
    change = adapter(**wrong)
    with pytest.raises(ModelDamaged, match=next(iter(change.down))):
        load_encoder("all-MiniLM-L6-v2", adapter=change).encode([TEXT])


def test_both_halves_must_name_the_same_layers() -> None:
    half = {LAYER: np.zeros((2, 384), dtype=np.float16)}
    with pytest.raises(ValueError, match="different layers"):
        Adapter(half, {}, 1.0)


def test_rounding_moves_no_number_by_more_than_half_a_step_of_its_row() -> None:
    whole = adapter()
    rounded = whole.rounded()
    for before, after in ((whole.down[LAYER], rounded.down[LAYER]), (whole.up[LAYER], rounded.up[LAYER])):
        steps = np.abs(before).max(axis=1, keepdims=True) / 127
        assert (np.abs(before - after) <= 0.5001 * steps).all()
        assert (before != after).any()


def test_what_is_rounded_stays_as_it_is_when_rounded_again() -> None:
    """Else a model that is loaded and saved would drift."""
    once = adapter().rounded()
    np.testing.assert_allclose(once.rounded().up[LAYER], once.up[LAYER], rtol=1e-6)


def test_a_row_of_zeros_stays_zero() -> None:
    assert (restored(*compressed(np.zeros((2, 3)))) == 0).all()
