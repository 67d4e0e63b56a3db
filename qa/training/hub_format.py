"""A trained reader in the form of the Transformers library, for whoever serves it elsewhere."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoTokenizer, BertForQuestionAnswering

from qa.errors import QAError
from qa.training.checkpoint import load
from qa.training.recipe import Recipe, backbone_path


def save_transformers(recipe: Recipe, run: Path, out: Path) -> Path:
    """Write ``BertForQuestionAnswering`` and its tokenizer into ``out``.

    Raises:
        QAError: the run has no trained reader, or its weights do not fit that architecture.
    """
    if not (run / "best.pt").is_file():
        raise QAError(f"{run}: no trained reader in it (best.pt): finish the training first")
    backbone = backbone_path(recipe.backbone)
    model = BertForQuestionAnswering.from_pretrained(backbone, dtype=torch.float32)
    names = {"encoder.": "bert.", "span.": "qa_outputs."}
    state = {
        new + name.removeprefix(old): tensor
        for name, tensor in load(run / "best.pt")["model"].items()
        for old, new in names.items()
        if name.startswith(old)
    }
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or [name for name in missing if "position_ids" not in name]:
        raise QAError(f"{run}: weights do not fit BERT: {[*missing, *unexpected][:3]}")
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(backbone).save_pretrained(out)
    return out
