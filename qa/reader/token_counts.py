"""A reader's tokens and windows without its model: what statistics of data sets need."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from qa.model_folder import load_tokenizer
from qa.reader.package import SHIPPED, load_manifest
from qa.reader.windows import WindowSettings


class TokenCounter:
    """Counts the pieces of texts, special ones left out.

    Raises:
        ModelError: from :meth:`load`, when the reader folder cannot be used.
    """

    def __init__(self, tokenizer: Tokenizer, name: str, window: WindowSettings) -> None:
        self._tokenizer = tokenizer
        self.name = name
        self.window = window
        tokenizer.no_truncation()
        tokenizer.no_padding()

    @classmethod
    def load(cls, folder: Path | None = None) -> TokenCounter:
        """Of a reader folder, the shipped one by default."""
        folder = folder or SHIPPED
        manifest = load_manifest(folder)
        tokenizer = load_tokenizer(folder)
        return cls(tokenizer, f"{manifest.name} {manifest.fingerprint}", manifest.window)

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Pieces of each text."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one.ids) for one in encoded]
