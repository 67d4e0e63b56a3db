"""Reviews that are the same for the same numbers, and what searches say of them."""

from __future__ import annotations

from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.records import Hit, Review

WORDS = ("battery", "screen", "cable", "great")


def fill(engine: EmbeddedEngine, start: int = 0, size: int = 40) -> None:
    engine.write(
        [
            Review(id=f"r{n:03d}", product_id=f"p{n % 3}", text=f"{WORDS[n % 4]} {n} works.")
            for n in range(start, start + size)
        ]
    )


def answers(engine: EmbeddedEngine) -> list[list[Hit]]:
    return [engine.search_bm25(word, k=9, product_id=p) for word in WORDS for p in (None, "p1")]
