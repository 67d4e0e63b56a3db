"""There and back gives the same questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.conversion.formats import Format
from eval.datasets.jsonl import read_jsonl
from eval.datasets.squad import read_squad
from eval.datasets.subjqa import NO_ANSWER, read_subjqa
from eval.errors import MalformedData
from eval.records import ReadingQuestion
from tests.eval.conversion.pieces import LISTED, asked, back, questions, turned, written


@given(questions())
def test_jsonl_holds_everything(
    tmp_path_factory: pytest.TempPathFactory, listed: list[ReadingQuestion]
) -> None:
    folder = tmp_path_factory.mktemp("jsonl")
    report = turned(written(folder, listed), folder / "out.jsonl.gz", "jsonl")
    assert read_jsonl(folder / "out.jsonl.gz") == listed
    assert (report.dropped, report.lost) == ({}, {})


@given(questions(), st.sampled_from(["open", "product"]), st.sampled_from(["beir", "dpr"]))
def test_beir_and_dpr_and_back_is_exact(
    tmp_path_factory: pytest.TempPathFactory,
    listed: list[ReadingQuestion],
    protocol: str,
    form: Format,
) -> None:
    folder = tmp_path_factory.mktemp("judged")
    target = folder / ("beir" if form == "beir" else "dpr.json")
    report = turned(written(folder, listed), target, form, protocol=protocol)
    assert (report.dropped, report.lost) == ({}, {})
    assert back(folder, target) == {q.id: q for q in listed}
    # and through the other of the two
    other = folder / ("dpr.json" if form == "beir" else "beir")
    turned(target, other, "dpr" if form == "beir" else "beir")
    assert back(folder, other) == {q.id: q for q in listed}


@given(questions(trimmed=True))
def test_subjqa_and_back_keeps_every_annotation(
    tmp_path_factory: pytest.TempPathFactory, listed: list[ReadingQuestion]
) -> None:
    folder = tmp_path_factory.mktemp("subjqa")
    report = turned(written(folder, listed), folder / "out.csv", "subjqa")
    found = {q.id: q for q in read_subjqa(folder / "out.csv")}
    for question in listed:
        again = found[question.id]
        assert again.meta["q_reviews_id"] == question.meta.get("q_reviews_id", "")
        assert replace(again, meta=question.meta) == question
    rows = sum(len(q.annotations) for q in listed)
    assert (report.written["rows"], report.lost) == (rows, {})


@given(questions())
def test_squad_and_back_keeps_every_span_and_says_what_it_does_not_keep(
    tmp_path_factory: pytest.TempPathFactory, listed: list[ReadingQuestion]
) -> None:
    folder = tmp_path_factory.mktemp("squad")
    report = turned(written(folder, listed), folder / "out.json", "squad-2.0")
    found = back(folder, folder / "out.json")
    lost = 0
    for question in listed:
        again = found[question.id]
        assert again.gold() == question.gold()
        lost += len(question.annotations) - len(again.annotations)
        spans = [one for one in question.annotations if one]
        assert again.annotations == (tuple(spans) or ((),))
        meta = {k: v for k, v in again.meta.items() if k != "title"}
        assert replace(again, annotations=question.annotations, meta=meta) == question
    assert sum(report.lost.values()) == lost


def test_half_a_surrogate_pair_is_kept_where_json_can(tmp_path: Path) -> None:
    question = replace(LISTED[2], question="\ud83d loud?")
    source = written(tmp_path, [question])
    turned(source, tmp_path / "o.jsonl", "jsonl")
    turned(source, tmp_path / "o.json", "squad-2.0")
    assert read_jsonl(tmp_path / "o.jsonl") == [question]
    assert read_squad(tmp_path / "o.json")[0].question == question.question
    with pytest.raises(MalformedData, match="half a surrogate pair"):
        turned(source, tmp_path / "o.csv", "subjqa")
    assert not list(tmp_path.glob("o.csv*"))


def test_labels_of_the_annotation_tool_survive(tmp_path: Path) -> None:
    contexts = ["", "ends in spaces  ", f"says {NO_ANSWER}", f"{NO_ANSWER} "]
    listed = [
        replace(asked(f"q{i}", ()), context=text, context_id=f"r{i}")
        for i, text in enumerate(contexts)
    ]
    turned(written(tmp_path, listed), tmp_path / "o.csv", "subjqa")
    assert [q.context for q in read_subjqa(tmp_path / "o.csv")] == contexts
