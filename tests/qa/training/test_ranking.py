"""Lists, loss and re-ranking of a ranker: numbers worked out by hand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eval.records import Query, RetrievalSet, Text
from qa.training.encoder_selection import searched
from qa.training.hard_negatives import in_turns
from qa.training.pairs import Pair, Pairs
from qa.training.ranker_batches import make_lists
from qa.training.ranker_recipe import RankerStage
from qa.training.ranker_selection import rank_again, reranked, sample
from qa.training.ranking_loss import best_windows, listwise_divergence, listwise_loss


def test_the_loss_is_the_positives_share_of_its_own_list() -> None:
    scores = torch.tensor([[1.0, 0.0, 2.0], [0.5, 0.5, -math.inf]])
    first = -math.log(math.e / (math.e + 1 + math.e**2))
    assert float(listwise_loss(scores)) == pytest.approx((first + math.log(2)) / 2)


def test_a_teachers_order_is_learnt_by_its_divergence() -> None:
    """Against torch's own, list by list, at the teacher's temperature."""
    scores = torch.tensor([[1.0, 0.0, 2.0], [0.5, -0.5, -math.inf]])
    told = torch.tensor([[3.0, -1.0, 0.0], [8.0, 2.0, -math.inf]])
    each = [
        torch.nn.functional.kl_div(
            torch.log_softmax(one[:n], 0), torch.softmax(two[:n] / 2, 0), reduction="sum"
        )
        for one, two, n in zip(scores, told, (3, 2), strict=True)
    ]
    found = listwise_divergence(scores, told, 2.0)
    assert float(found) == pytest.approx(float(sum(each)) / 2)
    assert float(listwise_divergence(told / 2, told, 2.0)) == pytest.approx(0, abs=1e-6)


def test_a_passage_scores_as_its_best_window() -> None:
    places = [(0, 0), (0, 1), (0, 0), (1, 0)]
    table = best_windows(torch.tensor([1.0, 3.0, 2.0, -30.0]), places, [2, 1])
    assert table.tolist() == [[2.0, 3.0], [-30.0, -math.inf]]


@given(st.integers(1, 6), st.integers(0, 4), st.integers(1, 5), st.integers())
def test_lists_have_a_positive_first_and_negatives_after(
    negatives: int, judged: int, questions: int, seed: int
) -> None:
    pairs = Pairs()
    for at in range(20):
        pairs.number(f"text {at}", f"text {at}")
    for at in range(12):
        bad = (12 + at % 4, 16 + at % 4) if at % 3 else ()
        pairs.pairs.append(Pair(f"question {at}", (at, (at + 1) % 12), bad))
    mined = [tuple(n for n in range(12, 20) if at) for at in range(12)]
    stage = RankerStage("s", [], negatives=negatives, judged=judged, questions=questions)
    batches = make_lists(pairs, mined, stage, seed)
    # The first question has nobody to be told from.
    assert Counter(one.pair for b in batches for one in b) == Counter(range(1, 12))
    assert max(map(len, batches)) <= questions
    for one in (one for b in batches for one in b):
        pair = pairs.pairs[one.pair]
        assert one.passages[0] in pair.positives
        rest = one.passages[1:]
        assert len(set(rest)) == len(rest) == min(negatives, 8)
        assert set(rest) <= set(mined[one.pair])
        known = len(set(rest) & set(pair.negatives))
        assert known >= min(judged, negatives, len(pair.negatives))
    assert batches == make_lists(pairs, mined, stage, seed)


def test_mined_by_both_are_taken_in_turns() -> None:
    assert in_turns([(1, 2, 3), ()], [(2, 4), (5,)], 3) == [(1, 2, 4), (5,)]


class ByLength:
    """Longer passages answer better."""

    fingerprint = "length"

    def score(
        self, questions: Sequence[str], passages: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        return [[float(len(p)) for p in group] for group in passages]


def test_only_the_first_are_ranked_again_and_the_rest_stays_below() -> None:
    texts = ("lamp lamp lamp", "a lamp here", "one lamp of several in the shop", "nothing else")
    data = RetrievalSet(
        "tiny", "dev", "open", tuple(Text(str(n), "p", t) for n, t in enumerate(texts)),
        (Query("q", "lamp"),), {"q": {"1": 1}},
    )  # fmt: skip
    found = searched(data)
    order = np.argsort(-found.lexical[0], kind="stable").tolist()
    assert order == [0, 1, 2, 3]
    tables = rank_again(reranked(found, 2), ByLength(), 0.25)
    assert tables["alone"][0, :2].tolist() == [1.0, 0.0]
    assert np.argsort(-tables["alone"][0], kind="stable").tolist() == [0, 1, 2, 3]
    whole = rank_again(reranked(found, 4), ByLength(), 0.25)
    assert np.argsort(-whole["alone"][0], kind="stable").tolist() == [2, 0, 3, 1]
    first = (found.lexical[0] - found.lexical[0].min()) / np.ptp(found.lexical[0])
    lengths = np.array([len(t) for t in texts], np.float32)
    wanted = 0.75 * first + 0.25 * (lengths - lengths.min()) / np.ptp(lengths)
    np.testing.assert_allclose(whole["mixed"][0], wanted, rtol=1e-5)


def test_a_sample_is_always_the_same() -> None:
    queries = tuple(Query(str(n), "?") for n in range(50))
    data = RetrievalSet("tiny", "dev", "open", (), queries, {})
    assert len(sample(data, 7).queries) == 7
    assert sample(data, 7) == sample(data, 7)
    assert sample(data, 50) is data
    assert sample(data, None) is data
