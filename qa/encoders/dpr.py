"""Dense passage retrieval (Karpukhin et al., 2020): a question tower and a passage tower.

The pair of the Transformers library, by names on the hub or folders; vectors are the first
token's, compared by inner product, not normalised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qa.encoders.protocol import Vectors
from qa.encoders.weights import require, weights_fingerprint
from qa.errors import ModelError

MAX_LENGTH = 256
"""Word pieces, as the paper has it."""
_BATCH = 32


class DprEncoder:
    """A question encoder and a context encoder."""

    normalized = False

    def __init__(self, question: str, passage: str, *, threads: int = 0) -> None:
        """
        Args:
            question: such as ``facebook/dpr-question_encoder-single-nq-base``, or a folder.
            passage: such as ``facebook/dpr-ctx_encoder-single-nq-base``, or a folder.
            threads: CPU threads of torch; 0 leaves torch's own choice.

        Raises:
            ModelError: the libraries are not installed, or there are no such models.
        """
        self.name = f"dpr:{question},{passage}"
        require(self.name, "torch", "transformers")
        import torch
        from transformers import DPRContextEncoder, DPRQuestionEncoder

        if threads:
            torch.set_num_threads(threads)
        self._question = _Tower(DPRQuestionEncoder, question)
        self._passage = _Tower(DPRContextEncoder, passage)
        if self._question.dimension != self._passage.dimension:
            raise ModelError(
                f"{self.name}: vectors of {self._question.dimension} and of "
                f"{self._passage.dimension} dimensions do not fit"
            )
        self.dimension = self._passage.dimension
        self.max_length = min(MAX_LENGTH, self._passage.positions)
        self.fingerprint = weights_fingerprint(
            [self._question.model, self._passage.model], (str(self.max_length),)
        )

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """See :class:`qa.encoders.protocol.Encoder`."""
        return self._question.encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """See :class:`qa.encoders.protocol.Encoder`."""
        return self._passage.encode(texts)


class _Tower:
    def __init__(self, kind: Any, name: str) -> None:
        from transformers import AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            self.model, found = kind.from_pretrained(name, output_loading_info=True)
            self._tokenizer = AutoTokenizer.from_pretrained(name)
        except Exception as error:  # the library raises OSError, ValueError and others
            first = str(error).strip().partition("\n")[0]
            raise ModelError(f"dpr:{name}: cannot be loaded: {first}") from error
        if lacking := sorted(key for key in found["missing_keys"] if "position_ids" not in key):
            raise ModelError(
                f"dpr:{name}: no {kind.__name__}: it has no weights for {lacking[0]} "
                f"and {len(lacking) - 1} more"
            )
        self.model.eval()
        self.positions = int(self.model.config.max_position_embeddings)
        config = self.model.config
        self.dimension = int(config.projection_dim or config.hidden_size)

    def encode(self, texts: Sequence[str]) -> Vectors:
        import torch

        result = np.empty((len(texts), self.dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for begin in range(0, len(order), _BATCH):
            rows = order[begin : begin + _BATCH]
            inputs = self._tokenizer(
                [texts[row] for row in rows],
                padding=True,
                truncation=True,
                max_length=min(MAX_LENGTH, self.positions),
                return_tensors="pt",
            )
            with torch.inference_mode():
                result[rows] = self.model(**inputs).pooler_output.float().numpy()
        return result
