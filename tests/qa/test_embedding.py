"""The embedding pass: complete, resumable, refuses to mix encoders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import StoreBusy, VectorMismatch
from indexing.records import Review
from qa import embedding
from qa.embedding import embed, encoder_name, open_for
from qa.encoders.fake import FakeEncoder
from qa.encoders.protocol import Vectors
from qa.errors import ModelError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(tmp_path / "store", create=True)) as opened:
        opened.write([Review(f"r{n}", "p", f"Strap {n} " * (n + 1)) for n in range(30)])
        yield opened


class Stopping(FakeEncoder):
    """Stops after some batches, as a kill would."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._left = batches

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        return super().encode_passages(texts)


def test_every_passage_has_its_vector_afterwards(store: EmbeddedEngine) -> None:
    told: list[tuple[int, int]] = []
    report = embed(store, FakeEncoder(), "fake", lambda *now: told.append(now))
    assert (report.embedded, report.encoder) == (30, "fake")
    assert told[-1] == (30, 30)
    assert store.count_without_vectors() == 0
    (query,) = FakeEncoder().encode_queries(["strap 7"])
    texts = [passage.text for passage in store.passages("p")]
    wanted = FakeEncoder().encode_passages(texts) @ query
    hits = store.search_vectors(query, k=30, product_id="p")
    assert sorted((h.score for h in hits), reverse=True) == [h.score for h in hits]
    assert sorted(h.score for h in hits) == pytest.approx(sorted(wanted.tolist()), abs=1e-5)


def test_a_stopped_pass_goes_on(store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "BATCH", 7)
    with pytest.raises(KeyboardInterrupt):
        embed(store, Stopping(2), "fake")
    assert store.count_without_vectors() == 30 - 14
    assert embed(store, FakeEncoder(), "fake").embedded == 16
    assert embed(store, FakeEncoder(), "fake").embedded == 0


def test_texts_come_in_batches_of_like_lengths(
    store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "BATCH", 7)
    lengths: list[int] = []

    class Listening(FakeEncoder):
        def encode_passages(self, texts: Sequence[str]) -> Vectors:
            lengths.extend(len(text) for text in texts)
            return super().encode_passages(texts)

    embed(store, Listening(), "fake")
    assert lengths == sorted(lengths)


def test_another_encoder_replaces_only_when_asked(store: EmbeddedEngine) -> None:
    embed(store, FakeEncoder(8), "fake:8")
    store.write([Review("new", "p", "A new one.")])
    with pytest.raises(VectorMismatch, match="fake:8"):
        embed(store, FakeEncoder(9), "fake:9")
    assert embed(store, FakeEncoder(9), "fake:9", anew=True).embedded == 31
    assert len(store.search_vectors(np.ones(9), k=99)) == 31


def test_another_writer_is_told_to_wait(store: EmbeddedEngine) -> None:
    with (
        closing(EmbeddedEngine(store.location)) as other,
        other.exclusive(),
        pytest.raises(StoreBusy),
    ):
        embed(store, FakeEncoder(), "fake")


def test_a_store_knows_its_encoder(store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "ships", lambda: False)
    assert encoder_name(store) is None
    with pytest.raises(ModelError, match="store embed --model"):
        open_for(store)
    embed(store, FakeEncoder(8), "fake:8")
    assert open_for(store).dimension == 8
    store.clear_vectors()
    embed(store, FakeEncoder(9), "fake:8")
    with pytest.raises(ModelError, match="by now"):
        open_for(store)
