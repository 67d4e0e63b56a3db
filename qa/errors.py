"""Everything that can go wrong between a question and an answer.

::

    QAError
    ├── InvalidQuestion     empty, too long, or not text
    ├── ProductNotFound     no review of that product in the store
    ├── ModelError          a model folder that cannot be used
    └── PipelineError       a pipeline file that cannot be loaded
"""

from __future__ import annotations


class QAError(Exception):
    """Base of all errors raised by this package; messages are shown to users as they are."""


class InvalidQuestion(QAError):
    """The question is empty, too long, or not text."""


class ProductNotFound(QAError):
    """The store has no review of that product."""


class ModelError(QAError):
    """A model folder is missing, incomplete, altered, or of a kind that is not known."""


class PipelineError(QAError):
    """A pipeline file cannot be loaded."""
