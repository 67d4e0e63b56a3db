"""Every encoder against the library it comes from, on tiny real architectures."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertModel, DPRContextEncoder, DPRQuestionEncoder

from qa.encoders.dpr import DprEncoder
from qa.encoders.fake import FakeEncoder
from qa.encoders.onnx import OnnxEncoder
from qa.encoders.protocol import Encoder, Vectors
from qa.encoders.registry import open_encoder
from qa.encoders.remembering import RememberingEncoder
from qa.encoders.sentence_transformer import SentenceTransformerEncoder
from qa.errors import ModelError
from qa.model_folder import MODEL, TOKENIZER, fingerprint, save_manifest
from tests.qa.encoders.conftest import DIMENSION, MAX_LENGTH, Pooled, make_folder

TEXTS = [
    "Does the strap hold a heavy camera?",
    "loud",
    "",
    "It is 12.5 cm wide — très joli \U0001f600. " * 4,
    "The battery lasts nine hours, then it needs a charge. " * 40,
]


def expected(bert: Path, texts: list[str]) -> np.ndarray:
    """Each text alone through torch, in float."""
    model, tokenizer = (
        Pooled(BertModel.from_pretrained(bert)).eval(),
        AutoTokenizer.from_pretrained(bert),
    )
    rows = []
    for text in texts:
        inputs = tokenizer(text, truncation=True, max_length=MAX_LENGTH, return_tensors="pt")
        with torch.inference_mode():
            rows.append(model(**inputs)[0].numpy())
    return np.stack(rows)


@pytest.fixture(scope="module")
def hub_model(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    word = Transformer(str(bert), max_seq_length=MAX_LENGTH)
    made = SentenceTransformer(
        modules=[word, Pooling(DIMENSION, "mean"), Normalize()], device="cpu"
    )
    folder = tmp_path_factory.mktemp("hub")
    made.save(str(folder))
    return folder


@pytest.fixture(params=["onnx", "sentence-transformers", "dpr", "fake"])
def encoder(
    request: pytest.FixtureRequest, onnx_folder: Path, hub_model: Path, dpr: tuple[Path, Path]
) -> Encoder:
    name = {
        "onnx": str(onnx_folder),
        "sentence-transformers": f"hub:{hub_model}",
        "dpr": f"dpr:{dpr[0]},{dpr[1]}",
        "fake": "fake:16",
    }[request.param]
    return open_encoder(name, threads=2)


class TestEveryEncoder:
    """What the protocol promises."""

    def test_shapes_and_lengths_are_as_declared(self, encoder: Encoder) -> None:
        for encode in (encoder.encode_queries, encoder.encode_passages):
            found = encode(TEXTS)
            assert found.shape == (len(TEXTS), encoder.dimension)
            assert found.dtype == np.float32
            if encoder.normalized:
                assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)
            assert encode([]).shape == (0, encoder.dimension)

    def test_a_text_has_one_vector_whatever_its_company(self, encoder: Encoder) -> None:
        together = encoder.encode_passages([*TEXTS, *reversed(TEXTS)])
        assert together[: len(TEXTS)] == pytest.approx(together[len(TEXTS) :][::-1], abs=1e-5)
        for text, row in zip(TEXTS, together, strict=False):
            assert encoder.encode_passages([text])[0] == pytest.approx(row, abs=1e-5)

    def test_what_is_too_long_is_cut(self, encoder: Encoder) -> None:
        long = "battery " * 1000
        once, twice = encoder.encode_passages([long, long * 2])
        assert once == pytest.approx(twice, abs=1e-6)

    def test_it_can_be_opened_again_under_its_fingerprint(self, encoder: Encoder) -> None:
        assert encoder.fingerprint
        assert encoder.max_length > 3


def test_onnx_is_torch(onnx_folder: Path, bert: Path) -> None:
    found = OnnxEncoder.load(onnx_folder).encode_passages(TEXTS)
    assert found == pytest.approx(expected(bert, TEXTS), abs=2e-6)


def test_prefixes_go_before_texts(bert: Path, tmp_path: Path) -> None:
    folder = make_folder(tmp_path, bert, query_prefix="query: ", passage_prefix="passage: ")
    encoder = OnnxEncoder.load(folder, threads=1)
    wanted = expected(bert, ["query: loud", "passage: loud"])
    assert encoder.encode_queries(["loud"])[0] == pytest.approx(wanted[0], abs=2e-6)
    assert encoder.encode_passages(["loud"])[0] == pytest.approx(wanted[1], abs=2e-6)


def test_two_towers_are_a_folder_each(onnx_folder: Path, bert: Path, tmp_path: Path) -> None:
    shutil.copytree(onnx_folder, tmp_path / "query")
    (tmp_path / "passage").mkdir()
    make_folder(tmp_path / "passage", bert, passage_prefix="p ")
    encoder = OnnxEncoder.load(tmp_path)
    one = OnnxEncoder.load(onnx_folder)
    assert np.array_equal(encoder.encode_queries(["loud"]), one.encode_queries(["loud"]))
    assert np.array_equal(encoder.encode_passages(["loud"]), one.encode_passages(["p loud"]))
    assert encoder.fingerprint != one.fingerprint
    towers = OnnxEncoder.load(tmp_path / "passage").manifest
    save_manifest(tmp_path / "passage", dataclasses.replace(towers, normalized=False))
    with pytest.raises(ModelError, match="do not fit"):
        OnnxEncoder.load(tmp_path)


def test_sentence_transformers_is_torch(hub_model: Path, bert: Path) -> None:
    encoder = SentenceTransformerEncoder(str(hub_model))
    assert encoder.encode_passages(TEXTS) == pytest.approx(expected(bert, TEXTS), abs=2e-6)
    assert (encoder.max_length, encoder.normalized) == (MAX_LENGTH, True)


@pytest.mark.parametrize("similarity", ["dot", "euclidean"])
def test_a_models_similarity_decides(hub_model: Path, tmp_path: Path, similarity: str) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(hub_model), device="cpu", similarity_fn_name=similarity)
    model.save(str(tmp_path / "m"))
    if similarity == "dot":
        assert not SentenceTransformerEncoder(str(tmp_path / "m")).normalized
    else:
        with pytest.raises(ModelError, match="euclidean"):
            SentenceTransformerEncoder(str(tmp_path / "m"))


def test_dpr_has_two_towers_and_leaves_lengths(dpr: tuple[Path, Path]) -> None:
    encoder = DprEncoder(*map(str, dpr))
    for kind, folder, encode in (
        (DPRQuestionEncoder, dpr[0], encoder.encode_queries),
        (DPRContextEncoder, dpr[1], encoder.encode_passages),
    ):
        tokenizer, model = (
            AutoTokenizer.from_pretrained(folder),
            kind.from_pretrained(folder).eval(),
        )
        for text in TEXTS[:4]:
            with torch.inference_mode():
                wanted = model(**tokenizer(text, return_tensors="pt")).pooler_output[0].numpy()
            assert encode([text])[0] == pytest.approx(wanted, abs=1e-5)
    assert not np.allclose(np.linalg.norm(encoder.encode_passages(TEXTS), axis=1), 1, atol=1e-3)


def test_the_towers_of_dpr_are_not_interchangeable(dpr: tuple[Path, Path]) -> None:
    with pytest.raises(ModelError, match="no DPRQuestionEncoder"):
        DprEncoder(str(dpr[1]), str(dpr[0]))


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nowhere", "no encoder 'nowhere': one of shipped"),
        ("hub:no/such-model-here", "hub:no/such-model-here: cannot be loaded"),
        ("dpr:only-one", "dpr:QUESTION,PASSAGE"),
        ("dpr:no/such,no/other", "dpr:no/such: cannot be loaded"),
        ("fake:0", "1 or more"),
        ("fake:many", "1 or more"),
    ],
)
def test_what_cannot_be_opened_is_told_in_a_line(name: str, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint) as told:
        open_encoder(name)
    assert "\n" not in str(told.value)


def test_a_missing_library_names_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.encoders.weights.find_spec", lambda name: None)
    for name in ("hub:x", "dpr:x,y"):
        with pytest.raises(ModelError, match=r"pip install 'reviewqa\[dense-hub\]'"):
            open_encoder(name)


def test_broken_files_are_told(onnx_folder: Path, tmp_path: Path) -> None:
    for name, complaint in ((MODEL, "cannot load this model"), (TOKENIZER, "not a usable tok")):
        folder = tmp_path / name
        shutil.copytree(onnx_folder, folder)
        manifest = OnnxEncoder.load(folder).manifest
        (folder / name).write_bytes(b"garbage")
        save_manifest(folder, dataclasses.replace(manifest, fingerprint=fingerprint(folder)))
        with pytest.raises(ModelError, match=complaint):
            OnnxEncoder.load(folder)


def test_a_remembering_encoder_gives_the_same_vectors_and_encodes_a_text_once() -> None:
    class Counting(FakeEncoder):
        seen: ClassVar[list[str]] = []

        def encode_passages(self, texts: Sequence[str]) -> Vectors:
            self.seen.extend(texts)
            return super().encode_passages(texts)

    encoder = RememberingEncoder(Counting(16))
    texts = ["a strap", "a camera", "a strap"]
    first = encoder.encode_passages(texts)
    again = encoder.encode_passages([*texts, "a bag"])
    assert np.array_equal(first, FakeEncoder(16).encode_passages(texts))
    assert np.array_equal(again, FakeEncoder(16).encode_passages([*texts, "a bag"]))
    assert Counting.seen == ["a strap", "a camera", "a bag"]
    assert encoder.encode_passages([]).shape == (0, 16)
    assert encoder.fingerprint == FakeEncoder(16).fingerprint
