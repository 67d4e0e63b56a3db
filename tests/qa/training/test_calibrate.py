"""Calibration of a reader that leaves nothing to calibrate."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from eval.records import ReadingQuestion, Span
from qa.errors import QAError
from qa.model_folder import MODEL, TOKENIZER
from qa.reader.package import SHIPPED, load_manifest
from qa.reader.session import OnnxSpanModel
from qa.reader.spans import SpanRules
from qa.reader.windows import Windower
from qa.training.calibrate import Calibrator

CONTEXT = "The battery lasts nine hours on one charge."


def test_a_reader_that_is_never_right_is_refused_with_the_reason() -> None:
    manifest = load_manifest(SHIPPED)
    windower = Windower(Tokenizer.from_file(str(SHIPPED / TOKENIZER)), manifest.window)
    calibrator = Calibrator(OnnxSpanModel(SHIPPED / MODEL, threads=1), windower, SpanRules(64))
    wrong = Span(CONTEXT.index("charge"), CONTEXT.index("charge") + 6, "charge")
    questions = [
        ReadingQuestion(f"q{n}", "How long does the battery last?", CONTEXT, ((wrong,),))
        for n in range(3)
    ]
    with pytest.raises(QAError, match=r"on 3 held-out questions, of which it has 0 right.*longer"):
        calibrator.span(questions)
