"""Keeps the training stack out of processes that only answer.

Haystack imports torch and transformers wherever they are installed, whether they are used or
not: that costs a serving process several seconds and about 400 MB.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

TRAINING_STACK = ("torch", "transformers", "sentence_transformers")


@contextmanager
def without_training_stack() -> Iterator[None]:
    """Inside, optional imports of the training stack find nothing; afterwards they work again.

    Python takes ``None`` in ``sys.modules`` for a module that cannot be found. A module that is
    already loaded is left alone: whoever loaded it wants it.
    """
    hidden = [name for name in TRAINING_STACK if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
