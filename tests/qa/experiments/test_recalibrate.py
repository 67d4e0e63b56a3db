"""Calibration on one's own questions: against outcomes drawn by a known curve."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path

import pytest

from eval.errors import TooFewGroups
from eval.reading import Prediction
from eval.records import ReadingQuestion, Span
from qa.errors import QAError
from qa.experiments.recalibrate import Recalibrated, recalibrate, save_recalibrated
from qa.model_folder import MODEL, TOKENIZER
from qa.reader.package import SHIPPED, load_manifest
from qa.reader.reader import Reader

MANIFEST = load_manifest(SHIPPED)
CONTEXT = "The strap is red."
RIGHT = Span(13, 16, "red")


def drawn(
    slope: float, intercept: float, count: int = 1500, products: int = 12
) -> tuple[list[ReadingQuestion], dict[str, Prediction]]:
    """Questions whose best span is right as often as the curve says for its score."""
    rng = random.Random(3)
    questions, predictions = [], {}
    for number in range(count):
        score = rng.uniform(-8, 10)
        right = rng.random() < 1 / (1 + math.exp(-(slope * score + intercept)))
        name = f"q{number}"
        product = f"P{number % products}"
        questions.append(ReadingQuestion(name, "?", CONTEXT, ((RIGHT,),), product_id=product))
        predictions[name] = Prediction("red" if right else "strap", score)
    return questions, predictions


def made(slope: float, intercept: float) -> Recalibrated:
    return recalibrate(MANIFEST, *drawn(slope, intercept), dataset="mine")


def test_the_curve_that_outcomes_were_drawn_by_is_found() -> None:
    found = made(0.6, 0.8)
    curve = found.manifest.calibration.span
    assert curve.slope == pytest.approx(0.6, abs=0.1)
    assert curve.intercept == pytest.approx(0.8, abs=0.2)
    assert found.after.ece < 0.05 < found.before.ece
    assert found.after.brier < found.before.brier
    assert (found.questions, found.folds) == (1500, 5)


def test_what_decides_over_a_product_decides_as_before() -> None:
    """Its number is a confidence, so it follows the curve; the log odds behind it stay."""
    found = made(0.6, 0.8).manifest
    old = MANIFEST.calibration.span.score_at(MANIFEST.threshold)
    assert found.calibration.answerable == MANIFEST.calibration.answerable
    assert found.threshold != MANIFEST.threshold
    assert found.calibration.span.score_at(found.threshold) == pytest.approx(old, abs=0.02)


def test_figures_of_the_old_calibration_are_left_out() -> None:
    found = made(0.6, 0.8).manifest
    assert found.training["calibrated_on"] == "mine"
    assert found.fingerprint == MANIFEST.fingerprint
    assert {f["metric"] for f in MANIFEST.figures} - {f["metric"] for f in found.figures} == {"ece"}
    assert not [f for f in found.figures if f.get("threshold") == "tuned"]
    kept = [f for f in MANIFEST.figures if f["metric"] != "ece" and f.get("threshold") != "tuned"]
    assert found.figures == kept


def test_outcomes_that_teach_nothing_are_refused() -> None:
    questions, predictions = drawn(0.6, 0.8, 60)
    wrong = {name: replace(one, text="strap") for name, one in predictions.items()}
    with pytest.raises(QAError, match="60 questions, of which it has 0 right"):
        recalibrate(MANIFEST, questions, wrong, dataset="mine")
    with pytest.raises(QAError, match="higher scores are right no more often"):
        recalibrate(MANIFEST, *drawn(-0.6, 0.0), dataset="mine")
    with pytest.raises(TooFewGroups):
        recalibrate(MANIFEST, *drawn(0.6, 0.8, 60, products=1), dataset="mine")


def test_the_copy_is_whole_and_takes_nobodys_place(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "mine"
    save_recalibrated(SHIPPED, made(0.6, 0.8).manifest, out)
    reader = Reader.load(out, threads=1)
    assert reader.manifest.training["calibrated_on"] == "mine"
    for name in (MODEL, TOKENIZER):
        assert (out / name).read_bytes() == (SHIPPED / name).read_bytes()
    assert [path.name for path in out.parent.iterdir()] == ["mine"]
    with pytest.raises(QAError, match="is there already"):
        save_recalibrated(SHIPPED, MANIFEST, out)
    assert Reader.load(out, threads=1).manifest == reader.manifest
