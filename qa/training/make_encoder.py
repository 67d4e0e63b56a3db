"""The whole way from questions and passages to an encoder folder, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qa.training.encoder import train
from qa.training.encoder_package import package_encoder
from qa.training.encoder_recipe import load_encoder_recipe
from qa.training.staged import Report


def make_encoder(
    config: Path,
    *,
    data: Path,
    out: Path,
    resume: bool = True,
    overrides: Sequence[str] = (),
    report: Report | None = None,
) -> Path:
    """Train by a recipe, then export, quantise and measure; returns the encoder folder.

    Args and errors are those of :func:`qa.training.reader.train`; the encoder is ``out/encoder``.
    """
    tell = report or (lambda _: None)
    train(config, data=data, out=out, resume=resume, overrides=overrides, report=report)
    folder = out / "encoder"
    recipe = load_encoder_recipe(config, list(overrides))
    package_encoder(recipe, out, data, folder, lambda said: tell({"event": said}))
    return folder
