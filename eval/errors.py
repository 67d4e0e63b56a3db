"""Everything that can go wrong with files of gold data, runs and predictions.

::

    EvalError
    ├── DatasetNotFound     no such data set, split or file
    │   └── UnknownDataset  no data set of that name; the message lists those that exist
    ├── MalformedData       a file that breaks its format; the message names file, place and id
    ├── UnknownMetric       no metric of that name; the message lists those that exist
    ├── NotComparable       two results that were not measured on the same questions
    ├── TooFewGroups        fewer products than folds
    ├── DestinationExists   a file or folder that is not to be overwritten
    ├── NotConvertible      a source without what the target format is made of
    ├── NotWritable         a report that cannot be written where it should go
    └── MissingLibrary      a reference library that is not installed; names the install line
"""

from __future__ import annotations


class EvalError(Exception):
    """Base of all errors raised by this package; messages are shown to users as they are."""


class DatasetNotFound(EvalError):
    """No such data set, split or file."""


class UnknownDataset(DatasetNotFound):
    """No data set of that name."""


class MalformedData(EvalError):
    """A file breaks its format."""


class UnknownMetric(EvalError):
    """No metric of that name."""


class NotComparable(EvalError):
    """Two results were not measured on the same questions, or share no metric."""


class TooFewGroups(EvalError):
    """There are fewer products than folds."""


class DestinationExists(EvalError):
    """There is a file or folder that was not to be overwritten."""


class NotConvertible(EvalError):
    """The source does not have what the target format is made of."""


class NotWritable(EvalError):
    """A report cannot be written where it should go."""


class MissingLibrary(EvalError):
    """A reference library is not installed."""
