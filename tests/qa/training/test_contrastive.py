"""Loss and batches of contrastive training: numbers by hand, every question once."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qa.training.contrastive_batches import make_batches
from qa.training.contrastive_loss import contrastive_loss, exclusions
from qa.training.encoder_recipe import EncoderStage
from qa.training.hard_negatives import mine_bm25
from qa.training.pairs import Pair, Pairs

NONE = torch.zeros(1, 3, dtype=torch.bool)


def test_the_loss_is_the_positives_share_of_the_softmax() -> None:
    question, passages = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0], [0, 1], [0.6, 0.8]])
    loss = contrastive_loss(question, passages, torch.tensor([0]), NONE, 0.5)
    assert float(loss) == pytest.approx(-math.log(math.e**2 / (math.e**2 + 1 + math.e**1.2)))


def test_excluded_passages_are_no_negatives() -> None:
    question, passages = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0], [0, 1], [0.6, 0.8]])
    excluded = torch.tensor([[False, False, True]])
    loss = contrastive_loss(question, passages, torch.tensor([0]), excluded, 0.5)
    assert float(loss) == pytest.approx(-math.log(math.e**2 / (math.e**2 + 1)))


def test_leading_dimensions_are_normalised_and_weigh_as_much() -> None:
    question, passages = torch.tensor([[0.6, 0.8]]), torch.tensor([[0.6, 0.8], [-1.0, 0], [0, 1]])
    whole = contrastive_loss(question, passages, torch.tensor([0]), NONE, 1.0)
    both = contrastive_loss(question, passages, torch.tensor([0]), NONE, 1.0, [1])
    # In the first dimension alone the scores are 1, -1 and 0.
    alone = -math.log(math.e / (math.e + math.e**-1 + 1))
    assert float(both) == pytest.approx((float(whole) + alone) / 2)


def colours(questions: int = 30) -> Pairs:
    """Three questions on each text; the answer's word is in no other text."""
    pairs = Pairs()
    for at in range(questions):
        text = f"The strap number {at // 3} is colour{at // 3} and the strap works."
        number = pairs.number(text, text)
        pairs.pairs.append(Pair(f"what color is strap {at // 3}?", (number,), (), (" red ",)))
    return pairs


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.integers(0, 3), st.integers())
def test_every_question_is_asked_once_an_epoch_with_its_positive(
    passages: int, questions: int, cluster: int, hard: int, seed: int
) -> None:
    pairs = colours()
    stage = EncoderStage(
        "s", [], passages=passages, questions=questions, cluster=cluster, hard=hard
    )
    mined = mine_bm25(pairs, 5)
    batches = make_batches(pairs, mined, stage, seed)
    assert Counter(n for b in batches for n in b.pairs) == Counter(range(len(pairs.pairs)))
    for batch in batches:
        assert len(set(batch.passages)) == len(batch.passages)
        for number, target in zip(batch.pairs, batch.targets, strict=True):
            assert batch.passages[target] in pairs.pairs[number].positives
    assert batches == make_batches(pairs, mined, stage, seed)


def test_mined_passages_stand_together_in_a_batch() -> None:
    pairs = Pairs()
    for at in range(40):
        pairs.number(f"text {at}", f"text {at}")
        pairs.pairs.append(Pair(f"question {at}", (at,)))
    mined = [(at ^ 1,) for at in range(40)]
    stage = EncoderStage("s", [], passages=8, cluster=2)
    for batch in make_batches(pairs, mined, stage, 3):
        assert {n ^ 1 for n in batch.passages} == set(batch.passages)


def test_judged_and_mined_negatives_are_added() -> None:
    pairs = Pairs()
    for name in ("yes", "no", "near"):
        pairs.number(name, name)
    pairs.pairs.append(Pair("?", (0,), (1,)))
    stage = EncoderStage("s", [], judged=1, hard=1)
    (batch,) = make_batches(pairs, [(2,)], stage, 0)
    assert batch.passages == (0, 1, 2)


def test_a_batch_excludes_what_may_answer_but_never_the_target() -> None:
    pairs = Pairs()
    texts = [("It is red.", "a"), ("Another part.", "a"), ("Mine is RED too!", "b"),
             ("It reddens.", "c")]  # fmt: skip
    for text, source in texts:
        pairs.number(text, source)
    pairs.pairs.append(Pair("what color?", (0,), (), (" red ",)))
    (batch,) = make_batches(pairs, [(1, 2, 3)], EncoderStage("s", [], hard=3), 0)
    found = exclusions(pairs, batch)[0].tolist()
    by_passage = dict(zip(batch.passages, found, strict=True))
    assert by_passage == {0: False, 1: True, 2: True, 3: False}


def test_where_only_judgements_count_nothing_else_is_a_negative() -> None:
    pairs = Pairs()
    for text in ("It is red.", "A colorful box.", "It reddens.", "Zebras."):
        pairs.number(text, text)
    pairs.pairs += [
        Pair("what color?", (0,), (1,), closed=True),
        Pair("which animals?", (3,)),
    ]
    stage = EncoderStage("s", [], hard=2)
    (batch,) = make_batches(pairs, [(2,), (2,)], stage, 0)
    assert set(batch.passages) == {0, 1, 2, 3}
    rows = dict(zip(batch.pairs, exclusions(pairs, batch), strict=True))
    negatives = [
        {p for p, out in zip(batch.passages, rows[number].tolist(), strict=True) if not out}
        for number in (0, 1)
    ]
    assert negatives == [{0, 1}, {0, 1, 2, 3}], "the target, and what is held against it"
