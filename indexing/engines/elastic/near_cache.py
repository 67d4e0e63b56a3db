"""The SimHashes of products that a load met lately, so that they are not fetched with every batch.

A dump is seldom sorted by product: each batch meets most products of a large store again, and
fetching all their hashes would make a load's time grow with the square of the store. What other
processes write meanwhile is not seen until a product is fetched again; near duplicates are only
counted, so a count may miss some of those, and nothing else rests on it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from indexing.engines.near_duplicates import SimhashGroup

Fetch = Callable[[list[str]], Iterable[tuple[str, int]]]
"""The products' hashes, in any order."""


@dataclass(frozen=True, slots=True)
class Lent:
    """A product's hashes, and when they were fetched."""

    fetched: float
    group: SimhashGroup


class NearCache:
    """Lends groups to one batch at a time. Safe for threads.

    A batch takes its products' groups, adds what it accepts, and gives them back once that is
    stored. Those of a batch that fails, or that another holds, are fetched.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        most: int = 2_000_000,
        seconds: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            fetch: asks the store.
            most: hashes that are kept, of 8 bytes each; products met longest ago go first.
            seconds: a group is fetched again when it is older.
        """
        self._fetch, self._most, self._seconds, self._clock = fetch, most, seconds, clock
        self._kept: OrderedDict[str, Lent] = OrderedDict()
        self._mutex = threading.Lock()

    def take(self, products: Collection[str]) -> dict[str, Lent]:
        """Those of the products, of one without hashes an empty one."""
        now = self._clock()
        with self._mutex:
            kept = {name: self._kept.pop(name) for name in products if name in self._kept}
        fresh = {name: one for name, one in kept.items() if now - one.fetched <= self._seconds}
        missing = sorted(name for name in products if name not in fresh)
        return fresh | (self._fetched(missing, now) if missing else {})

    def give_back(self, lent: Mapping[str, Lent]) -> None:
        """What was taken, with what was stored since."""
        with self._mutex:
            self._kept.update(lent)
            size = sum(len(one.group) for one in self._kept.values())
            while size > self._most:
                _, one = self._kept.popitem(last=False)
                size -= len(one.group)

    def clear(self) -> None:
        """Forget everything: something was removed."""
        with self._mutex:
            self._kept.clear()

    def _fetched(self, products: list[str], now: float) -> dict[str, Lent]:
        hashes: dict[str, list[int]] = {name: [] for name in products}
        for name, value in self._fetch(products):
            hashes[name].append(value)
        return {name: Lent(now, SimhashGroup(values)) for name, values in hashes.items()}
