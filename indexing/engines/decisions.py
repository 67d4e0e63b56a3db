"""What each review of a batch is to a store: new, unchanged, a replacement or a duplicate."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from indexing.engines.near_duplicates import SimhashGroup, simhash
from indexing.engines.prepared import Prepared, passage_id
from indexing.splitter import SplitterSettings, split


class Known(NamedTuple):
    """What decides about a review that is stored."""

    content: bytes
    text: bytes | None
    product_id: str
    simhash: int | None


class Decisions:
    """Takes reviews one after the other, as if each were stored before the next one comes.

    ``known`` are stored reviews by id, ``texts`` counts the stored reviews of each text hash,
    ``near`` holds the hashes of each product; all three follow what is taken.
    """

    def __init__(
        self,
        known: dict[str, Known],
        texts: Counter[bytes],
        near: dict[str, SimhashGroup],
        splitter: SplitterSettings,
        *,
        keep_duplicates: bool = False,
    ) -> None:
        self._known = known
        self._texts = texts
        self._near = near
        self._splitter = splitter
        self._keep_duplicates = keep_duplicates
        self.tally: Counter[str] = Counter()
        """Counts by the names of :class:`indexing.engines.base.WriteReport`."""

    def take(self, item: Prepared) -> bool:
        """Whether the review is to be written; it is cut into passages then."""
        known = self._known.get(item.review.id)
        if known and known.content == item.content:
            self.tally["unchanged"] += 1
            return False
        if not known and not self._keep_duplicates and self._repeats(item):
            self.tally["duplicate"] += 1
            return False
        if known:
            self._forget(known)
        self.tally["replaced" if known else "stored"] += 1
        self._accept(item)
        return True

    def _repeats(self, item: Prepared) -> bool:
        return item.text_hash is not None and self._texts[item.text_hash] > 0

    def _accept(self, item: Prepared) -> None:
        review = item.review
        if item.text_hash:
            self._texts[item.text_hash] += 1
            item.simhash = simhash(review.text)
        if item.simhash is not None:
            group = self._near.setdefault(review.product_id, SimhashGroup())
            self.tally["near_duplicate"] += group.has_near(item.simhash)
            group.add(item.simhash)
        if item.spans is None:
            item.spans = split(review.text, self._splitter)
            item.passage_ids = [passage_id(review.id, n) for n in range(len(item.spans))]
        self._known[review.id] = Known(
            item.content, item.text_hash, review.product_id, item.simhash
        )

    def _forget(self, known: Known) -> None:
        if known.text:
            self._texts[known.text] -= 1
        if known.simhash is not None and known.product_id in self._near:
            self._near[known.product_id].remove(known.simhash)
