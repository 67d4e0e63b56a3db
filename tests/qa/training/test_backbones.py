"""Other encoders reading BERT's pieces, against the Transformers library's way of running them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertTokenizerFast, MPNetConfig, MPNetModel, MPNetTokenizerFast

from qa.errors import QAError
from qa.model_folder import TOKENIZER
from qa.reader.windows import Windower, WindowSettings
from qa.training.backbones import load_backbone, load_reading_backbone
from qa.training.span_model import SpanReader
from qa.training.torch_model import tensors

WORDS = ["the", "strap", "is", "red", "heavy", "##er", "what", "color", "?", "."]
QUESTION, CONTEXT = "what color is the strap?", "the strap is red. unheardof heavyer"


def mpnet(folder: Path, words: list[str]) -> Path:
    """A tiny MPNet of random weights with relative positions that matter."""
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", *words, "<mask>"]
    numbered = {word: number for number, word in enumerate(vocabulary)}
    MPNetTokenizerFast(vocab=numbered, unk_token="[UNK]").save_pretrained(folder)
    torch.manual_seed(1)
    config = MPNetConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=80,
    )
    model = MPNetModel(config, add_pooling_layer=False)
    model.encoder.relative_attention_bias.weight.data.normal_()
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def bert_pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT-like tokenizer of the same words under other numbers."""
    folder = tmp_path_factory.mktemp("pieces")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS[::-1]]
    BertTokenizerFast(
        vocab={word: number for number, word in enumerate(vocabulary)}
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mpnet(tmp_path_factory.mktemp("mpnet"), WORDS)


def test_fused_attention_computes_what_the_library_computes(teacher: Path) -> None:
    own = MPNetModel.from_pretrained(teacher, add_pooling_layer=False).eval()
    ours = load_backbone(teacher).eval()
    ids = torch.tensor([[0, 5, 6, 7, 8, 2], [0, 9, 6, 2, 1, 1]])
    mask = (ids != 1).long()
    wanted = own(input_ids=ids, attention_mask=mask).last_hidden_state
    found = ours(input_ids=ids, attention_mask=mask).last_hidden_state
    torch.testing.assert_close(found[mask == 1], wanted[mask == 1], atol=1e-5, rtol=1e-4)


def test_it_reads_the_pieces_of_a_bert_like_tokenizer(teacher: Path, bert_pieces: Path) -> None:
    """Windows cut by one tokenizer, padded side by side, against the other one's own numbers."""
    windower = Windower(Tokenizer.from_file(str(bert_pieces / TOKENIZER)), WindowSettings())
    windows = windower.cut([QUESTION, "red?"], [[CONTEXT], ["the"]])
    renumbered = load_reading_backbone(teacher, bert_pieces).eval()
    found = renumbered(**tensors(windows, torch.device("cpu"))).last_hidden_state
    own = MPNetModel.from_pretrained(teacher, add_pooling_layer=False).eval()
    tokenizer = MPNetTokenizerFast.from_pretrained(teacher)
    for row, (question, context) in enumerate([(QUESTION, CONTEXT), ("red?", "the")]):
        parts = [
            tokenizer(text, add_special_tokens=False).input_ids for text in (question, context)
        ]
        ids = torch.tensor([[0, *parts[0], 2, *parts[1], 2]])
        wanted = own(input_ids=ids).last_hidden_state[0]
        torch.testing.assert_close(found[row, : ids.shape[1]], wanted, atol=1e-5, rtol=1e-4)


def test_embeddings_and_relative_positions_stay(teacher: Path) -> None:
    moved = [name for name, p in load_backbone(teacher).named_parameters() if p.requires_grad]
    assert moved
    assert not [name for name in moved if "embeddings" in name or "relative" in name]


def test_a_backbone_without_a_piece_is_refused(bert_pieces: Path, tmp_path: Path) -> None:
    lacking = mpnet(tmp_path, [word for word in WORDS if word != "heavy"])
    with pytest.raises(QAError, match="'heavy'"):
        load_reading_backbone(lacking, bert_pieces)


def test_a_backbone_reads_its_own_pieces_as_it_is(backbone: Path) -> None:
    pieces = json.loads((backbone / TOKENIZER).read_text("utf-8"))["model"]["vocab"]
    for tokenizer in (None, backbone):
        reader = SpanReader(backbone, 0.0, tokenizer)
        assert reader.encoder.config.vocab_size == len(pieces)
        assert "encoder.embeddings.word_embeddings.weight" in reader.state_dict()
