"""Tiny encoders of real architectures, made here: BERT, as ONNX too, and a DPR pair."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="encoders are made with torch: pip install 'reviewqa[train]'")

import torch
import transformers
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    DPRConfig,
    DPRContextEncoder,
    DPRQuestionEncoder,
)

from qa.encoders.package import EncoderManifest
from qa.model_folder import MODEL, TOKENIZER, fingerprint, save_manifest
from qa.reader.package import SHIPPED

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()

DIMENSION, MAX_LENGTH = 32, 48
SIZES = {
    "hidden_size": DIMENSION,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}


class Pooled(nn.Module):
    """Mean over the mask, length 1: the graph that an encoder folder holds."""

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        self.bert = bert

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        found = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(found.dtype)
        return nn.functional.normalize((found * mask).sum(1) / mask.sum(1), dim=-1)


@pytest.fixture(scope="session")
def vocabulary() -> list[str]:
    tree = json.loads((SHIPPED / TOKENIZER).read_text("utf-8"))
    return sorted(tree["model"]["vocab"], key=tree["model"]["vocab"].__getitem__)


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory, vocabulary: list[str]) -> Path:
    """A BERT with random weights and its tokenizer, saved as a hub model would be."""
    folder = tmp_path_factory.mktemp("bert")
    _tokenizer(folder)
    torch.manual_seed(3)
    config = BertConfig(vocab_size=len(vocabulary), attn_implementation="eager", **SIZES)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def dpr(tmp_path_factory: pytest.TempPathFactory, vocabulary: list[str]) -> tuple[Path, Path]:
    """A question tower and a passage tower with different random weights."""
    found = []
    for seed, kind in enumerate((DPRQuestionEncoder, DPRContextEncoder)):
        folder = tmp_path_factory.mktemp(f"dpr{seed}")
        _tokenizer(folder)
        torch.manual_seed(seed)
        kind(DPRConfig(vocab_size=len(vocabulary), **SIZES)).save_pretrained(folder)
        found.append(folder)
    return found[0], found[1]


@pytest.fixture(scope="session")
def onnx_folder(tmp_path_factory: pytest.TempPathFactory, bert: Path) -> Path:
    """The BERT above as an encoder folder."""
    return make_folder(tmp_path_factory.mktemp("encoder"), bert)


def make_folder(folder: Path, bert: Path, **fields: object) -> Path:
    model = Pooled(BertModel.from_pretrained(bert, attn_implementation="eager")).eval()
    example = torch.ones((1, 5), dtype=torch.int64)
    axes = {0: "batch", 1: "length"}
    names = ["input_ids", "attention_mask", "token_type_ids"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (example, example, example),
            str(folder / MODEL),
            input_names=names,
            output_names=["embedding"],
            dynamic_axes=dict.fromkeys(names, axes) | {"embedding": {0: "batch"}},
            dynamo=False,
        )
    (folder / TOKENIZER).write_bytes((SHIPPED / TOKENIZER).read_bytes())
    manifest = EncoderManifest(
        **{  # type: ignore[arg-type]
            "name": "tiny",
            "fingerprint": fingerprint(folder),
            "dimension": DIMENSION,
            "max_length": MAX_LENGTH,
            "normalized": True,
        }
        | fields
    )
    save_manifest(folder, manifest)
    return folder


def _tokenizer(folder: Path) -> None:
    BertTokenizerFast(tokenizer_file=str(SHIPPED / TOKENIZER)).save_pretrained(folder)
