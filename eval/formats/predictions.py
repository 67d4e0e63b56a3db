"""Predicted answers as files.

Two forms are read. SQuAD's: a JSON object of question id to text, with or without a second file
of question id to log odds (or probability) of no answer. Ours, which is also written: an object
with ``"format": "reviewqa-predictions/1"`` and under ``predictions`` one object per id with
``text``, ``score`` (log odds against no answer) and, where known, ``confidence``, ``others`` (the
next best texts), ``context_id``, ``start`` (offset there) and ``read`` (ids of the texts read).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.datasets.files import find, read_json_unique
from eval.errors import MalformedData
from eval.reading import Prediction

FORMAT = "reviewqa-predictions/1"
SURE = 1e9
"""Score of a text that came without one; an empty text scores its negative."""


def read_predictions(path: Path, no_answer: Path | None = None) -> dict[str, Prediction]:
    """Predictions by question id.

    Args:
        no_answer: log odds or probabilities of no answer by id; their negatives become scores.

    Raises:
        MalformedData: not JSON of either form, an id that occurs twice, ids that differ between
            the two files.
    """
    tree = _object(path)
    if tree.get("format") == FORMAT:
        listed = tree.get("predictions")
        if not isinstance(listed, dict):
            raise MalformedData(f"{path}: no object under 'predictions'")
        return {name: _rich(path, name, value) for name, value in listed.items()}
    found = {name: _plain(path, name, value) for name, value in tree.items()}
    return found if no_answer is None else _scored(path, found, no_answer)


def write_predictions(path: Path, predictions: Mapping[str, Prediction]) -> None:
    """Write our form, whole or not at all; the same predictions give the same bytes."""
    tree = {
        "format": FORMAT,
        "predictions": {name: _tree(one) for name, one in predictions.items()},
    }
    write_json(path, tree)


def write_squad(path: Path, predictions: Mapping[str, Prediction], threshold: float) -> None:
    """Write SQuAD's form: text by id, empty where the score is below the threshold."""
    write_json(
        path, {n: one.text if one.score >= threshold else "" for n, one in predictions.items()}
    )


def write_json(path: Path, tree: Any) -> None:
    """Write JSON, whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(tree, indent=1, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(path)


def prediction_from(place: str, tree: Any) -> Prediction:
    """A prediction from its JSON object; ``place`` begins the message of what is wrong."""
    if not isinstance(tree, dict) or not isinstance(tree.get("text"), str):
        raise MalformedData(f"{place}: no 'text' in it")
    confidence, start = tree.get("confidence"), tree.get("start")
    if start is not None and (isinstance(start, bool) or not isinstance(start, int) or start < 0):
        raise MalformedData(f"{place}: 'start' is no offset but {start!r:.60}")
    return Prediction(
        tree["text"],
        _number(place, "score", tree.get("score")),
        None if confidence is None else _number(place, "confidence", confidence),
        _texts(place, tree, "others"),
        str(tree.get("context_id", "")),
        start,
        _texts(place, tree, "read"),
    )


def _texts(place: str, tree: Mapping[str, Any], key: str) -> tuple[str, ...]:
    listed = tree.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        raise MalformedData(f"{place}: {key!r} is no list of texts")
    return tuple(listed)


def _tree(one: Prediction) -> dict[str, Any]:
    return {key: value for key, value in asdict(one).items() if value not in (None, (), "")} | {
        "text": one.text
    }


def _rich(path: Path, name: str, value: Any) -> Prediction:
    return prediction_from(f"{path}: question {name!r}", value)


def _plain(path: Path, name: str, value: Any) -> Prediction:
    if not isinstance(value, str):
        raise MalformedData(f"{path}: question {name!r}: the answer is no text but {value!r:.60}")
    return Prediction(value, SURE if value else -SURE)


def _scored(path: Path, found: dict[str, Prediction], other: Path) -> dict[str, Prediction]:
    odds = _object(other)
    for name in sorted(found.keys() ^ odds.keys()):
        where = other if name in found else path
        raise MalformedData(f"{where}: nothing for question {name!r}")
    return {
        name: Prediction(one.text, -_number(f"{other}: question {name!r}", "score", odds[name]))
        for name, one in found.items()
    }


def _object(path: Path) -> dict[str, Any]:
    tree = read_json_unique(find(path))
    if not isinstance(tree, dict):
        raise MalformedData(f"{path}: not predictions: no JSON object of question id to answer")
    return tree


def _number(place: str, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise MalformedData(f"{place}: {key!r} is no number but {value!r:.60}")
    return float(value)
