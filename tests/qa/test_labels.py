"""Labels as SQuAD files, and evaluations on a store's own labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import main
from eval.datasets.squad import read_squad
from eval.errors import DatasetNotFound
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import LabelMismatch
from indexing.records import Review
from indexing.sample import questions_path, reviews_path
from qa.experiments.evaluate import Job, evaluate_pipeline, evaluate_reader, evaluate_retriever
from qa.labels import export_labels, import_labels


def squad(folder: Path, products: int = 2) -> Path:
    """Two products of the sample with three labelled reviews each."""
    tree = json.loads(questions_path().read_text("utf-8"))
    kept = tree["data"][:products]
    tree["data"] = [{**one, "paragraphs": one["paragraphs"][:3]} for one in kept]
    path = folder / "labels.json"
    path.write_text(json.dumps(tree), "utf-8")
    return path


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedEngine:
    engine = EmbeddedEngine(tmp_path / "store", create=True)
    rows = [json.loads(line) for line in reviews_path().read_text("utf-8").splitlines()]
    engine.write([Review(row["id"], row["product_id"], row["text"]) for row in rows])
    return engine


def test_labels_make_the_round_trip(tmp_path: Path, store: EmbeddedEngine) -> None:
    path = squad(tmp_path)
    report = import_labels(store, path)
    given = read_squad(path)
    assert report.stored == len(given)
    out = tmp_path / "out.json"
    assert export_labels(store, out).written == len(given)

    def facts(file: Path) -> set[Any]:
        return {(q.id, q.question, q.product_id, q.context_id, q.context, q.annotations)
                for q in read_squad(file)}  # fmt: skip

    assert facts(out) == facts(path)
    assert import_labels(store, out).unchanged == len(given)


def test_stale_labels_are_left_out_and_can_be_had_with_their_text(
    tmp_path: Path, store: EmbeddedEngine
) -> None:
    path, out = squad(tmp_path), tmp_path / "out.json"
    import_labels(store, path)
    first = read_squad(path)[0]
    store.write([Review(first.context_id, first.product_id, "Rewritten.")])
    done = export_labels(store, out)
    assert {one.label.review_id for one in done.stale} == {first.context_id}
    assert first.context_id not in {q.context_id for q in read_squad(out)}
    assert export_labels(store, out, stale=True).stale == ()
    assert {q.id: q.context for q in read_squad(out)}[first.id] == first.context


def test_a_mismatch_names_file_question_review_and_remedy(
    tmp_path: Path, store: EmbeddedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    path = squad(tmp_path)
    first = read_squad(path)[0]
    store.write([Review(first.context_id, first.product_id, "Rewritten.")])
    with pytest.raises(LabelMismatch):
        import_labels(store, path)
    store.close()
    assert main(["labels", "import", str(path), "--store", str(tmp_path / "store")]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for part in (str(path), repr(first.id), repr(first.context_id), "index the labelled version"):
        assert part in said


def test_answers_may_come_with_a_part_of_their_review_but_no_answers_may_not(
    tmp_path: Path, store: EmbeddedEngine
) -> None:
    store.write([Review("part", "p", "It is loud. It is red.")])
    entries = [
        {"id": "a", "question": "Loud?", "answers": [{"text": "loud", "answer_start": 6}]},
        {"id": "b", "question": "Blue?", "answers": [], "is_impossible": True},
    ]
    paragraph = {"context": "It is loud.", "review_id": "part", "qas": entries}
    path = tmp_path / "part.json"
    path.write_text(json.dumps({"data": [{"paragraphs": [paragraph]}]}), "utf-8")
    with pytest.raises(LabelMismatch, match=r"question 'b': .* from character 11 on"):
        import_labels(store, path)
    paragraph["qas"] = entries[:1]
    path.write_text(json.dumps({"data": [{"paragraphs": [paragraph]}]}), "utf-8")
    import_labels(store, path)
    (one,) = store.labels.all()
    assert one.label.text == "It is loud. It is red."


def test_a_store_is_measured_on_its_own_labels(tmp_path: Path, store: EmbeddedEngine) -> None:
    path = squad(tmp_path, products=1)
    job = Job(f"store:{tmp_path / 'store'}", "labels", Path(), tmp_path / "out", limit=4)
    with pytest.raises(DatasetNotFound, match="no labels to measure on, none: add some with"):
        evaluate_reader(job)
    import_labels(store, path)
    last = read_squad(path)[-1]
    store.write([Review(last.context_id, last.product_id, "Rewritten.")])
    stale = sum(q.context_id == last.context_id for q in read_squad(path))
    before = store.fingerprint()
    read = evaluate_reader(job, threads=1)
    assert read.header["stale_labels_left_out"] == stale
    assert list(read.asked) == [one.label.id for one in store.labels.all()
                                if one.state == "current"][:4]  # fmt: skip
    found = evaluate_retriever(job, "bm25")
    assert found.header["store_fingerprint"] == before
    reviews = store.product(last.product_id)
    assert reviews is not None
    assert found.header["texts"] == reviews.reviews
    assert evaluate_pipeline(job).header["store_fingerprint"] == before
    with pytest.raises(DatasetNotFound, match="cannot tune on 'dev': 4 of the measured"):
        evaluate_reader(job, threads=1, tune="dev")


def test_the_commands_say_what_there_is(
    tmp_path: Path, store: EmbeddedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    path, where = squad(tmp_path), ["--store", str(tmp_path / "store")]
    store.close()
    assert main(["labels", "import", str(path), *where]) == 0
    count = len(read_squad(path))
    assert f"labels: {count} stored, 0 unchanged" in capsys.readouterr().out
    assert main(["labels", "check", *where]) == 0
    assert f"labels: {count}, of which 0 stale" in capsys.readouterr().out
    assert main(["labels", "export", str(tmp_path / "o.json"), *where]) == 0
    assert main(["labels", "export", str(tmp_path / "no" / "o.json"), *where]) == 1
    assert "cannot write" in capsys.readouterr().err
    assert main(["labels", "import", str(tmp_path / "gone.json"), *where]) == 1
    assert "no data file at" in capsys.readouterr().err
