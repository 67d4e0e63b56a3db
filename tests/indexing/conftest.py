"""Stores and dumps for the tests of indexing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from indexing.engines.embedded.engine import EmbeddedEngine


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    """A new, empty embedded store."""
    with closing(EmbeddedEngine(tmp_path / "store", create=True)) as engine:
        yield engine
