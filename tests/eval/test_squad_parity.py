"""EM, F1 and the thresholds against the official SQuAD 2.0 evaluation, on generated files."""

from __future__ import annotations

import random
from typing import Any

import pytest

from eval.metrics.no_answer import official_best
from eval.reading import Prediction, judge, reading_columns
from eval.records import ReadingQuestion, Span
from tests.eval.golden import squad2_official as official

PLAIN = "the The a an AN theatre cat Cat! cat's dog, 3.5 3,5 $20 e-mail ... ?! the. _ `"
ODD = "naïve NAÏVE ﬁt İstanbul straße STRASSE 日本語 — “so” \u200b 😀 e\u0301 \u0661"
WORDS = [*PLAIN.split(), *ODD.split(" "), "\u00a0", "\u2009", "\n", "\t"]


def text(rng: random.Random, most: int) -> str:
    words = [rng.choice(WORDS) for _ in range(rng.randint(0, most))]
    return rng.choice([" ", "  ", ""]).join(words)


def generated(seed: int, count: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """A SQuAD file and predictions: gold and predicted texts often share words, or are empty."""
    rng = random.Random(seed)
    qas, predictions = [], {}
    for number in range(count):
        golds = [text(rng, 5) for _ in range(rng.choice([0, 0, 1, 1, 2, 4]))]
        near = rng.choice(golds) + rng.choice(["", " the", "!", " cat"]) if golds else ""
        predictions[str(number)] = rng.choice([near, near, "", text(rng, 5)])
        answers = [{"text": gold, "answer_start": 0} for gold in golds]
        qas.append({"id": str(number), "question": "?", "answers": answers})
    return [{"title": "t", "paragraphs": [{"context": "c", "qas": qas}]}], predictions


def as_questions(dataset: list[dict[str, Any]]) -> list[ReadingQuestion]:
    return [
        ReadingQuestion(
            qa["id"],
            qa["question"],
            paragraph["context"],
            tuple((Span(0, len(a["text"]), a["text"]),) for a in qa["answers"]) or ((),),
        )
        for article in dataset
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]


def figures(
    dataset: list[dict[str, Any]], predictions: dict[str, str], na: dict[str, float], at: float
) -> dict[str, float]:
    questions = as_questions(dataset)
    ours = {name: Prediction(value, -na[name]) for name, value in predictions.items()}
    names = {"all": "", "has_answer": "HasAns_", "no_answer": "NoAns_"}
    metrics = {"em": "exact", "f1": "f1"}
    found: dict[str, float] = {}
    for column in reading_columns(questions, ours, threshold=-at):
        if column.protocol in names:
            prefix, values = names[column.protocol], list(column.scores.values())
            found[prefix + metrics[column.metric]] = 100 * sum(values) / len(values)
            found[prefix + "total"] = len(values)
    for metric, name in metrics.items():
        judged = judge(questions, ours, metric)
        best = official_best([judged[n] for n in na])
        found[f"best_{name}"] = 100 * best.value
        found[f"best_{name}_thresh"] = best.threshold
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [1.0, 0.5])
def test_equal_to_the_official_evaluation(seed: int, threshold: float) -> None:
    dataset, predictions = generated(seed, 1000)
    rng = random.Random(seed)
    steps = rng.choice([10, 10**6])
    na = {name: rng.randint(0, steps) / steps for name in predictions}
    theirs = official.evaluate(dataset, predictions, na, threshold)
    ours = figures(dataset, predictions, na, threshold)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(value, abs=1e-12, rel=1e-12), name


def test_the_generated_files_hold_what_they_should() -> None:
    dataset, predictions = generated(0, 1000)
    theirs = official.evaluate(dataset, predictions)
    assert 20 < theirs["exact"] < 80
    assert theirs["HasAns_total"] > 300
    assert theirs["NoAns_total"] > 200
    assert sum(not value for value in predictions.values()) > 150
    assert any(not value.isascii() for value in predictions.values())


def test_files_of_one_kind_of_question_only() -> None:
    for wanted in (True, False):
        dataset, predictions = generated(3, 400)
        (paragraph,) = dataset[0]["paragraphs"]
        paragraph["qas"] = [qa for qa in paragraph["qas"] if bool(qa["answers"]) == wanted]
        kept = {qa["id"]: predictions[qa["id"]] for qa in paragraph["qas"]}
        na = {name: number / 400 for number, name in enumerate(kept)}
        assert figures(dataset, kept, na, 1.0) == pytest.approx(
            official.evaluate(dataset, kept, na), abs=1e-12
        )
