"""The pipeline that is taken where nobody names one: the best that a store can serve."""

from __future__ import annotations

from indexing.engines.base import Engine, VectorEngine
from qa.encoders.package import SHIPPED
from qa.encoders.registry import SHIPPED_NAME, ships
from qa.model_folder import recorded_fingerprint

LEXICAL, HYBRID = "bm25", "hybrid"


def default_pipeline(engine: Engine) -> str:
    """``hybrid`` over vectors that questions can be compared with, otherwise ``bm25``.

    Vectors of an earlier version's encoder are left alone rather than refused: asking must not
    stop because the program was upgraded.
    """
    space = engine.vector_space() if isinstance(engine, VectorEngine) else None
    if space is None:
        return LEXICAL
    if space.name != SHIPPED_NAME:
        return HYBRID
    # What the manifest says will do: opening the encoder reads its files and compares.
    comparable = ships() and recorded_fingerprint(SHIPPED) == space.encoder
    return HYBRID if comparable else LEXICAL
