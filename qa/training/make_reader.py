"""The whole way from labelled questions to a reader folder, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qa.training.package import package_reader
from qa.training.reader import train
from qa.training.recipe import load_recipe
from qa.training.staged import Report

COMMAND = "reviewqa train reader --config {config} --data DATA --out OUT"


def make_reader(
    config: Path,
    *,
    data: Path,
    out: Path,
    resume: bool = True,
    overrides: Sequence[str] = (),
    report: Report | None = None,
    stage: str | None = None,
) -> Path:
    """Train by a recipe, then export, quantise, calibrate and measure; returns the reader folder.

    Args and errors are those of :func:`qa.training.reader.train`; the reader is ``out/reader``,
    that of a ``stage`` is ``out/reader-STAGE``. A reader with a tokenizer of another backbone's
    teaches and is not exported: the file of its weights is returned.
    """
    tell = report or (lambda _: None)
    weights = train(
        config, data=data, out=out, resume=resume, overrides=overrides, report=report, stage=stage
    )
    recipe, folder, command = load_recipe(config, list(overrides)), out / "reader", COMMAND
    if recipe.tokenizer is not None:
        return weights
    if stage is not None:
        recipe, folder = recipe.lineage(stage), out / f"reader-{stage}"
        command += f" --stage {stage}"
    package_reader(
        recipe,
        weights,
        data,
        folder,
        say=lambda said: tell({"event": said}),
        command=command.format(config=config),
    )
    return folder
