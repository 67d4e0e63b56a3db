"""A reader in the form of the Transformers library, for whoever serves it elsewhere."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoTokenizer, BertForQuestionAnswering

from qa.errors import QAError
from qa.training.recipe import backbone_path
from qa.training.span_model import SpanReader
from qa.training.warm_start import start_from


def save_transformers(backbone: str, weights: str, out: Path) -> Path:
    """Write ``BertForQuestionAnswering`` and its tokenizer into ``out``.

    Args:
        backbone: what the reader was made of, as in a recipe.
        weights: a run's file, a reader's folder or ``shipped:reader``.

    Raises:
        QAError: there are no such weights, or they do not fit that architecture.
    """
    folder = backbone_path(backbone)
    reader = SpanReader(folder, 0.0)
    start_from(reader, [weights], backbone=folder)
    model = BertForQuestionAnswering.from_pretrained(folder, dtype=torch.float32)
    names = {"encoder.": "bert.", "span.": "qa_outputs."}
    state = {
        new + name.removeprefix(old): tensor
        for name, tensor in reader.state_dict().items()
        for old, new in names.items()
        if name.startswith(old)
    }
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or [name for name in missing if "position_ids" not in name]:
        raise QAError(f"{weights}: weights do not fit BERT: {[*missing, *unexpected][:3]}")
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(folder).save_pretrained(out)
    return out
