"""Encoders by name."""

from __future__ import annotations

from pathlib import Path

from qa.encoders.onnx import OnnxEncoder
from qa.encoders.package import SHIPPED
from qa.encoders.protocol import Encoder
from qa.errors import ModelError
from qa.model_folder import MANIFEST

SHIPPED_NAME, HUB, DPR, FAKE = "shipped", "hub:", "dpr:", "fake"
NAMES = "shipped, an encoder folder, hub:NAME|FOLDER, dpr:QUESTION,PASSAGE"


def ships() -> bool:
    """Whether this installation brings an encoder."""
    return (SHIPPED / MANIFEST).is_file()


def open_encoder(name: str = SHIPPED_NAME, *, threads: int = 0) -> Encoder:
    """The encoder of that name.

    Args:
        name: ``shipped``; a folder of ours with one tower or two; ``hub:`` and a model of
            sentence-transformers; ``dpr:`` and a pair of DPR encoders with a comma between them;
            ``fake`` (or ``fake:DIMENSION``) for tests.
        threads: of the CPU; 0 takes every core.

    Raises:
        ModelError: no such encoder, or what it needs is not installed.
    """
    if name == SHIPPED_NAME:
        if not ships():
            raise ModelError(f"this version ships no encoder; name one: {NAMES}")
        return OnnxEncoder.load(threads=threads)
    if name.startswith(HUB):
        from qa.encoders.sentence_transformer import SentenceTransformerEncoder

        return SentenceTransformerEncoder(name.removeprefix(HUB), threads=threads)
    if name.startswith(DPR):
        return _dpr(name, threads)
    if name.partition(":")[0] == FAKE:
        return _fake(name)
    if not Path(name).is_dir():
        raise ModelError(f"no encoder {name!r}: one of {NAMES}")
    return OnnxEncoder.load(Path(name), threads=threads)


def _dpr(name: str, threads: int) -> Encoder:
    question, comma, passage = name.removeprefix(DPR).partition(",")
    if not (comma and question.strip() and passage.strip()):
        raise ModelError(f"{name!r} is no pair of encoders: dpr:QUESTION,PASSAGE")
    from qa.encoders.dpr import DprEncoder

    return DprEncoder(question.strip(), passage.strip(), threads=threads)


def _fake(name: str) -> Encoder:
    from qa.encoders.fake import FakeEncoder

    _, colon, size = name.partition(":")
    if not colon:
        return FakeEncoder()
    if not size.isdecimal() or int(size) < 1:
        raise ModelError(f"{name!r}: fake:DIMENSION takes a number of 1 or more")
    return FakeEncoder(int(size))
