"""The whole way from labelled questions to a reader folder, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qa.training.package import package_reader
from qa.training.reader import train
from qa.training.recipe import load_recipe
from qa.training.staged import Report


def make_reader(
    config: Path,
    *,
    data: Path,
    out: Path,
    resume: bool = True,
    overrides: Sequence[str] = (),
    report: Report | None = None,
) -> Path:
    """Train by a recipe, then export, quantise, calibrate and measure; returns the reader folder.

    Args and errors are those of :func:`qa.training.reader.train`; the reader is ``out/reader``.
    """
    tell = report or (lambda _: None)
    train(config, data=data, out=out, resume=resume, overrides=overrides, report=report)
    folder = out / "reader"
    recipe = load_recipe(config, list(overrides))
    package_reader(recipe, out, data, folder, lambda said: tell({"event": said}))
    return folder
