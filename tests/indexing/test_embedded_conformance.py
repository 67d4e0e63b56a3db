"""The embedded engine keeps the contract of all engines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from indexing.engines.base import IngestEngine
from indexing.engines.embedded.engine import EmbeddedEngine
from tests.conformance.engine_suite import EngineSuite, MakeEngine
from tests.conformance.phrase_suite import PhraseSuite
from tests.conformance.vector_suite import VectorSuite


class TestEmbeddedEngine(EngineSuite, PhraseSuite, VectorSuite):
    @pytest.fixture
    def make_engine(self, tmp_path: Path) -> Iterator[MakeEngine]:
        numbers = itertools.count()
        with ExitStack() as stack:

            def make() -> IngestEngine:
                folder = tmp_path / f"store{next(numbers)}"
                return stack.enter_context(closing(EmbeddedEngine(folder, create=True)))

            yield make
