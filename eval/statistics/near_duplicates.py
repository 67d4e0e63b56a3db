"""Texts that are nearly the same: Jaccard similarity of word shingles.

Candidates come from MinHash with banding (Broder, 1997; Leskovec, Rajaraman and Ullman, *Mining of
Massive Datasets*, ch. 3) and are then compared exactly, so whatever is reported is true. With 32
bands of 4 rows a pair at similarity 0.8 is missed once in five million.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import combinations

import numpy as np
import numpy.typing as npt

SHINGLE = 3  # words
NEAR = 0.8
_BANDS, _ROWS = 32, 4
_MIX = np.uint64(0x9E3779B97F4A7C15)
_PRIME = np.uint64((1 << 31) - 1)
_CROWD = 50
_WORDS = re.compile(r"\w+")

Hashes = npt.NDArray[np.uint64]


def near_pairs(texts: Sequence[str], least: float = NEAR) -> Iterator[tuple[int, int, float]]:
    """Index pairs ``i < j`` of texts whose similarity is at least ``least``, each once, with it.

    Texts without a word are near to none. Where more than :data:`_CROWD` texts share a band, they
    are compared with the first of them only: enough to find the group.
    """
    known: dict[str, int] = {}
    shingles = [_shingles(text, known) for text in texts]
    for i, j in sorted(_candidates(shingles)):
        similarity = _jaccard(shingles[i], shingles[j])
        if similarity >= least:
            yield i, j, similarity


def groups(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """The smallest index that each of ``count`` items is connected to by ``pairs``."""
    home = list(range(count))

    def root(item: int) -> int:
        while home[item] != item:
            home[item] = home[home[item]]
            item = home[item]
        return item

    for first, second in pairs:
        a, b = sorted((root(first), root(second)))
        home[b] = a
    return [root(item) for item in range(count)]


def _shingles(text: str, known: dict[str, int]) -> Hashes:
    """Distinct hashes of a text's shingles; ``known``: hashes of words, which is added to."""
    words = _WORDS.findall(text.casefold())
    if not words:
        return np.empty(0, np.uint64)
    for word in words:
        if word not in known:
            digest = blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
            known[word] = int.from_bytes(digest, "big")
    hashes = np.array([known[word] for word in words], np.uint64)
    size = min(SHINGLE, len(hashes))
    last = len(hashes) - size + 1
    mixed = np.zeros(last, np.uint64)
    for at in range(size):
        mixed = (mixed ^ hashes[at : at + last]) * _MIX
    return np.unique(mixed)


def _candidates(shingles: Sequence[Hashes]) -> set[tuple[int, int]]:
    generator = np.random.default_rng(7)
    factors = generator.integers(1, int(_PRIME), (_BANDS * _ROWS, 2), np.uint64)
    buckets: dict[tuple[int, bytes], list[int]] = {}
    for number, hashes in enumerate(shingles):
        if len(hashes):
            signature = _signature(hashes, factors)
            for band, rows in enumerate(signature.reshape(_BANDS, _ROWS)):
                buckets.setdefault((band, rows.tobytes()), []).append(number)
    found: set[tuple[int, int]] = set()
    for members in buckets.values():
        if len(members) <= _CROWD:
            found.update(combinations(members, 2))
        else:
            found.update((members[0], other) for other in members[1:])
    return found


def _signature(hashes: Hashes, factors: Hashes) -> Hashes:
    """The least value of each of the (a x + b) mod p permutations; shape (bands * rows,)."""
    short = hashes % _PRIME
    least: Hashes = ((factors[:, :1] * short + factors[:, 1:]) % _PRIME).min(axis=1)
    return least


def _jaccard(first: Hashes, second: Hashes) -> float:
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return shared / (len(first) + len(second) - shared) if shared else 0.0
