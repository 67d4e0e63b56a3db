"""Everything that can go wrong with files of gold data, runs and predictions.

::

    EvalError
    ├── DatasetNotFound     no such data set, split or file
    └── MalformedData       a file that breaks its format; the message names file, place and id
"""

from __future__ import annotations


class EvalError(Exception):
    """Base of all errors raised by this package; messages are shown to users as they are."""


class DatasetNotFound(EvalError):
    """No such data set, split or file."""


class MalformedData(EvalError):
    """A file breaks its format."""
