"""Notices reviews that repeat most of another review of the same product.

A SimHash of word pairs: 64 bits that differ in few places when the texts share most pairs.
Texts of fewer than :data:`SHORTEST` words have none, they are too alike by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SHORTEST = 8
LARGEST_DISTANCE = 8
"""Of 64 bits: about 7 % of the word pairs may differ; unrelated texts are 32 bits apart."""

_WORDS = re.compile(r"\w+")
_MIX = np.uint64(0x9E3779B97F4A7C15)
_CACHE_LIMIT = 200_000
_word_hashes: dict[str, int] = {}


def simhash(text: str) -> int | None:
    """A signed 64-bit integer (as SQLite stores them), or ``None`` for short texts."""
    words = _WORDS.findall(text.casefold())
    if len(words) < SHORTEST:
        return None
    hashes = np.fromiter(map(_word_hash, words), dtype=np.uint64, count=len(words))
    pairs = (hashes[:-1] * _MIX) ^ hashes[1:]
    pairs = np.unique(pairs * _MIX)
    bits = np.unpackbits(pairs.view(np.uint8).reshape(-1, 8), axis=1)
    majority = bits.sum(axis=0, dtype=np.int64) * 2 > len(pairs)
    return int(np.packbits(majority).view(np.int64)[0])


def _word_hash(word: str) -> int:
    known = _word_hashes.get(word)
    if known is None:
        if len(_word_hashes) >= _CACHE_LIMIT:
            _word_hashes.clear()
        digest = blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
        known = _word_hashes[word] = int.from_bytes(digest, "big")
    return known


class SimhashGroup:
    """The hashes of one product's reviews, grown while a batch is written."""

    def __init__(self, hashes: Iterable[int] = ()) -> None:
        self._hashes = np.array(list(hashes), dtype=np.int64).view(np.uint64)
        self._size = len(self._hashes)

    def __len__(self) -> int:
        return self._size

    def add(self, value: int) -> None:
        if self._size == len(self._hashes):
            grown: NDArray[np.uint64] = np.zeros(max(16, 2 * self._size), dtype=np.uint64)
            grown[: self._size] = self._hashes
            self._hashes = grown
        self._hashes[self._size] = np.int64(value).view(np.uint64)
        self._size += 1

    def remove(self, value: int) -> None:
        live = self._hashes[: self._size]
        found = np.flatnonzero(live == np.int64(value).view(np.uint64))
        if len(found):
            live[found[0]] = live[-1]
            self._size -= 1

    def has_near(self, value: int) -> bool:
        """Whether any hash is within :data:`LARGEST_DISTANCE` bits of ``value``."""
        if not self._size:
            return False
        distances = np.bitwise_count(self._hashes[: self._size] ^ np.int64(value).view(np.uint64))
        return bool(distances.min() <= LARGEST_DISTANCE)
