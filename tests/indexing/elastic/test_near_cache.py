"""What a load remembers of products: asked for once, forgotten by age and by size."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from indexing.engines.elastic.near_cache import NearCache


class Store:
    """Hashes by product, and which products were asked for."""

    def __init__(self, hashes: dict[str, list[int]]) -> None:
        self.hashes = hashes
        self.asked: list[list[str]] = []

    def fetch(self, products: list[str]) -> Iterator[tuple[str, int]]:
        self.asked.append(products)
        return ((name, value) for name in products for value in self.hashes.get(name, ()))


def test_a_product_is_asked_for_once_and_keeps_what_was_added() -> None:
    store = Store({"lamp": [0]})
    cache = NearCache(store.fetch)
    first = cache.groups({"lamp", "desk"})
    assert first["lamp"].has_near(1)
    assert not first["desk"].has_near(1)
    first["desk"].add(-1)
    again = cache.groups({"desk"})
    assert again["desk"].has_near(-2), "what a batch added is there for the next"
    assert store.asked == [["desk", "lamp"]]
    cache.clear()
    assert not cache.groups({"desk"})["desk"].has_near(-2)


def test_an_old_group_is_asked_for_again() -> None:
    now = 0.0
    store = Store({"lamp": []})
    cache = NearCache(store.fetch, seconds=10, clock=lambda: now)
    cache.groups({"lamp"})
    store.hashes["lamp"] = [7]
    assert not cache.groups({"lamp"})["lamp"].has_near(7)
    now = 10.5
    assert cache.groups({"lamp"})["lamp"].has_near(7)


@given(st.lists(st.sets(st.integers(0, 9), min_size=1, max_size=4)), st.integers(0, 30))
def test_what_is_kept_is_bounded_and_right(batches: list[set[int]], most: int) -> None:
    store = Store({str(n): list(range(0, n * 1000, 1000)) for n in range(10)})
    cache = NearCache(store.fetch, most=most)
    for batch in batches:
        names = {str(n) for n in batch}
        found = cache.groups(names)
        assert {name: len(group) for name, group in found.items()} == {n: int(n) for n in names}
        before = len(store.asked)
        cache.groups(names)
        assert len(store.asked) == before, "those just given are kept whatever their size"
    kept = [len(group) for _, group in cache._kept.values()]
    last = {str(n) for n in batches[-1]} if batches else set()
    assert sum(kept) <= max(most, sum(int(n) for n in last))
