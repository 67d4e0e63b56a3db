"""Leaving out of a WordPiece vocabulary what a reader of Latin-script reviews never sees.

Rows of unused tokens and of other scripts, phonetic letters among them, are a twelfth of MiniLM's
embeddings. Text in those scripts becomes [UNK], which the model could not read before either.
Punctuation and symbols stay.
"""

from __future__ import annotations

import copy
import unicodedata
from typing import Any

_AFTER_LATIN = "\u0180"
_PUNCTUATION, _AFTER_SYMBOLS = "\u2000", "\u2c00"


def kept_ids(vocabulary: dict[str, int]) -> list[int]:
    """Old ids of the tokens that stay, in order."""
    return sorted(number for token, number in vocabulary.items() if _stays(token))


def pruned_tokenizer(tokenizer: dict[str, Any], kept: list[int]) -> dict[str, Any]:
    """A ``tokenizer.json`` whose ids are positions in ``kept``; without truncation and padding."""
    new = {old: position for position, old in enumerate(kept)}
    result = copy.deepcopy(tokenizer)
    result["truncation"] = result["padding"] = None
    vocabulary: dict[str, int] = result["model"]["vocab"]
    result["model"]["vocab"] = {t: new[i] for t, i in vocabulary.items() if i in new}
    result["added_tokens"] = [t | {"id": new[t["id"]]} for t in result["added_tokens"]]
    for token in result["post_processor"]["special_tokens"].values():
        token["ids"] = [new[i] for i in token["ids"]]
    return result


def _stays(token: str) -> bool:
    if token.startswith("[unused"):
        return False
    return all(_stays_character(ch) for ch in token)


def _stays_character(ch: str) -> bool:
    """Of Latin's first blocks, or of those of general punctuation and symbols and no letter."""
    if ch < _AFTER_LATIN:
        return True
    letter = unicodedata.category(ch).startswith("L")
    return _PUNCTUATION <= ch < _AFTER_SYMBOLS and not letter
