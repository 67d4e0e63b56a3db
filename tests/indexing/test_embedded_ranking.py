"""BM25 of the embedded engine against the formula by brute force, and against bm25s."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import bm25s
import pytest

from indexing.engines.embedded import analyzer
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.records import Review
from tests.conformance import bm25_oracle

WORDS = [f"word{n}" for n in range(60)] + ["running", "ran", "Cafés", "can't", "3.5mm", "é"]
QUERIES = ("word1", "word1 word2 runs", "café cans 3 5mm", "word3 word3 word59", "it is absent")


def corpus(seed: int, size: int, longest: int) -> list[Review]:
    rng = random.Random(seed)
    weights = [1 / (n + 1) for n in range(len(WORDS))]
    return [
        Review(
            id=f"r{n:04d}",
            product_id=f"p{n % 4}",
            text=" ".join(rng.choices(WORDS, weights, k=rng.randint(1, longest))) + f" u{n}",
        )
        for n in range(size)
    ]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(tmp_path / "store", create=True)) as opened:
        yield opened


def passages(engine: EmbeddedEngine) -> dict[str, str]:
    return {p.id: p.text for name in ("p0", "p1", "p2", "p3") for p in engine.passages(name)}


@pytest.mark.parametrize("boost", [0.0, 0.3])
@pytest.mark.parametrize("query", QUERIES)
def test_scores_are_those_of_the_formula(engine: EmbeddedEngine, query: str, boost: float) -> None:
    reviews = corpus(1, 300, 120)
    for start in range(0, 300, 77):  # several segments
        engine.write(reviews[start : start + 77])
        engine.sync()
    engine.delete([f"r{n:04d}" for n in range(0, 300, 9)])
    expected = bm25_oracle.rank(passages(engine), query, analyzer.build().analyze, boost)
    hits = engine.search_bm25(query, k=1000, phrase_boost=boost)
    assert [hit.score for hit in hits] == pytest.approx([score for _, score in expected], abs=2e-3)
    by_id = dict(expected)
    assert {hit.passage.id for hit in hits} == set(by_id)
    for hit in hits:
        assert hit.score == pytest.approx(by_id[hit.passage.id], abs=2e-3)


def test_the_order_is_that_of_bm25s(engine: EmbeddedEngine) -> None:
    """On passages of up to 40 terms, whose lengths are stored exactly."""
    engine.write(corpus(2, 400, 30))
    stored = passages(engine)
    names, analyze = list(stored), analyzer.build().analyze
    reference = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    reference.index([analyze(stored[name]) for name in names], show_progress=False)
    for query in QUERIES[:4]:
        scores = reference.get_scores(list(dict.fromkeys(analyze(query))))
        found = [hit.passage.id for hit in engine.search_bm25(query, k=1000)]
        theirs = {name: float(score) for name, score in zip(names, scores, strict=True)}
        assert set(found) == {name for name, score in theirs.items() if score > 0}
        ordered = [theirs[name] for name in found]
        assert ordered == pytest.approx(sorted(ordered, reverse=True), abs=1e-5)


def test_ties_do_not_depend_on_how_the_index_is_cut(tmp_path: Path) -> None:
    """Equal texts at different places of many segments, several terms, every cut."""
    rng = random.Random(3)
    kinds = [" ".join(rng.choices(WORDS[:12], k=6)) for _ in range(7)]
    reviews = [
        Review(id=f"r{n:04d}", product_id=f"p{n}", text=rng.choice(kinds)) for n in range(400)
    ]
    query = " ".join(WORDS[:12])
    answers = []
    for step in (400, 61, 37):
        with closing(EmbeddedEngine(tmp_path / str(step), create=True)) as engine:
            for start in range(0, 400, step):
                engine.write(reviews[start : start + step])
                engine.sync()
            answers.append(
                [
                    [hit.passage.id for hit in engine.search_bm25(query, k=k, phrase_boost=boost)]
                    for k in (1, 7, 150)
                    for boost in (0.0, 0.3)
                ]
            )
    assert answers[0] == answers[1] == answers[2]


def test_only_the_first_terms_of_an_endless_query_count() -> None:
    terms = analyzer.query_terms(analyzer.build(), " ".join(f"w{n}" for n in range(5000)))
    assert terms == [f"w{n}" for n in range(analyzer.MAX_QUERY_TERMS)]
    pairs = analyzer.query_pairs(analyzer.build(), " ".join(f"w{n}" for n in range(5000)))
    assert pairs == [(f"w{n}", f"w{n + 1}") for n in range(analyzer.MAX_QUERY_PAIRS)]
