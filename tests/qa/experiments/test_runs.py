"""Experiments: their files, their resumption, and that nothing but the input decides them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.datasets.retrieval import load_retrieval
from eval.errors import TooFewGroups, UnknownDataset
from eval.formats.manifest import read_manifest
from eval.formats.predictions import read_predictions
from eval.formats.results import read_result
from eval.formats.trec import read_qrels, read_run
from eval.records import Query, RetrievalSet, Text
from eval.scoring import score_predictions_file, score_run_file
from indexing.sample import questions_path, reviews_path
from qa.errors import ModelError, PipelineError
from qa.experiments.evaluate import Job, evaluate_pipeline, evaluate_reader, evaluate_retriever
from qa.experiments.journal import Journal
from qa.experiments.retrieving import run_retriever

TEXTS = (
    Text("a", "p", "The strap holds a heavy camera."),
    Text("b", "p", "the strap  holds a heavy camera."),
    Text("c", "p", "It squeaks."),
    Text("d", "other", "The strap of another product."),
)
SMALL = RetrievalSet(
    "small",
    "test",
    "product",
    TEXTS,
    (Query("q1", "strap camera?", "p"), Query("q2", "zzz", "nobody")),
    {"q1": {"b": 1}, "q2": {"a": 1}},
)


def sample(out: Path | None, limit: int | None = 12) -> Job:
    return Job(str(questions_path()), "test", Path(), out, reviews_path(), limit, title="sample")


def test_a_hit_on_a_text_is_a_hit_on_its_twins_and_never_on_another_product() -> None:
    found = run_retriever(SMALL, "bm25")
    assert list(found.run["q1"]) == ["a", "b", "c"]
    assert found.run["q1"]["a"] == found.run["q1"]["b"] > found.run["q1"]["c"]
    assert found.run["q2"] == {}


def test_a_retriever_run_leaves_files_that_score_the_same_without_it(tmp_path: Path) -> None:
    result = evaluate_retriever(sample(tmp_path), "bm25")
    (folder,) = (tmp_path / "retriever").glob("*/bm25")
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json", "qrels.txt", "result.json", "run.trec", "timings.json",
    ]  # fmt: skip
    assert read_result(folder / "result.json") == result
    again = score_run_file(folder / "run.trec", folder / "qrels.txt")
    assert {f.metric: f.value for f in again.figures} == {f.metric: f.value for f in result.figures}
    manifest = read_manifest(folder / "manifest.json")
    assert (manifest.system, manifest.dataset, manifest.protocol) == ("bm25", "sample", "product")
    assert manifest.fingerprints["store"] == result.header["store_fingerprint"]
    assert len(json.loads((folder / "timings.json").read_text("utf-8"))["retrieve"]) == 12


def test_a_run_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run_retriever(SMALL, "bm25", out=tmp_path / name)
    one, two = ((tmp_path / name / "run.trec").read_bytes() for name in ("one", "two"))
    assert one == two


class Interrupted(Exception):
    pass


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    data = load_retrieval(str(questions_path()), "test", Path(), corpus=reviews_path())
    data = replace(data, queries=data.queries[:20])
    data = replace(data, qrels={q.id: data.qrels[q.id] for q in data.queries})

    def stop(done: int, total: int) -> None:
        if done == 9:
            raise Interrupted

    with pytest.raises(Interrupted):
        run_retriever(data, "bm25", out=tmp_path / "cut", progress=stop)
    journal = tmp_path / "cut" / "run.journal.jsonl"
    kept = journal.read_text("utf-8")
    assert len(kept.splitlines()) == 10
    assert not (tmp_path / "cut" / "run.trec").exists()
    journal.write_text(kept[:-20], "utf-8")  # the last line was being written
    resumed = run_retriever(data, "bm25", out=tmp_path / "cut")
    whole = run_retriever(data, "bm25", out=tmp_path / "whole")
    assert resumed.run == whole.run
    first = json.loads(kept.splitlines()[1])
    assert resumed.milliseconds["retrieve"][0] == first["milliseconds"]
    assert read_run(tmp_path / "cut" / "run.trec") == read_run(tmp_path / "whole" / "run.trec")
    assert read_qrels(tmp_path / "cut" / "qrels.txt") == data.qrels


def test_a_journal_of_another_run_is_begun_anew(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", "one") as journal:
        journal.add({"id": "a"})
    with Journal(tmp_path / "j", "one") as journal:
        assert set(journal.entries) == {"a"}
    with Journal(tmp_path / "j", "two") as journal:
        assert journal.entries == {}


def test_only_the_plain_system_is_bm25_of_the_words_alone() -> None:
    data = replace(
        SMALL,
        texts=(Text("a", "p", "How how how"), Text("b", "p", "A strap camera.")),
        queries=(Query("q", "How? Strap camera", "p"),),
        qrels={"q": {"b": 1}},
    )
    plain, ours = (run_retriever(data, name).run["q"] for name in ("bm25-plain", "bm25"))
    assert ours["a"] == 0 < plain["a"]
    # The idf of a word that one of two passages has, for two words and for their phrase.
    assert ours["b"] / plain["b"] == pytest.approx((2 + 0.3 * 2) / 2, rel=1e-3)


def test_unknown_systems_are_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no retriever 'sparse' to measure: one of bm25"):
        evaluate_retriever(sample(None), "sparse")
    with pytest.raises(ModelError, match="is not a reader"):
        evaluate_reader(sample(None), str(tmp_path))


def test_an_unknown_data_set_is_told_what_else_there_is(tmp_path: Path) -> None:
    unknown = Job("subjqa", "test", tmp_path)
    ours = r"one of subjqa:.*, shoppers:reviews, sample, store:DIR$"
    with pytest.raises(UnknownDataset, match=ours):
        evaluate_reader(unknown)
    with pytest.raises(UnknownDataset, match=r"shoppers:mined, a BEIR folder, sample, store:D"):
        evaluate_retriever(unknown, "bm25")
    with pytest.raises(UnknownDataset, match=ours):
        evaluate_pipeline(unknown)


def test_more_folds_than_products_are_refused_before_anything_is_measured(tmp_path: Path) -> None:
    job = Job(small_squad(tmp_path), "test", Path(), tmp_path / "out", folds=3)
    asked: list[int] = []

    def count(done: int, total: int) -> None:
        asked.append(done)

    for evaluate in (
        lambda: evaluate_retriever(job, "bm25", progress=count),
        lambda: evaluate_reader(job, progress=count),
        lambda: evaluate_pipeline(job, progress=count),
    ):
        with pytest.raises(TooFewGroups, match="3 folds of 2 products"):
            evaluate()
    assert asked == []
    assert not (tmp_path / "out").exists()


def small_squad(folder: Path) -> str:
    """Two products of the sample with three reviews each."""
    tree = json.loads(questions_path().read_text("utf-8"))
    tree["data"] = [
        {**article, "paragraphs": article["paragraphs"][:3]} for article in tree["data"][:2]
    ]
    path = folder / "small.json"
    path.write_text(json.dumps(tree), "utf-8")
    return str(path)


def test_a_reader_leaves_files_that_score_the_same_without_it(tmp_path: Path) -> None:
    gold = small_squad(tmp_path)
    job = Job(gold, "test", Path(), tmp_path, folds=2)
    result = evaluate_reader(job, threads=1)
    (folder,) = (tmp_path / "reader").glob("*/shipped")
    assert read_result(folder / "result.json") == result
    names = {column.protocol for column in result.columns}
    assert {"all", "book", "single", "all (tuned)", "all (cross-tuned)"} <= names
    found = {f.metric for f in result.figures}
    assert {"ece", "brier", "aurc", "coverage@90", "best_f1", "f1@3"} <= found
    again = score_predictions_file(folder / "predictions.json", gold, "test", Path())
    ours = {(f.protocol, f.metric): f.value for f in result.figures}
    assert {(f.protocol, f.metric) for f in again.figures} >= {("all", "f1"), ("best span", "ece")}
    for figure in again.figures:
        assert ours[figure.protocol, figure.metric] == figure.value


def test_a_pipeline_answers_from_any_review_of_the_product(tmp_path: Path) -> None:
    result = evaluate_pipeline(sample(tmp_path, 3))
    (folder,) = (tmp_path / "pipeline").glob("*/bm25")
    predictions = read_predictions(folder / "predictions.json")
    products = {name: asked.product_id for name, asked in result.asked.items()}
    assert len(predictions) == 3
    for name, prediction in predictions.items():
        assert prediction.context_id.startswith(products[name])
        assert prediction.confidence is not None
    assert set(result.milliseconds) == {"retrieve", "read", "total"}
    assert all(len(times) == 3 for times in result.milliseconds.values())
    assert read_manifest(folder / "manifest.json").settings["passages"] == 10
