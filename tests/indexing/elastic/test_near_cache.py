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
    first = cache.take({"lamp", "desk"})
    assert first["lamp"].group.has_near(1)
    assert not first["desk"].group.has_near(1)
    first["desk"].group.add(-1)
    cache.give_back(first)
    assert cache.take({"desk"})["desk"].group.has_near(-2), "what a batch added is there"
    assert store.asked == [["desk", "lamp"]]


def test_what_a_batch_has_or_lost_is_asked_for_again() -> None:
    store = Store({"lamp": []})
    cache = NearCache(store.fetch)
    cache.give_back(cache.take({"lamp"}))
    held = cache.take({"lamp"})
    held["lamp"].group.add(7)
    assert not cache.take({"lamp"})["lamp"].group.has_near(7), "not stored yet"
    cache.give_back(held)
    cache.clear()
    assert not cache.take({"lamp"})["lamp"].group.has_near(7)


def test_an_old_group_is_asked_for_again() -> None:
    times = iter((0.0, 10.0, 10.5))
    store = Store({"lamp": []})
    cache = NearCache(store.fetch, seconds=10, clock=lambda: next(times))
    for there in (False, False, True):
        lent = cache.take({"lamp"})
        assert lent["lamp"].group.has_near(7) == there
        cache.give_back(lent)
        store.hashes["lamp"] = [7]


@given(st.lists(st.sets(st.integers(0, 9), min_size=1, max_size=4)), st.integers(0, 30))
def test_what_is_kept_is_bounded_and_right(batches: list[set[int]], most: int) -> None:
    store = Store({str(n): list(range(0, n * 1000, 1000)) for n in range(10)})
    cache = NearCache(store.fetch, most=most)
    for batch in batches:
        found = cache.take({str(n) for n in batch})
        assert {int(name): len(one.group) for name, one in found.items()} == {n: n for n in batch}
        cache.give_back(found)
        before = len(store.asked)
        if sum(batch) <= most:
            cache.give_back(cache.take(found))
            assert len(store.asked) == before, "those just given back are kept if they may be"
    everything = [int(name) for name in cache.take([str(n) for n in range(10)])]
    asked = {int(name) for name in (store.asked[-1] if store.asked else [])}
    assert sum(set(everything) - asked) <= most
