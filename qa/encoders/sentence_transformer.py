"""Any model of the sentence-transformers library, by name on the hub or by folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from qa.encoders.protocol import Vectors
from qa.encoders.weights import require, weights_fingerprint
from qa.errors import ModelError

_BATCH = 32
_SIMILARITIES = {"cosine": True, "dot": False}


class SentenceTransformerEncoder:
    """Uses the model's own prompts. Models trained for the cosine get vectors of length 1."""

    def __init__(self, name: str, *, threads: int = 0) -> None:
        """
        Args:
            name: on the hub, or a folder.
            threads: CPU threads of torch; 0 leaves torch's own choice.

        Raises:
            ModelError: the library is not installed, there is no such model, or its similarity is
                neither cosine nor inner product.
        """
        require(f"hub:{name}", "sentence_transformers", "torch")
        self._model = _loaded(name, threads)
        self.normalized = _normalized(name, self._model)
        self.name = f"hub:{name}"
        self.dimension = int(self._model.encode(["size"], show_progress_bar=False).shape[1])
        self.max_length = int(self._model.max_seq_length or 512)
        prompts = json.dumps(self._model.prompts, sort_keys=True)
        self.fingerprint = weights_fingerprint(
            [self._model], (prompts, str(self.max_length), str(self.normalized))
        )

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """See :class:`qa.encoders.protocol.Encoder`."""
        return self._encode(self._model.encode_query, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """See :class:`qa.encoders.protocol.Encoder`."""
        return self._encode(self._model.encode_document, texts)

    def _encode(self, encode: Any, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        found = encode(
            list(texts),
            batch_size=_BATCH,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=self.normalized,
        )
        return np.asarray(found, np.float32)


def _loaded(name: str, threads: int) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    if threads:
        torch.set_num_threads(threads)
    try:
        return SentenceTransformer(name, device="cpu")
    except Exception as error:  # the libraries raise OSError, ValueError and others
        first = str(error).strip().partition("\n")[0]
        raise ModelError(f"hub:{name}: cannot be loaded: {first}") from error


def _normalized(name: str, model: Any) -> bool:
    similarity = str(model.similarity_fn_name or "cosine")
    if similarity not in _SIMILARITIES:
        raise ModelError(
            f"hub:{name}: its similarity is {similarity}; only {' and '.join(_SIMILARITIES)} "
            "can be searched"
        )
    return _SIMILARITIES[similarity]
