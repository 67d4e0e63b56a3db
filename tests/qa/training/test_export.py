"""The ONNX reader against torch: the same logits in float, close ones in int8, any vocabulary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument
from tokenizers import Tokenizer

from qa.model_folder import TOKENIZER
from qa.reader.session import OnnxSpanModel
from qa.reader.spans import FloatArray
from qa.reader.windows import Window, Windower, WindowSettings
from qa.training.export import NO_ANSWER, Shape, build, save, smoothable_products
from qa.training.quantization import quantize
from qa.training.span_model import PooledDropout, SpanReader
from qa.training.torch_model import TorchSpanModel
from qa.training.vocabulary import kept_ids, pruned_tokenizer

CONTEXTS = ["The strap is red. " * n for n in (1, 3, 8)] + ['Ümlaut café 5" 日本 ☃', "x"]


@pytest.fixture(scope="module")
def model(backbone: Path) -> SpanReader:
    torch.manual_seed(3)
    made = SpanReader(backbone, dropout=0.1)
    for name, parameter in made.named_parameters():
        if not name.startswith("encoder.embeddings"):
            parameter.data.add_(torch.randn_like(parameter) * 0.05)
    # Embeddings that int8 rows hold exactly, so that the float graphs can be compared closely.
    for table in (
        made.encoder.embeddings.word_embeddings,
        made.encoder.embeddings.position_embeddings,
    ):
        codes = torch.randint(-127, 128, table.weight.shape).float()
        codes[:, 0] = 127
        table.weight.data.copy_(codes / 1000)
    made.eval()
    return made


def exported(model: SpanReader, path: Path, *, smooth: bool = False) -> Path:
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    weights = {name: value for name, value in weights.items() if value.dtype == np.float32}
    shape = Shape(2, 4, model.encoder.config.layer_norm_eps, 96)
    graph = build(weights, shape)
    if smooth:
        rng, width = np.random.default_rng(5), model.encoder.config.hidden_size
        scales = {
            name: rng.uniform(0.2, 5, width).astype(np.float32)
            for name in smoothable_products(graph)
        }
        graph = build(weights, shape, scales)
    save(graph, path)
    return path


def answering(window: Window, logits: FloatArray) -> FloatArray:
    """Those where an answer may begin or end: of the first piece and what follows the question."""
    np.testing.assert_array_equal(logits[1 : window.first], np.float32(NO_ANSWER))
    assert logits.shape == (window.length,)
    return kept(window, logits)


def kept(window: Window, logits: FloatArray) -> FloatArray:
    """The same of a model that gives logits everywhere."""
    return np.concatenate((logits[:1], logits[window.first :]))


@pytest.mark.parametrize("smooth", [False, True])
def test_float_logits_equal_torch(
    model: SpanReader, backbone: Path, tmp_path: Path, smooth: bool
) -> None:
    path = exported(model, tmp_path / "float.onnx", smooth=smooth)
    windower = Windower(Tokenizer.from_file(str(backbone / TOKENIZER)), WindowSettings(90))
    windows = windower.cut(["what color?"], [CONTEXTS])
    ours, theirs = (
        OnnxSpanModel(path, threads=2).logits(windows),
        TorchSpanModel(model).logits(windows),
    )
    for window, mine, exact in zip(windows, ours, theirs, strict=True):
        for one, other in zip(mine, exact, strict=True):
            np.testing.assert_allclose(answering(window, one), kept(window, other), atol=2e-4)


def test_int8_logits_stay_close_and_do_not_depend_on_company(
    model: SpanReader, backbone: Path, tmp_path: Path
) -> None:
    path = exported(model, tmp_path / "float.onnx")
    quantize(path, tmp_path / "int8.onnx")
    windower = Windower(Tokenizer.from_file(str(backbone / TOKENIZER)), WindowSettings(90))
    windows = windower.cut(["what color?"], [CONTEXTS])
    whole, small = OnnxSpanModel(path), OnnxSpanModel(tmp_path / "int8.onnx", threads=2)
    together = small.logits(windows)
    for window, (start, end), (start2, end2) in zip(
        windows, together, whole.logits(windows), strict=True
    ):
        both, exact = (
            np.stack([answering(window, logits) for logits in pair])
            for pair in ((start, end), (start2, end2))
        )
        assert np.corrcoef(both.ravel(), exact.ravel())[0, 1] > 0.99
        (alone,) = small.logits([window])
        np.testing.assert_array_equal(alone[0], start)


def test_a_batch_is_refused_rather_than_read_with_its_padding(
    model: SpanReader, tmp_path: Path
) -> None:
    session = ort.InferenceSession(exported(model, tmp_path / "float.onnx"))
    ids = np.array([[2, 5, 3], [2, 3, 0]])
    with pytest.raises(InvalidArgument, match="invalid dimensions"):
        session.run(["start"], {"input_ids": ids, "token_type_ids": np.zeros_like(ids)})


SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TOKENS = [*SPECIAL, "[unused0]", "日", "strap", "##s", "é", "!", "☃", "5", "д"]


def tokenizer_tree(tokens: list[str]) -> dict[str, Any]:
    vocabulary = {token: i for i, token in enumerate(tokens)}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    begin = {"SpecialToken": {"id": "[CLS]", "type_id": 0}}
    body = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "version": "1.0",
        "truncation": {
            "max_length": 8,
            "strategy": "LongestFirst",
            "stride": 0,
            "direction": "Right",
        },
        "padding": None,
        "added_tokens": [
            {"id": vocabulary[t], "content": t, "special": True, **flags} for t in SPECIAL
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [begin, body],
            "pair": [body, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}},
        },
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }


def test_a_pruned_vocabulary_reads_latin_text_alike() -> None:
    tree = tokenizer_tree(TOKENS)
    kept = kept_ids(tree["model"]["vocab"])
    before = Tokenizer.from_str(json.dumps(tree | {"truncation": None}))
    after = Tokenizer.from_str(json.dumps(pruned_tokenizer(tree, kept)))
    assert [TOKENS[i] for i in kept] == [t for t in TOKENS if t not in {"[unused0]", "日", "д"}]
    text = "straps é ! ☃ 5 straps strap"
    assert after.encode(text).tokens == before.encode(text).tokens
    assert [kept[i] for i in after.encode(text).ids] == before.encode(text).ids
    assert after.encode("日 д").tokens == ["[CLS]", "[UNK]", "[UNK]"]


def test_pooled_dropout_drops_its_share_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    layer = PooledDropout(0.2, size=1 << 16)
    x = torch.ones(64, 256)
    y = layer.train()(x)
    assert float((y == 0).float().mean()) == pytest.approx(0.2, abs=0.02)
    assert float(y.mean()) == pytest.approx(1.0, abs=0.03)
    assert torch.equal(layer.eval()(x), x)
