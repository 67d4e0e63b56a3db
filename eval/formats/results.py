"""Results as JSON: per-question scores, figures, curves and the questions themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.datasets.files import find, read_json_unique
from eval.errors import MalformedData
from eval.formats.predictions import write_json
from eval.results import Asked, Column, Figure, Mark, Published, Result

FORMAT = "reviewqa-result/1"


def write_result(path: Path, result: Result) -> None:
    """Write a result, whole or not at all."""
    write_json(path, {"format": FORMAT, **as_tree(result)})


def as_tree(result: Result) -> dict[str, Any]:
    """The result as JSON values."""
    return asdict(result)


def read_result(path: Path) -> Result:
    """The result of a file.

    Raises:
        DatasetNotFound: no such file.
        MalformedData: not a result of this version.
    """
    tree = read_json_unique(find(path))
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise MalformedData(f"{path}: not a result: no 'format' {FORMAT!r} in it")
    try:
        return Result(
            tree["kind"],
            tree["header"],
            tuple(_column(column) for column in tree["columns"]),
            tuple(_figure(figure) for figure in tree["figures"]),
            tuple(_figure(figure) for figure in tree["baselines"]),
            {name: _curve(name, curve) for name, curve in tree["curves"].items()},
            {name: _asked(one) for name, one in tree["asked"].items()},
            {stage: _numbers(stage, values) for stage, values in tree["milliseconds"].items()},
            tuple(Published(**one) for one in tree.get("published", ())),
            {name: _text(name, text) for name, text in tree.get("texts", {}).items()},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise MalformedData(f"{path}: a result that lacks or has too much: {error}") from error


def _column(tree: Mapping[str, Any]) -> Column:
    column = Column(**tree)
    for name, score in column.scores.items():
        _number(f"{column.name} of {name!r}", score)
    return column


def _curve(name: str, tree: Mapping[str, Any]) -> dict[str, list[float]]:
    curve = {axis: _numbers(f"{name}: {axis}", values) for axis, values in tree.items()}
    if len({len(values) for values in curve.values()}) > 1:
        raise ValueError(f"curve {name!r} has not as many values on every axis")
    return curve


def _numbers(place: str, values: Any) -> list[float]:
    return [_number(place, value) for value in values]


def _number(place: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{place} is no number but {value!r:.60}")
    return value if isinstance(value, int) else float(value)


def _text(place: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{place} is no text but {value!r:.60}")
    return value


def _figure(tree: Mapping[str, Any]) -> Figure:
    low, high = (_number(f"interval of {tree['metric']}", bound) for bound in tree["interval"])
    _number(f"value of {tree['metric']}", tree["value"])
    return Figure(**{**tree, "interval": (low, high)})


def _asked(tree: Mapping[str, Any]) -> Asked:
    _text("a question", tree["question"])
    lists = {
        key: tuple(_text(f"{key} of {tree['question']!r:.60}", one) for one in tree[key])
        for key in ("gold", "ranked", "relevant")
    }
    gold_at = tuple(Mark(**one) for one in tree.get("gold_at", ()))
    at = tree.get("answer_at")
    answer_at = None if at is None else Mark(**at)
    return Asked(**{**tree, **lists, "gold_at": gold_at, "answer_at": answer_at})
