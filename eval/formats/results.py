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
            tuple(Column(**column) for column in tree["columns"]),
            tuple(_figure(figure) for figure in tree["figures"]),
            tuple(_figure(figure) for figure in tree["baselines"]),
            tree["curves"],
            {name: _asked(one) for name, one in tree["asked"].items()},
            tree["milliseconds"],
            tuple(Published(**one) for one in tree.get("published", ())),
            tree.get("texts", {}),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise MalformedData(f"{path}: a result that lacks or has too much: {error}") from error


def _figure(tree: Mapping[str, Any]) -> Figure:
    low, high = tree["interval"]
    return Figure(**{**tree, "interval": (low, high)})


def _asked(tree: Mapping[str, Any]) -> Asked:
    lists = {key: tuple(tree[key]) for key in ("gold", "ranked", "relevant")}
    gold_at = tuple(Mark(**one) for one in tree.get("gold_at", ()))
    at = tree.get("answer_at")
    answer_at = None if at is None else Mark(**at)
    return Asked(**{**tree, **lists, "gold_at": gold_at, "answer_at": answer_at})
