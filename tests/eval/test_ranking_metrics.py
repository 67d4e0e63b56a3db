"""Ranking metrics against trec_eval itself, and random order against every order there is."""

from __future__ import annotations

import random
from itertools import permutations
from statistics import mean

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from eval.errors import UnknownMetric
from eval.metrics.random_order import expected
from eval.metrics.ranking import STANDARD, parse, ranking

KS = (1, 3, 5, 10, 20)
TREC_NAMES = {
    "mrr": "recip_rank",
    "map": "map",
    "ndcg": "ndcg",
    **{f"{ours}@{k}": f"{theirs}_{k}" for k in KS for ours, theirs in
       [("recall", "recall"), ("success", "success"), ("precision", "P"), ("map", "map_cut"),
        ("ndcg", "ndcg_cut")]},
}  # fmt: skip
CUT = ("recall", "success", "P", "map_cut", "ndcg_cut")
MEASURES = {f"{name}.{','.join(map(str, KS))}" for name in CUT} | {"map", "recip_rank", "ndcg"}


def score(name: str, scores: dict[str, float], judged: dict[str, int]) -> float:
    family, k = parse(name)
    gains = [judged.get(document, 0) for document in ranking(scores)]
    return family.function(gains, list(judged.values()), k)


def random_case(seed: int) -> tuple[dict[str, float], dict[str, int]]:
    """Ties, scores that differ by less than 32 bits can hold, negative and graded judgments."""
    rng = random.Random(seed)
    names = [f"{rng.choice('aAéz')}{number}" for number in range(rng.randint(1, 60))]
    steps = rng.choice([3, 10, 1000])
    scores = {
        name: rng.randint(-steps, steps) / 7 + rng.choice([0, 0, 1e-12])
        for name in rng.sample(names, rng.randint(1, len(names)))
    }
    judged = {
        name: rng.choice([-1, 0, 0, 1, 1, 2, 3])
        for name in rng.sample(names, rng.randint(1, len(names)))
    }
    return scores, judged


def test_equal_to_trec_eval_on_random_runs() -> None:
    cases = {str(seed): random_case(seed) for seed in range(600)}
    qrels = {name: judged for name, (_, judged) in cases.items()}
    run = {name: scores for name, (scores, _) in cases.items()}
    theirs = pytrec_eval.RelevanceEvaluator(qrels, MEASURES).evaluate(run)
    for query, (scores, judged) in cases.items():
        for ours, trec in TREC_NAMES.items():
            assert score(ours, scores, judged) == pytest.approx(theirs[query][trec], abs=1e-12), (
                query,
                ours,
            )


RUNS = st.dictionaries(st.text(min_size=1, max_size=3), st.floats(-5, 5), max_size=15)
QRELS = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 3), max_size=15)


@given(RUNS, QRELS, st.randoms(use_true_random=False))
def test_bounds_and_independence_of_the_order_given(
    scores: dict[str, float], judged: dict[str, int], rng: random.Random
) -> None:
    shuffled = list(scores.items())
    rng.shuffle(shuffled)
    for name in STANDARD:
        value = score(name, scores, judged)
        assert 0 <= value <= 1
        assert value == score(name, dict(shuffled), judged)


@given(RUNS, QRELS)
def test_a_deeper_cut_never_finds_less(scores: dict[str, float], judged: dict[str, int]) -> None:
    for word in ("recall", "success", "mrr", "map"):
        values = [score(f"{word}@{k}", scores, judged) for k in KS]
        assert values == sorted(values)


@given(QRELS.filter(lambda q: any(v > 0 for v in q.values())))
def test_the_best_order_is_perfect(judged: dict[str, int]) -> None:
    perfect = {name: float(gain) for name, gain in judged.items() if gain > 0}
    for name in ("mrr", "map", "ndcg", "recall@20", "success@1"):
        assert score(name, perfect, judged) == pytest.approx(1)


def test_a_query_without_results_scores_zero() -> None:
    assert {score(name, {}, {"a": 1}) for name in STANDARD} == {0.0}


@pytest.mark.parametrize("judged", [[1], [0, 2], [2, 1, 0], [1, 1, 1], [0, 0, 3, 1], [0, 0]])
@pytest.mark.parametrize("pool", [4, 6])
@pytest.mark.parametrize("depth", [2, 100])
def test_random_order_is_the_mean_over_every_order(
    judged: list[int], pool: int, depth: int
) -> None:
    documents = judged + [0] * (pool - len(judged))
    for name in (*STANDARD, "ndcg", "map@3", "mrr@3", "precision@3"):
        family, k = parse(name)
        values = [family.function(p[:depth], judged, k) for p in permutations(documents)]
        assert expected(name, pool, judged, depth) == pytest.approx(mean(values), abs=1e-12), name


def test_random_order_of_a_large_pool_is_finite() -> None:
    assert expected("success@10", 20_000, [1, 1], 100) == pytest.approx(20 / 20_000, rel=1e-3)
    with pytest.raises(ValueError, match="3 judged documents in a pool of 2"):
        expected("mrr", 2, [1, 0, 0], 10)


@pytest.mark.parametrize("name", ["recal@3", "recall", "recall@0", "recall@x", "success@-1", ""])
def test_unknown_metrics_are_named_with_those_that_exist(name: str) -> None:
    with pytest.raises(UnknownMetric, match="recall@k"):
        parse(name)
