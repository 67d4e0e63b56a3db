"""The official SQuAD 2.0 evaluation, written down step by step from its published algorithm.

It shares no code with the package: it is the other side of the parity tests. Input as its files
have it: a list of articles, predictions by id, no-answer probabilities by id.
"""

from __future__ import annotations

import collections
import re
import string
from typing import Any

Article = dict[str, Any]


def to_has_answer(dataset: list[Article]) -> dict[str, bool]:
    found = {}
    for article in dataset:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                found[qa["id"]] = bool(qa["answers"])
    return found


def normalize(s: str) -> str:
    s = s.lower()
    exclude = set(string.punctuation)
    s = "".join(ch for ch in s if ch not in exclude)
    s = re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", s)
    return " ".join(s.split())


def tokens(s: str) -> list[str]:
    if not s:
        return []
    return normalize(s).split()


def compute_exact(gold: str, predicted: str) -> int:
    return int(normalize(gold) == normalize(predicted))


def compute_f1(gold: str, predicted: str) -> float:
    gold_tokens = tokens(gold)
    predicted_tokens = tokens(predicted)
    common = collections.Counter(gold_tokens) & collections.Counter(predicted_tokens)
    same = sum(common.values())
    if len(gold_tokens) == 0 or len(predicted_tokens) == 0:
        return int(gold_tokens == predicted_tokens)
    if same == 0:
        return 0
    precision = 1.0 * same / len(predicted_tokens)
    recall = 1.0 * same / len(gold_tokens)
    return (2 * precision * recall) / (precision + recall)


def raw_scores(
    dataset: list[Article], predictions: dict[str, str]
) -> tuple[dict[str, float], dict[str, float]]:
    exact, f1 = {}, {}
    for article in dataset:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                golds = [a["text"] for a in qa["answers"] if normalize(a["text"])]
                if not golds:
                    golds = [""]
                if qa["id"] not in predictions:
                    continue
                predicted = predictions[qa["id"]]
                exact[qa["id"]] = max(compute_exact(gold, predicted) for gold in golds)
                f1[qa["id"]] = max(compute_f1(gold, predicted) for gold in golds)
    return exact, f1


def apply_no_answer_threshold(
    scores: dict[str, float], na: dict[str, float], has: dict[str, bool], threshold: float
) -> dict[str, float]:
    return {
        qid: (float(not has[qid]) if na[qid] > threshold else value)
        for qid, value in scores.items()
    }


def find_best_threshold(
    predictions: dict[str, str],
    scores: dict[str, float],
    na: dict[str, float],
    has: dict[str, bool],
) -> tuple[float, float]:
    current = sum(1 for qid in has if not has[qid])
    best_score: float = current
    best_threshold = 0.0
    running: float = current
    for qid in sorted(na, key=lambda k: na[k]):
        if qid not in scores:
            continue
        if has[qid]:
            running += scores[qid]
        elif predictions[qid]:
            running -= 1
        if running > best_score:
            best_score = running
            best_threshold = na[qid]
    return 100.0 * best_score / len(scores), best_threshold


def evaluate(
    dataset: list[Article],
    predictions: dict[str, str],
    na: dict[str, float] | None = None,
    threshold: float = 1.0,
) -> dict[str, float]:
    given = na is not None
    na = na or dict.fromkeys(predictions, 0.0)
    has = to_has_answer(dataset)
    with_answer = [k for k, v in has.items() if v]
    without = [k for k, v in has.items() if not v]
    exact_raw, f1_raw = raw_scores(dataset, predictions)
    exact = apply_no_answer_threshold(exact_raw, na, has, threshold)
    f1 = apply_no_answer_threshold(f1_raw, na, has, threshold)
    out: dict[str, float] = _dictionary(exact, f1, list(exact), "")
    if with_answer:
        out |= _dictionary(exact, f1, with_answer, "HasAns_")
    if without:
        out |= _dictionary(exact, f1, without, "NoAns_")
    if given:
        out["best_exact"], out["best_exact_thresh"] = find_best_threshold(
            predictions, exact_raw, na, has
        )
        out["best_f1"], out["best_f1_thresh"] = find_best_threshold(predictions, f1_raw, na, has)
    return out


def _dictionary(
    exact: dict[str, float], f1: dict[str, float], ids: list[str], prefix: str
) -> dict[str, float]:
    return {
        f"{prefix}exact": 100.0 * sum(exact[k] for k in ids) / len(ids),
        f"{prefix}f1": 100.0 * sum(f1[k] for k in ids) / len(ids),
        f"{prefix}total": len(ids),
    }
