"""The SimHashes of products that a load met lately, so that they are not fetched with every batch.

A dump is seldom sorted by product: each batch meets most products of a large store again, and
fetching all their hashes would make a load's time grow with the square of the store. What other
processes write meanwhile is not seen until a product is fetched again; near duplicates are only
counted, so a count may miss some of those, and nothing else rests on it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping

from indexing.engines.near_duplicates import SimhashGroup

Fetch = Callable[[list[str]], Iterable[tuple[str, int]]]
"""The products' hashes, in any order."""


class NearCache:
    """Groups by product; those it gives are the ones it keeps, and grow with what is accepted."""

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
        self._kept: OrderedDict[str, tuple[float, SimhashGroup]] = OrderedDict()

    def groups(self, products: Collection[str]) -> dict[str, SimhashGroup]:
        """Those of the products, of one without hashes an empty one."""
        now = self._clock()
        missing = sorted(name for name in products if not self._is_fresh(name, now))
        if missing:
            self._kept.update((name, (now, group)) for name, group in self._fetched(missing))
        found = {}
        for name in products:
            self._kept.move_to_end(name)
            found[name] = self._kept[name][1]
        self._shrink(len(found))
        return found

    def clear(self) -> None:
        """Forget everything: what was accepted may not have been stored."""
        self._kept.clear()

    def _is_fresh(self, name: str, now: float) -> bool:
        return name in self._kept and now - self._kept[name][0] <= self._seconds

    def _fetched(self, products: list[str]) -> Iterable[tuple[str, SimhashGroup]]:
        hashes: Mapping[str, list[int]] = {name: [] for name in products}
        for name, value in self._fetch(products):
            hashes[name].append(value)
        return ((name, SimhashGroup(values)) for name, values in hashes.items())

    def _shrink(self, needed: int) -> None:
        size = sum(len(group) for _, group in self._kept.values())
        while size > self._most and len(self._kept) > needed:
            _, (_, group) = self._kept.popitem(last=False)
            size -= len(group)
