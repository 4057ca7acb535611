"""Matrices whose rows hold few numbers, as far as tagging needs them.

Importing scipy.sparse loads all of NumPy and takes a third of the time in which one passage can be explained from a
cold start. So it is imported only where many rows are multiplied, which it does faster, and where scikit-learn learns.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW: Final = 256  # rows; to multiply so many one by one takes a few milliseconds


@dataclass(frozen=True, slots=True)
class SparseRows:
    """A matrix in compressed rows.

    Attributes:
        starts: shape (n + 1), int64: where the numbers of each row begin, and where the last row's end.
        columns: of each number, int64.
        values: the numbers, float32.
        width: how many columns the matrix has.
    """

    starts: "NDArray[np.int64]"
    columns: "NDArray[np.int64]"
    values: "NDArray[np.float32]"
    width: int

    @classmethod
    def counted(cls, rows: "NDArray[np.int64]", columns: "NDArray[np.int64]", shape: tuple[int, int]) -> "SparseRows":
        """How often each pair of a row and a column occurs.

        Args:
            rows: of each occurrence.
            columns: likewise.
            shape: (n, width).
        """
        height, width = shape
        places, times = np.unique(rows * width + columns, return_counts=True)
        owners, held = np.divmod(places, max(width, 1))
        starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=height))]).astype(np.int64)
        return cls(starts, held, times.astype(np.float32), width)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, width)."""
        return len(self.starts) - 1, self.width

    def owners(self) -> "NDArray[np.int64]":
        """The row of each number."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def times(self, factor: float) -> "SparseRows":
        """Every number multiplied by one factor."""
        return replace(self, values=self.values * np.float32(factor))

    def __matmul__(self, dense: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """Shape (n, labels), float32, for a dense matrix of shape (width, labels)."""
        height, _ = self.shape
        if height > FEW:
            return np.asarray(self.as_scipy() @ dense)
        product = np.zeros((height, dense.shape[1]), dtype=np.float32)
        for row, start, end in zip(product, self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True):
            row[:] = self.values[start:end] @ dense[self.columns[start:end]]
        return product

    def as_scipy(self) -> Any:  # noqa: ANN401
        """The same as a scipy.sparse.csr_matrix."""
        from scipy.sparse import csr_matrix  # noqa: PLC0415

        return csr_matrix((self.values, self.columns, self.starts), shape=self.shape)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A matrix made of blocks with the same rows, each with columns of its own."""

    blocks: "Sequence[SparseRows | NDArray[np.float32]]"

    def __matmul__(self, dense: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """Shape (n, labels), float32, for a dense matrix with a row for each column of the blocks."""
        ends = np.cumsum([block.shape[1] for block in self.blocks])
        parts = zip(self.blocks, np.split(dense, ends[:-1]), strict=True)
        return np.asarray(sum(block @ own for block, own in parts))

    def as_scipy(self) -> Any:  # noqa: ANN401
        """The same as one scipy.sparse.csr_matrix."""
        from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415

        blocks = [b.as_scipy() if isinstance(b, SparseRows) else csr_matrix(b) for b in self.blocks]
        return hstack(blocks).tocsr()
