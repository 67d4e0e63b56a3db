"""The bundled sample: reviews of invented products and labelled questions on them (CC0)."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def reviews_path() -> Path:
    """The sample's reviews, JSONL."""
    return _HERE / "reviews.jsonl"


def questions_path() -> Path:
    """The sample's questions, SQuAD 2.0 JSON."""
    return _HERE / "questions.json"
