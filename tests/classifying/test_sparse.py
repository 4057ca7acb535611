"""Sparse rows give what scipy gives, whether few or many."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, hstack

from gcmtag.classifying.sparse import FEW, SideBySide, SparseRows

WIDTH = 9


def drawn(height: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of occurrences, some of them more than once; the last row has none."""
    draw = np.random.default_rng(height)
    times = 3 * max(height - 1, 0)
    return draw.integers(0, max(height - 1, 1), times), draw.integers(0, WIDTH, times)


def theirs(height: int) -> csr_matrix:
    rows, columns = drawn(height)
    return csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(height, WIDTH))


def ours(height: int) -> SparseRows:
    return SparseRows.counted(*drawn(height), (height, WIDTH))


@pytest.mark.parametrize("height", [0, 1, 2, FEW, FEW + 1])
def test_occurrences_are_counted_as_scipy_counts_them(height: int) -> None:
    assert ours(height).shape == (height, WIDTH)
    np.testing.assert_array_equal(ours(height).as_scipy().toarray(), theirs(height).toarray())


@pytest.mark.parametrize("height", [0, 1, 2, FEW, FEW + 1])
def test_products_are_those_of_scipy(height: int) -> None:
    """Few rows are multiplied without scipy, many with it."""
    dense = np.random.default_rng(1).random((WIDTH, 4), dtype=np.float32)
    product = ours(height) @ dense
    assert product.dtype == np.float32
    assert product.shape == (height, 4)
    np.testing.assert_allclose(product, theirs(height) @ dense, rtol=1e-6)


@pytest.mark.parametrize("height", [0, 2, FEW + 1])
def test_blocks_side_by_side_are_one_matrix(height: int) -> None:
    draw = np.random.default_rng(2)
    declared = draw.random((height, 3), dtype=np.float32)
    dense = draw.random((2 * WIDTH + 3, 4), dtype=np.float32)
    blocks = SideBySide([ours(height), ours(height), declared])
    whole = hstack([theirs(height), theirs(height), csr_matrix(declared)])
    np.testing.assert_array_equal(blocks.as_scipy().toarray(), whole.toarray())
    np.testing.assert_allclose(blocks @ dense, whole @ dense, rtol=1e-5)


def test_a_matrix_without_columns_has_a_product_of_zeros() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    rows = SparseRows.counted(nothing, nothing, (2, 0))
    assert (rows @ np.ones((0, 4), dtype=np.float32)).tolist() == [[0.0] * 4] * 2


def test_a_factor_multiplies_every_number() -> None:
    np.testing.assert_allclose(ours(2).times(0.3).as_scipy().toarray(), 0.3 * theirs(2).toarray(), rtol=1e-6)
