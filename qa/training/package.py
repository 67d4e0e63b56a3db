"""From a training run to a reader folder: export, quantise, calibrate, measure, describe."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer

from eval.datasets.epqa import load_epqa
from eval.datasets.evidence import EVIDENCE
from eval.errors import DatasetNotFound
from eval.records import EvidenceQuestion, ReadingQuestion
from qa.errors import QAError
from qa.model_folder import MODEL, TOKENIZER, fingerprint, save_manifest
from qa.reader.calibration import Platt
from qa.reader.package import ReaderCalibration, ReaderManifest
from qa.reader.reader import Reader
from qa.reader.session import OnnxSpanModel
from qa.reader.windows import Window, Windower
from qa.training.calibrate import Calibrator, calibration
from qa.training.card import render_card
from qa.training.checkpoint import load
from qa.training.export import build
from qa.training.figures import card_sets, measure
from qa.training.held_out import on_other_texts, stand_in_products
from qa.training.int8 import export_int8, pruned_weights, shape_of
from qa.training.reader import selection_sets
from qa.training.reader_data import Part, training_questions
from qa.training.recipe import Recipe, backbone_path, last_trained
from qa.training.span_model import SpanReader
from qa.training.torch_model import TorchSpanModel

_SEEN_PER_PART = 20
Say = Callable[[str], None]
Sets = Mapping[str, list[ReadingQuestion]]
"""A recipe's selection sets, by name."""


def package_reader(
    recipe: Recipe, weights: Path, data: Path, out: Path, *, command: str, say: Say
) -> ReaderManifest:
    """Make a reader folder of a finished training run.

    Args:
        recipe: what led to the weights; activations are seen on its last stage's texts.
        weights: the file that :func:`qa.training.reader.train` returned.
        data: the root of the data sets, for calibration and figures.
        out: the reader folder; files in it are replaced.
        command: what figures are said to come from.

    Raises:
        QAError: there are no weights, or a data set that calibration needs is missing.
    """
    if not weights.is_file():
        raise QAError(f"{weights}: no trained reader: finish the training first")
    out.mkdir(parents=True, exist_ok=True)
    model = _trained(recipe, weights)
    say("exporting and quantising")
    _export(recipe, model, data, out)
    say("calibrating on held-out questions")
    held_out = selection_sets(recipe, data)
    manifest = _calibrated(recipe, held_out, data, out)
    save_manifest(out, manifest)
    reader = Reader.load(out)
    windower = _windower(recipe, out / TOKENIZER)
    original = Windower(_backbone_tokenizer(recipe), recipe.window)
    int8 = OnnxSpanModel(out / MODEL)
    sets = card_sets(data, held_out, say)
    figures = list(measure(reader, int8, windower, sets, "reader int8", say))
    say("the same in float, for comparison")
    figures += measure(reader, TorchSpanModel(model), original, sets, "reader fp32", say)
    manifest = replace(manifest, figures=[{**one, "command": command} for one in figures])
    save_manifest(out, manifest)
    (out / "README.md").write_text(render_card(manifest), "utf-8")
    return manifest


def _trained(recipe: Recipe, weights: Path) -> SpanReader:
    model = SpanReader(backbone_path(recipe.backbone), 0.0)
    model.eval()
    model.load_state_dict(load(weights)["model"], strict=False)
    return model


def _backbone_tokenizer(recipe: Recipe) -> Tokenizer:
    return Tokenizer.from_file(str(Path(backbone_path(recipe.backbone)) / TOKENIZER))


def _windower(recipe: Recipe, tokenizer: Path) -> Windower:
    return Windower(Tokenizer.from_file(str(tokenizer)), recipe.window)


def _export(recipe: Recipe, model: SpanReader, data: Path, out: Path) -> None:
    weights = pruned_weights(model, Path(backbone_path(recipe.backbone)), out / TOKENIZER)
    shape = shape_of(model.encoder, recipe.window.max_length)
    windows = _seen_windows(recipe, data, _windower(recipe, out / TOKENIZER))
    seen = [(window.input_ids, window.first) for window in windows]
    export_int8(lambda scales: build(weights, shape, scales), seen, out / MODEL)


def _seen_windows(recipe: Recipe, data: Path, windower: Windower) -> list[Window]:
    """Text of the last trained stage's sets, a little of each, to see activations on."""
    last = last_trained(recipe.stages)
    parts = [replace(part, limit=_SEEN_PER_PART) for part in last.parts]
    questions = [q for p in parts for q in training_questions(p, data, recipe.seed)]
    return windower.cut([q.question for q in questions], [[q.context] for q in questions])


def _calibrated(recipe: Recipe, held_out: Sets, data: Path, out: Path) -> ReaderManifest:
    windower = _windower(recipe, out / TOKENIZER)
    calibrator = Calibrator(OnnxSpanModel(out / MODEL), windower, recipe.rules)
    questions = calibration_questions(held_out, data, recipe.seed)
    evidence = product_questions(questions, data)
    curves = calibration(calibrator, questions, evidence)
    gate, passage = calibrator.product_threshold(evidence), calibrator.threshold(questions)
    return ReaderManifest(
        name="reader",
        fingerprint=fingerprint(out),
        window=recipe.window,
        max_answer_pieces=recipe.max_answer_pieces,
        within_sentence=recipe.within_sentence,
        calibration=ReaderCalibration(_rounded(curves.span), _rounded(curves.answerable)),
        threshold=round(curves.span(gate), 3),
        passage_threshold=round(curves.span(passage), 3),
        recipe=json.loads(json.dumps(asdict(recipe))),
        training={"recipe_fingerprint": recipe.fingerprint(), "torch": torch.__version__},
    )


def calibration_questions(held_out: Sets, data: Path, seed: int) -> list[ReadingQuestion]:
    """Held-out questions of the selection sets, and half as many more that have no answer."""
    questions = [q for name, part in held_out.items() if name not in EVIDENCE for q in part]
    dev = Part("squadshifts:amazon", split="dev", unanswerable=0.5, limit=300)
    try:
        more = training_questions(dev, data, seed)
    except DatasetNotFound:
        return questions + on_other_texts(questions, 0.5)
    return questions + [q for q in more if not q.gold("any")]


def product_questions(questions: list[ReadingQuestion], data: Path) -> list[EvidenceQuestion]:
    """ePQA dev, or what stands in for it where it is not at hand."""
    try:
        return load_epqa(data, "dev")
    except DatasetNotFound:
        return stand_in_products(questions)


def _rounded(curve: Platt) -> Platt:
    return Platt(round(curve.slope, 5), round(curve.intercept, 5))
