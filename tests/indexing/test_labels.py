"""Labels in a store: checked against its reviews, kept when those change, and then called stale."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from indexing.engines.base import LabelEngine
from indexing.engines.embedded import migrations
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import LabelMismatch, StoreError
from indexing.records import Label, Review

TEXT = "The \U0001f4f7 strap holds. It squeaks."
LABELS = [
    Label("q1", "Does it hold?", "r1", TEXT, (((6, 17),), ()), {"turn": "1"}),
    Label("q2", "Is it red?", "r1", TEXT, ((),)),
]


@pytest.fixture
def labelled(store: EmbeddedEngine) -> EmbeddedEngine:
    store.write([Review("r1", "p", TEXT), Review("r2", "p", "Another one.")])
    store.labels.write(LABELS)
    return store


def states(store: EmbeddedEngine) -> dict[str, str]:
    return {one.label.id: one.state for one in store.labels.all()}


def test_labels_come_back_as_they_were_written(labelled: EmbeddedEngine) -> None:
    assert isinstance(labelled, LabelEngine)
    assert [one.label for one in labelled.labels.all()] == LABELS
    assert {one.product_id for one in labelled.labels.all()} == {"p"}
    report = labelled.labels.write([LABELS[0], Label("q2", "Is it blue?", "r1", TEXT, ((),))])
    assert (report.stored, report.unchanged, report.replaced) == (0, 1, 1)
    assert labelled.labels.delete(["q1", "nobody"]) == 1
    assert list(states(labelled)) == ["q2"]


def test_labels_survive_their_review_and_say_so(labelled: EmbeddedEngine) -> None:
    before = labelled.fingerprint()
    labelled.write([Review("r1", "p", TEXT, rating=5.0)])
    assert set(states(labelled).values()) == {"current"}
    labelled.write([Review("r1", "p", TEXT + " Really.")])
    assert set(states(labelled).values()) == {"changed"}
    assert [one.label for one in labelled.labels.all()] == LABELS
    labelled.delete(["r1"])
    assert set(states(labelled).values()) == {"gone"}
    labelled.write([Review("r1", "p2", TEXT)])
    assert {(one.state, one.product_id) for one in labelled.labels.all()} == {("current", "p2")}
    assert labelled.fingerprint() != before
    assert labelled.check() == []


@pytest.mark.parametrize(
    ("label", "complaint"),
    [
        (Label("q3", "?", "r9", TEXT, ((),)), "question 'q3': no review 'r9' in .*: index it"),
        (Label("q3", "?", "r2", "Another two.", ((),)), "another text in .* from character 8 on"),
        (Label("q3", "?", "r2", "Another one.", (((8, 13),),)), "no characters 8 to 13 in it"),
        (Label("q3", "?", "r2", "Another one.", (((8, 8),),)), "no characters 8 to 8 in it"),
        (Label("q3", "\ud800", "r2", "Another one.", ((),)), "question 'q3' cannot be stored"),
        (Label("q3", "?", "r2", "Another one.", ()), "needs an id and an annotation"),
    ],
)
def test_what_does_not_fit_is_refused_with_all_that_came_with_it(
    labelled: EmbeddedEngine, label: Label, complaint: str
) -> None:
    good = Label("q4", "?", "r2", "Another one.", (((0, 7),),))
    with pytest.raises(StoreError, match=complaint):
        labelled.labels.write([good, label])
    assert set(states(labelled)) == {"q1", "q2"}


def test_several_misfits_are_one_line(labelled: EmbeddedEngine) -> None:
    wrong = [Label(f"w{n}", "?", "r9", "x", ((),)) for n in range(3)]
    with pytest.raises(LabelMismatch, match=r"question 'w0'.*\(and 2 more like it\)"):
        labelled.labels.write(wrong)


def test_a_store_of_the_first_schema_gains_labels_and_loses_nothing(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "reviews.sqlite", isolation_level=None)
    migrations._apply(connection, 1, migrations.MIGRATIONS[0])
    connection.close()
    engine = EmbeddedEngine(tmp_path, create=True)
    engine.write([Review("r1", "p", TEXT)])
    assert engine.labels.write(LABELS).stored == 2
    engine.close()
    again = EmbeddedEngine(tmp_path, read_only=True)
    assert len(again.labels.all()) == 2
    with pytest.raises(StoreError, match="read-only"):
        again.labels.write(LABELS)
    again.close()


def test_texts_without_labels_are_not_kept(labelled: EmbeddedEngine, tmp_path: Path) -> None:
    labelled.labels.delete(["q1", "q2"])
    with labelled._database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM label_texts").fetchone() == (0,)
