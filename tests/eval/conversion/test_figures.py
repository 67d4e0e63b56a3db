"""Converted data, public sets among them, are measured as the originals are."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval.conversion.convert import Source, convert
from eval.datasets.files import open_text
from eval.datasets.registry import load_reading
from eval.datasets.retrieval import load_retrieval
from eval.datasets.squad import read_squad
from eval.evaluator import retrieval_result
from eval.reading import Prediction, score_reading
from indexing.sample import questions_path
from tests.eval.conversion.pieces import assert_is_squad, turned


def test_the_evaluator_reads_every_form_of_file(tmp_path: Path) -> None:
    """The same predictions score the same on the sample and on conversions of it."""
    gold = read_squad(questions_path())
    said = {q.id: Prediction(q.context[:20], 1.0 if i % 3 else -1.0) for i, q in enumerate(gold)}
    wanted = [(f.protocol, f.metric, f.value) for f in score_reading(gold, said)]
    for name, form in (("s.jsonl", "jsonl"), ("s.json", "squad-2.0"), ("s.csv", "subjqa")):
        turned(questions_path(), tmp_path / name, form)  # type: ignore[arg-type]
        found = score_reading(load_reading(str(tmp_path / name), "test", tmp_path), said)
        assert [(f.protocol, f.metric) for f in found] == [row[:2] for row in wanted]
        for figure, row in zip(found, wanted, strict=True):
            if form == "subjqa" and figure.protocol == "single":
                continue  # a row has one span, so an annotator's second one is somebody else's
            assert figure.value == pytest.approx(row[2], abs=1e-9), (name, figure)


def fake_run(texts: Any, queries: Any) -> dict[str, dict[str, float]]:
    """Any ranking, the same on every call: by how many words a text shares with the query."""
    run = {}
    for query in queries:
        words = set(query.text.lower().split())
        pool = [t for t in texts if query.product_id in (None, t.product_id)]
        run[query.id] = {t.id: float(len(words & set(t.text.lower().split()))) for t in pool}
    return run


def same_figures(folder: Path, direct: Any, split: str) -> None:
    made = load_retrieval(str(folder), split, Path())
    run = fake_run(direct.texts, direct.queries)
    assert fake_run(made.texts, made.queries) == run
    figures = [retrieval_result(data, run, {}).figures for data in (made, direct)]
    assert [(f.metric, f.value) for f in figures[0]] == [(f.metric, f.value) for f in figures[1]]
    assert (made.left_out, len(made.texts)) == (direct.left_out, len(direct.texts))


@pytest.mark.parametrize("protocol", ["open", "product"])
def test_beir_gives_the_figures_of_the_direct_protocol(tmp_path: Path, protocol: str) -> None:
    turned(questions_path(), tmp_path / "beir", "beir", protocol=protocol)
    direct = load_retrieval(str(questions_path()), "test", Path(), protocol)
    same_figures(tmp_path / "beir", direct, "test")


@pytest.mark.data
@pytest.mark.parametrize("name", ["subjqa:grocery", "rcrc:laptop"])
def test_public_sets_give_the_same_figures_as_beir(
    tmp_path: Path, data_root: Path, name: str
) -> None:
    convert(Source(name, None, "dev", data_root), tmp_path / "beir", "beir")
    same_figures(tmp_path / "beir", load_retrieval(name, "dev", data_root), "dev")


@pytest.mark.data
@pytest.mark.parametrize("split", ["train", "test"])
def test_subjqa_comes_back_row_by_row(tmp_path: Path, data_root: Path, split: str) -> None:
    """CSV to JSONL to DPR to CSV: every column of every row, but offsets that readers trim."""
    source = Source("subjqa:electronics", None, split, data_root)
    convert(source, tmp_path / "a.jsonl", "jsonl")
    turned(tmp_path / "a.jsonl", tmp_path / "b_dpr.json", "dpr", protocol="product")
    report = turned(tmp_path / "b_dpr.json", tmp_path / "c.csv", "subjqa")
    assert (report.dropped, report.lost) == ({}, {})
    raw = rows(data_root / "subjqa" / "electronics" / f"{split}.csv.gz")
    made = rows(tmp_path / "c.csv")
    assert len(made) == len(raw)
    left = Counter(map(row_key, raw)) - Counter(map(row_key, made))
    assert sum(left.values()) <= len(raw) / 100
    loose = Counter(row_key(r, offsets=False) for r in raw)
    changed = loose - Counter(row_key(r, offsets=False) for r in made)
    # Rows whose span lay wholly in the label token have become "no answer".
    assert sum(changed.values()) <= 3


def rows(path: Path) -> list[dict[str, str]]:
    with open_text(path) as stream:
        return list(csv.DictReader(stream))


def row_key(row: dict[str, str], offsets: bool = True) -> tuple[str, ...]:
    kept = {k: v for k, v in row.items() if offsets or k != "human_ans_indices"}
    kept["question"] = kept["question"].strip()
    return tuple(kept[key] for key in sorted(kept))


@pytest.mark.data
def test_public_sets_convert_to_squad_with_the_same_gold(tmp_path: Path, data_root: Path) -> None:
    for name, split in (("subjqa:electronics", "test"), ("squadshifts:amazon", "test")):
        target = tmp_path / f"{name.partition(':')[2]}.json.gz"
        convert(Source(name, None, split, data_root), target, "squad-2.0")
        with open_text(target) as stream:
            assert_is_squad(json.load(stream), "v2.0")
        direct = {q.id: q for q in load_reading(name, split, data_root)}
        made = {q.id: q for q in load_reading(str(target), "any", tmp_path)}
        assert {i: q.gold() for i, q in made.items()} == {i: q.gold() for i, q in direct.items()}
        assert {i: q.context for i, q in made.items()} == {i: q.context for i, q in direct.items()}
