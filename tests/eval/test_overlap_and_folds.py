"""ROUGE and BLEU by hand, and folds that never share a product."""

from __future__ import annotations

import sys
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.errors import MissingLibrary, TooFewGroups
from eval.folds import cross_tuned, group_folds, spread
from eval.metrics import overlap
from eval.metrics.catalogue import CATALOGUE
from eval.reading import Prediction, reading_columns
from eval.records import ReadingQuestion, Span
from eval.results import Column


def test_rouge_by_hand() -> None:
    found = overlap.rouge("the strap holds", ["the strap broke", "strap"])
    # unigrams 2 of 3 and 2 of 3; bigrams 1 of 2; the second gold: 1 of 3 and 1 of 1
    assert found["rouge1"] == pytest.approx(2 / 3)
    assert found["rouge2"] == pytest.approx(1 / 2)
    assert found["rougeL"] == pytest.approx(2 / 3)
    assert overlap.rouge("", []) == {"rouge1": 1.0, "rouge2": 1.0, "rougeL": 1.0}
    assert set(overlap.rouge("x", []).values()) == {0.0}
    assert set(overlap.rouge(" ", ["x"]).values()) == {0.0}


def test_bleu_takes_any_number_of_golds() -> None:
    text = "the strap holds a heavy camera"
    assert overlap.bleu([text], [[text, "other"]]) == pytest.approx(100)
    assert overlap.bleu([text, text], [[text], ["no", text]]) == pytest.approx(100)
    assert overlap.bleu(["nothing here fits at all"], [[text]]) < 5
    assert "nrefs:2|case:mixed|eff:no|tok:13a" in overlap.bleu_signature(2)
    with pytest.raises(ValueError, match="a gold answer each"):
        overlap.bleu(["x"], [[]])


def test_a_missing_library_names_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MissingLibrary, match=r"sacrebleu is not installed: pip install 'reviewqa"):
        overlap.bleu(["x"], [["x"]])


def test_every_metric_is_declared_with_its_source() -> None:
    names = [definition.name for definition in CATALOGUE]
    assert len(set(names)) == len(names)
    wanted = "em f1 recall success mrr map ndcg precision ece brier aurc coverage@90 best_f1 rouge1"
    assert {*wanted.split(), "rouge2", "rougeL", "bleu"} <= set(names)
    assert all(d.meaning.endswith(".") and d.source for d in CATALOGUE)


GROUPS = st.dictionaries(
    st.integers(0, 60).map(str), st.integers(0, 12).map(str), min_size=1, max_size=40
)


@given(GROUPS, st.integers(2, 5))
def test_no_product_on_both_sides(groups: dict[str, str], count: int) -> None:
    if len(set(groups.values())) < count:
        with pytest.raises(TooFewGroups, match="folds of"):
            group_folds(groups, count)
        return
    folds = group_folds(groups, count)
    assert sorted(name for fold in folds for name in fold) == sorted(groups)
    assert all(folds)
    products = [{groups[name] for name in fold} for fold in folds]
    assert sum(map(len, products)) == len(set(groups.values()))
    largest = max(list(groups.values()).count(g) for g in groups.values())
    assert max(map(len, folds)) - min(map(len, folds)) <= largest
    shuffled = dict(sorted(groups.items(), reverse=True))
    assert group_folds(shuffled, count) == folds


def test_spread_is_mean_and_deviation_over_folds() -> None:
    column = Column("f1", "all", {"a": 1.0, "b": 0.0, "c": 0.5, "d": 0.5, "e": 1.0}, "percent")
    (found,) = spread([column], [frozenset("ab"), frozenset("cd"), frozenset("e"), frozenset("x")])
    assert found.values == (50.0, 50.0, 100.0)
    assert found.mean == pytest.approx(mean([50, 50, 100]))
    assert found.deviation == pytest.approx(stdev([50, 50, 100]))


def test_cross_tuning_never_looks_at_its_own_fold() -> None:
    """Each fold alone wants another threshold, so tuning on the others is wrong for it."""
    questions, predictions = [], {}
    for fold, right_above in (("x", 5.0), ("y", -5.0)):
        for number in range(30):
            name, score = f"{fold}{number}", right_above + (number - 15) / 10
            spans = (Span(0, 3, "red"),) if score >= right_above else ()
            questions.append(ReadingQuestion(name, "?", "red", (spans,)))
            predictions[name] = Prediction("red", score)
    folds = [frozenset(q.id for q in questions if q.id[0] == letter) for letter in "xy"]
    cross = {c.name: mean(c.scores.values()) for c in cross_tuned(questions, predictions, folds)}
    own = {
        c.name: mean(c.scores.values())
        for c in reading_columns(questions[:30], {q.id: predictions[q.id] for q in questions[:30]},
                                 threshold=5.0)
    }  # fmt: skip
    assert own["all: em"] == 1.0
    assert cross["all (cross-tuned): em"] == pytest.approx(0.5, abs=0.1)
