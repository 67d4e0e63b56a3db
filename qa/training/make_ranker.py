"""The whole way from questions and passages to a ranker folder, in one call."""

from __future__ import annotations

from pathlib import Path

from qa.training.ranker import train
from qa.training.ranker_package import package_ranker
from qa.training.ranker_recipe import load_ranker_recipe
from qa.training.staged import Job

__all__ = ["Job", "make_ranker"]
COMMAND = "reviewqa train ranker --config {config} --data DATA --out OUT"


def make_ranker(job: Job) -> Path:
    """Train by a recipe, then export, quantise and measure; returns the folder ``out/ranker``.

    Raises as :func:`qa.training.ranker.train` does.
    """
    train(job)
    folder = job.out / "ranker"
    recipe = load_ranker_recipe(job.config, job.overrides)
    command = COMMAND.format(config=job.config)
    package_ranker(
        recipe, job.out, job.data, folder, lambda said: job.report({"event": said}), command
    )
    return folder
