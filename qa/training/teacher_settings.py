"""The part of a recipe that names a reader of another run, to learn from."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as checked_dataclass


@checked_dataclass(config=ConfigDict(extra="forbid"), frozen=True)
class TeacherModel:
    """A reader that another run has trained.

    ``weights``: that run's ``best.pt`` or ``stage-NAME.pt``, a reader's folder, or
    ``shipped:reader``. ``backbone``: what it was made of; it
    reads the same pieces as the student, see :mod:`qa.training.backbones`.
    """

    name: str
    backbone: str
    weights: str
