"""What a reader is trained on: detokenised copies, held-out products, targets, batches, loss."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from eval.datasets.epqa import load_epqa
from eval.records import ReadingQuestion, Span
from qa.model_folder import TOKENIZER
from qa.reader.package import SHIPPED
from qa.reader.windows import Windower, WindowSettings
from qa.training.detokenize import detokenize, detokenized
from qa.training.losses import span_loss
from qa.training.reader_data import (
    Part,
    evidence_questions,
    held_out_questions,
    training_questions,
)
from qa.training.reader_features import Feature, batches, features

TEXT = "do n't ca ( ok ) $ 5 , . ! 's 'll Yum ... it % é"
PIECES = st.lists(st.sampled_from(TEXT.split()))


@pytest.mark.parametrize(
    ("tokenised", "written"),
    [
        ("I ca n't say .", "I can't say."),
        ("Yum ! ( really )", "Yum! (really)"),
        ("it 's $ 5 , not 10 %", "it's $5, not 10%"),
        ("plain text", "plain text"),
    ],
)
def test_detokenised_text_reads_as_written(tokenised: str, written: str) -> None:
    assert detokenize(tokenised)[0] == written


@given(st.one_of(PIECES.map(" ".join), st.text()))
def test_detokenising_only_drops_spaces_and_keeps_offsets(text: str) -> None:
    new, moved = detokenize(text)
    assert new.replace(" ", "") == text.replace(" ", "")
    assert len(moved) == len(text) + 1
    assert all(new[moved[i]] == ch for i, ch in enumerate(text) if ch != " ")


@given(PIECES.filter(bool).map(" ".join), st.data())
def test_spans_move_with_the_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    question = ReadingQuestion("q", "?", text, ((Span(start, end, text[start:end]),),))
    again = detokenized(question)
    for span in again.gold():
        assert again.context[span.start : span.end] == span.text
        assert span.text.replace(" ", "") == text[start:end].replace(" ", "")


def test_held_out_products_are_never_trained_on(tiny_data: Path) -> None:
    part = Part("subjqa:electronics", holdout=0.3)
    trained, held = training_questions(part, tiny_data, 1), held_out_questions(part, tiny_data)
    assert held
    assert trained
    assert not {q.product_id for q in trained} & {q.product_id for q in held}
    assert len(trained) + len(held) == 60


def test_excluded_texts_never_occur(tiny_data: Path) -> None:
    banned = "subjqa:electronics@train"
    part = Part("subjqa:electronics", exclude=(banned,))
    assert training_questions(part, tiny_data, 1) == []


def test_sampled_pairs_are_unanswerable_and_elsewhere(tiny_data: Path) -> None:
    part = Part("squadshifts:amazon", unanswerable=1.0)
    questions = training_questions(part, tiny_data, 1)
    pairs = [q for q in questions if q.id.endswith(":elsewhere")]
    context = {q.id: q.context for q in questions}
    assert pairs
    for pair in pairs:
        assert pair.gold() == ()
        assert pair.context != context[pair.id.removesuffix(":elsewhere")]


def test_unlabelled_pairs_are_other_texts_about_the_same_product(
    tiny_data: Path, windower: Windower
) -> None:
    plain = training_questions(Part("subjqa:electronics"), tiny_data, 1)
    found = training_questions(Part("subjqa:electronics", unlabelled=1.5, repeat=2), tiny_data, 1)
    labelled, unread = found[: 2 * len(plain)], found[2 * len(plain) :]
    assert [q.id for q in labelled] == [q.id for q in plain] * 2
    texts: dict[str, set[str]] = {}
    for question in plain:
        texts.setdefault(question.product_id, set()).add(question.context)
    read = {(q.product_id, q.question, q.context) for q in plain}
    assert unread
    assert len({(q.product_id, q.question, q.context) for q in unread}) == len(unread)
    for question in unread:
        assert question.context in texts[question.product_id]
        assert (question.product_id, question.question, question.context) not in read
    assert all(item.unlabelled for item in features(unread, windower))
    assert not any(item.unlabelled for item in features(plain, windower))


def test_evidence_says_whether_but_not_where(tiny_data: Path, windower: Windower) -> None:
    questions = evidence_questions(load_epqa(tiny_data, "train"))
    made = features(questions, windower)
    assert {f.somewhere for f in made} == {True, False}
    assert all((f.starts[0] == 0) != f.somewhere for f in made)


@pytest.fixture(scope="module")
def windower() -> Windower:
    tokenizer = Tokenizer.from_file(str(SHIPPED / TOKENIZER))
    return Windower(tokenizer, WindowSettings(max_length=64, overlap=16))


CONTEXT = "The grey strap is thirty inches long. " * 4 + "It never slipped, not once. " * 4


@given(st.data())
def test_targets_decode_to_the_gold_words(windower: Windower, data: st.DataObject) -> None:
    words = [i for i, ch in enumerate(CONTEXT) if i == 0 or CONTEXT[i - 1] == " "]
    first = data.draw(st.integers(0, len(words) - 2))
    last = data.draw(st.integers(first, min(first + 5, len(words) - 2)))
    start, end = words[first], words[last + 1] - 1
    span = Span(start, end, CONTEXT[start:end])
    made = features([ReadingQuestion("q", "How long?", CONTEXT, ((span,),))], windower)
    found = []
    for item in made:
        window = item.window
        if item.starts[0] == 0:
            inside = window.offsets[0, 0] <= start and end <= window.offsets[-1, 1]
            assert not inside
            continue
        low = window.offsets[item.starts[0] - window.first, 0]
        high = window.offsets[item.ends[0] - window.first, 1]
        found.append(CONTEXT[low:high])
    assert found
    assert set(found) == {span.text}


def test_annotators_who_disagree_share_the_target(windower: Windower) -> None:
    span = Span(4, 8, "grey")
    question = ReadingQuestion("q", "?", "The grey strap.", ((span,), (), (span,)))
    (item,) = features([question], windower)
    shares = dict(zip(item.starts.tolist(), item.weights.tolist(), strict=True))
    assert shares[0] == pytest.approx(1 / 3)
    assert sum(shares.values()) == pytest.approx(1)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40), st.integers(64, 300))
def test_batches_hold_everything_once_within_budget(
    windower: Windower, sizes: list[int], tokens: int
) -> None:
    questions = [ReadingQuestion(str(i), "?", "ok " * n, ((),)) for i, n in enumerate(sizes)]
    items = features(questions, windower)
    made = list(batches(items, tokens, seed=3))
    assert sorted(id(f) for batch in made for f in batch) == sorted(map(id, items))
    for batch in made:
        widest = max(f.window.length for f in batch)
        assert len(batch) == 1 or len(batch) * widest <= tokens
    assert [[id(f) for f in b] for b in batches(items, tokens, seed=3)] == [
        [id(f) for f in b] for b in made
    ]


def brute_loss(start: torch.Tensor, end: torch.Tensor, batch: list[Feature]) -> float:
    total = 0.0
    for row, item in enumerate(batch):
        n, first = item.window.length, item.window.first
        for logits, at in ((start[row], item.starts), (end[row], item.ends)):
            p = torch.softmax(logits[:n], 0)
            if item.somewhere:
                inside = p[first : n - 1].sum() / (p[0] + p[first : n - 1].sum())
                total -= math.log(inside)
            else:
                total -= sum(w * math.log(p[i]) for i, w in zip(at, item.weights, strict=True))
    return total / (2 * len(batch))


def test_the_loss_is_what_it_says(tiny_data: Path, windower: Windower) -> None:
    spans = training_questions(Part("subjqa:electronics"), tiny_data, 1)[:6]
    evidence = evidence_questions(load_epqa(tiny_data, "train"))[:4]
    batch = features([*spans, *evidence], windower)
    width = max(f.window.length for f in batch)
    torch.manual_seed(2)
    start, end = torch.randn(2, len(batch), width)
    assert float(span_loss(start, end, batch)) == pytest.approx(brute_loss(start, end, batch), 1e-4)
