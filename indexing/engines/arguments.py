"""What engines are asked for, checked before they look into a store."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from indexing.engines.base import VectorSpace
from indexing.errors import IndexingError, VectorMismatch

FLOAT = np.dtype("<f4")
Matrix = npt.NDArray[np.float32]


def require_positive(k: int) -> None:
    """Raises :class:`IndexingError` unless ``k`` is a number of passages one can ask for."""
    if k < 1:
        raise IndexingError(f"k must be 1 or more, got {k}")


def require_boost(boost: float) -> None:
    """Raises :class:`IndexingError` unless phrases can be weighed by it."""
    if not (math.isfinite(boost) and boost >= 0):
        raise IndexingError(f"phrase_boost must be a number of 0 or more, got {boost}")


def refuse_other(known: VectorSpace, encoder: str | None, dimension: int, location: str) -> None:
    """Raises :class:`VectorMismatch` unless vectors of ``encoder`` may be compared with them."""
    if encoder is not None and encoder != known.encoder:
        raise VectorMismatch(
            f"the vectors of {location} are of encoder {known.name or '?'} ({known.encoder}), not "
            f"of {encoder}; use that one, or embed anew with "
            f"`reviewqa store embed --model ENCODER --store {location}`"
        )
    if dimension != known.dimension:
        raise VectorMismatch(
            f"the vectors of {location} have {known.dimension} dimensions, not {dimension}: "
            f"they are of encoder {known.name or known.encoder}"
        )


def checked_rows(rows: Any, number: int, dimension: int) -> Matrix:
    """Float32 (number, dimension); raises :class:`IndexingError` for anything else."""
    matrix = np.ascontiguousarray(rows, FLOAT)
    if matrix.shape != (number, dimension):
        raise IndexingError(
            f"{number} vectors of {dimension} dimensions are needed, got {matrix.shape}"
        )
    if not np.isfinite(matrix).all():
        raise IndexingError("vectors must be finite numbers, there is another value in one")
    return matrix


def encodable(values: Iterable[str]) -> list[str]:
    """Without the strings that hold lone surrogates: nothing by that name can be stored."""
    kept = []
    for value in values:
        try:
            value.encode()
        except UnicodeEncodeError:
            continue
        kept.append(value)
    return kept
