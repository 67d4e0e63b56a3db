"""Everything that can go wrong between a dump and a store.

::

    IndexingError
    ├── StoreError
    │   ├── StoreNotFound       no store at that place
    │   ├── StoreBusy           another process is writing
    │   ├── StoreCorrupt        the truth itself cannot be read
    │   ├── StoreMismatch       made with other settings or by newer code
    │   │   └── VectorMismatch  vectors of another encoder
    │   ├── StoreUnavailable    the server behind the store does not answer, or cannot now
    │   │   └── StoreReadOnly   it answers, but takes no writes
    │   ├── StoreForbidden      it refuses the key
    │   ├── NoVectors           a vector search in a store without vectors
    │   └── LabelMismatch       a label that does not fit the stored review
    ├── SourceError
    │   ├── SourceNotFound      no such file, folder or hub name
    │   └── UnreadableSource    wrong format, encoding, compression, or a missing column
    └── InvalidFilter           a filter that no document could be tested against

Messages name the bad value, the place and the remedy; they are shown to users as they are.
"""

from __future__ import annotations


class IndexingError(Exception):
    """Base of all errors raised by this package."""


class StoreError(IndexingError):
    """A store cannot be opened, read or written."""


class StoreNotFound(StoreError):
    """There is no store at the given place."""


class StoreBusy(StoreError):
    """Another process holds the store's write lock."""


class StoreMismatch(StoreError):
    """The store was made with other settings, or by a newer version."""


class VectorMismatch(StoreMismatch):
    """The store's vectors are of another encoder."""


class NoVectors(StoreError):
    """The store has no vectors to search."""


class StoreCorrupt(StoreError):
    """The store's truth cannot be read."""


class StoreUnavailable(StoreError):
    """The server behind the store does not answer, or cannot take requests now."""


class StoreReadOnly(StoreUnavailable):
    """The server behind the store takes no writes."""


class StoreForbidden(StoreError):
    """The server behind the store refuses the key it is given."""


class LabelMismatch(StoreError):
    """A label does not fit the review that the store has."""


class SourceError(IndexingError):
    """A dump cannot be read."""


class SourceNotFound(SourceError):
    """No such file, folder or hub data set."""


class UnreadableSource(SourceError):
    """The format, encoding, compression or columns of a dump are not usable."""


class InvalidFilter(IndexingError):
    """A filter that cannot be evaluated."""
