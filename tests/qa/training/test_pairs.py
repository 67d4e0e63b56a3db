"""What a retrieval encoder learns from: positives hold an answer, negatives are judged."""

from __future__ import annotations

import json
from pathlib import Path

from qa.training.pairs import load_pairs
from qa.training.pairs_part import PairsPart

LONG = "It is blue. " + "This sentence says nothing of use to anybody. " * 20 + "It weighs a ton."


def squad(path: Path) -> Path:
    answers = [{"text": "a ton", "answer_start": LONG.index("a ton")}]
    qas = [{"id": "1", "question": "how heavy?", "answers": answers}]
    paragraphs = [{"context": LONG, "qas": qas}]
    path.write_text(json.dumps({"data": [{"title": "T", "paragraphs": paragraphs}]}), "utf-8")
    return path


def test_the_passage_with_the_answer_is_positive(tmp_path: Path) -> None:
    part = PairsPart(str(squad(tmp_path / "q.json")))
    found = {cut: load_pairs([part], tmp_path, 0, cut=cut) for cut in ("passages", "whole", "both")}
    texts = {
        cut: [pairs.passages[n].text for n in pairs.pairs[0].positives]
        for cut, pairs in found.items()
    }
    assert texts["whole"] == [LONG]
    (passage,) = texts["passages"]
    assert "a ton" in passage
    assert passage != LONG
    assert len(passage) <= 900
    assert texts["both"] == [LONG, passage]
    first = next(n for n, p in enumerate(found["passages"].passages) if "blue" in p.text)
    assert found["passages"].may_answer(found["passages"].pairs[0], first), "of the same text"


def test_sentences_stand_against_the_others_of_their_text(tmp_path: Path) -> None:
    text = "It is blue. It weighs a ton! A ton, I said. Nobody cares. Arrived late."
    answers = [{"text": "a ton", "answer_start": text.index("a ton")}]
    qas = [{"id": "1", "question": "how heavy?", "answers": answers},
           {"id": "2", "question": "how old?", "answers": []}]  # fmt: skip
    paragraphs = [{"context": text, "qas": qas}]
    path = tmp_path / "q.json"
    path.write_text(json.dumps({"data": [{"title": "T", "paragraphs": paragraphs}]}), "utf-8")
    pairs = load_pairs([PairsPart(str(path), sentences=True)], tmp_path, 0)
    (pair,) = pairs.pairs
    assert [pairs.passages[n].text for n in pair.positives] == ["It weighs a ton!"]
    others = [pairs.passages[n].text for n in pair.negatives]
    assert others == ["It is blue.", "Nobody cares.", "Arrived late."], "the answer said again?"
    blue, again = [
        next(n for n, p in enumerate(pairs.passages) if p.text == wanted)
        for wanted in ("It is blue.", "A ton, I said.")
    ]
    assert not pairs.may_answer(pair, blue), "of the same text, but judged"
    assert pairs.may_answer(pair, again)


def test_reviews_without_an_answer_are_judged_negatives(tiny_data: Path) -> None:
    pairs = load_pairs([PairsPart("subjqa:electronics")], tiny_data, 0, cut="whole")
    assert all(pair.question != "Is it heavy?" for pair in pairs.pairs), "nobody answered it"
    whole = load_pairs([PairsPart("epqa")], tiny_data, 0)
    for pair in whole.pairs:
        assert [whole.passages[n].text for n in pair.negatives] == ["Arrived late."]


def test_a_closed_part_is_searched_among_its_judgements_alone(tiny_data: Path) -> None:
    pairs = load_pairs([PairsPart("epqa", closed=True), PairsPart("epqa")], tiny_data, 0)
    half = len(pairs.pairs) // 2
    every = set(range(len(pairs.passages)))
    for pair, same in zip(pairs.pairs[:half], pairs.pairs[half:], strict=True):
        assert pair.question == same.question
        assert {n for n in every if not pairs.may_answer(pair, n)} == set(pair.negatives)
        assert {n for n in every if not pairs.may_answer(same, n)} > set(same.negatives)


def test_held_out_products_stay_out(tiny_data: Path) -> None:
    every = load_pairs([PairsPart("subjqa:electronics")], tiny_data, 0)
    kept = load_pairs([PairsPart("subjqa:electronics", holdout=0.5)], tiny_data, 0)
    texts = {p.text for p in kept.passages}
    assert 0 < len(kept.pairs) < len(every.pairs)
    assert texts < {p.text for p in every.passages}


def test_limits_and_repeats(tiny_data: Path) -> None:
    part = PairsPart("squadshifts:amazon", limit=7, repeat=2)
    pairs = load_pairs([part], tiny_data, 0).pairs
    assert len(pairs) == 14
    assert pairs[:7] == pairs[7:]
    assert pairs == load_pairs([part], tiny_data, 0).pairs


def test_dpr_files_bring_their_own_negatives(tmp_path: Path) -> None:
    path = tmp_path / "dpr.json"
    tree = {
        "question": "what color?", "answers": ["red"],
        "positive_ctxs": [{"title": "", "text": "It is red."}],
        "hard_negative_ctxs": [{"title": "", "text": "It has a color."}],
        "negative_ctxs": [{"title": "", "text": "Zebras."}],
    }  # fmt: skip
    path.write_text(json.dumps([tree, tree | {"question": "none?", "positive_ctxs": []}]), "utf-8")
    pairs = load_pairs([PairsPart(f"dpr:{path}")], tmp_path, 0)
    (pair,) = pairs.pairs
    assert [pairs.passages[n].text for n in pair.positives] == ["It is red."]
    assert [pairs.passages[n].text for n in pair.negatives] == ["It has a color.", "Zebras."]
    assert pair.answers == (" red ",)
