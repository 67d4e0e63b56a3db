"""What stands at the destination is neither overwritten unasked nor half written."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.datasets.squad import read_squad
from eval.errors import DestinationExists, EvalError, MalformedData, NotConvertible
from tests.eval.conversion.pieces import LISTED, turned, written


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    source = written(tmp_path, LISTED)
    target = tmp_path / "out.json"
    target.write_text("mine", "utf-8")
    with pytest.raises(DestinationExists, match="--force"):
        turned(source, target, "squad-2.0")
    assert target.read_text("utf-8") == "mine"
    turned(source, target, "squad-2.0", force=True)
    assert read_squad(target)
    with pytest.raises(DestinationExists, match="source itself"):
        turned(source, source, "jsonl", force=True)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes").write_text("x", "utf-8")
    with pytest.raises(DestinationExists, match="no BEIR folder"):
        turned(source, mine, "beir", force=True)
    turned(source, tmp_path / "beir", "beir", split="dev")
    with pytest.raises(DestinationExists, match="--force"):
        turned(source, tmp_path / "beir", "beir")
    turned(source, tmp_path / "beir", "beir", force=True)
    assert [p.name for p in (tmp_path / "beir" / "qrels").iterdir()] == ["test.tsv"]
    assert not [p for p in tmp_path.iterdir() if p.suffix in (".partial", ".replaced")]


def test_a_broken_source_leaves_nothing_behind(tmp_path: Path) -> None:
    source = written(tmp_path, LISTED)
    with source.open("a", encoding="utf-8") as stream:
        stream.write('{"id": "z"}\n')
    for target, form in (("o.csv", "subjqa"), ("o.json", "squad-2.0"), ("o", "beir")):
        with pytest.raises(MalformedData, match=r"questions\.jsonl: line 4: 'context' is missing"):
            turned(source, tmp_path / target, form)  # type: ignore[arg-type]
    assert [p.name for p in tmp_path.iterdir()] == ["questions.jsonl"]


def test_errors_have_one_root() -> None:
    assert issubclass(NotConvertible, EvalError)
    assert issubclass(DestinationExists, EvalError)
