"""The elasticsearch engine keeps the contract of all engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.engine_suite import EngineSuite, MakeEngine
from tests.conformance.phrase_suite import PhraseSuite
from tests.conformance.vector_suite import VectorSuite
from tests.elasticsearch_server import EXAMPLES, stores, with_examples

pytestmark = pytest.mark.elasticsearch


@with_examples(EngineSuite, EXAMPLES)
@with_examples(PhraseSuite, EXAMPLES)
@with_examples(VectorSuite, EXAMPLES)
class TestElasticEngine(EngineSuite, PhraseSuite, VectorSuite):
    @pytest.fixture
    def make_engine(self) -> Iterator[MakeEngine]:
        with stores() as make:
            yield make
