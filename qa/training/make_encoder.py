"""The whole way from questions and passages to an encoder folder, in one call."""

from __future__ import annotations

from pathlib import Path

from qa.training.encoder import train
from qa.training.encoder_package import package_encoder
from qa.training.encoder_recipe import load_encoder_recipe
from qa.training.staged import Job

__all__ = ["Job", "make_encoder"]
COMMAND = "reviewqa train encoder --config {config} --data DATA --out OUT"


def make_encoder(job: Job) -> Path:
    """Train by a recipe, then export, quantise and measure; returns the folder ``out/encoder``.

    Raises as :func:`qa.training.encoder.train` does.
    """
    train(job)
    folder = job.out / "encoder"
    recipe = load_encoder_recipe(job.config, job.overrides)
    command = COMMAND.format(config=job.config)
    package_encoder(
        recipe, job.out, job.data, folder, lambda said: job.report({"event": said}), command
    )
    return folder
