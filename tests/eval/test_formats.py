"""Files of runs, judgments, predictions, manifests and results: round trips and broken input."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.errors import DatasetNotFound, MalformedData
from eval.formats.manifest import Manifest, digest, read_manifest, write_manifest
from eval.formats.predictions import (
    SURE,
    read_predictions,
    write_predictions,
    write_squad,
)
from eval.formats.results import read_result, write_result
from eval.formats.trec import read_qrels, read_run, write_qrels, write_run
from eval.reading import Prediction
from eval.records import ReadingQuestion
from eval.results import Asked, Column, Result, figures
from eval.scoring import score_predictions_file, score_run_file

IDS = st.text(
    st.characters(exclude_categories=("Cs", "Zs", "Zl", "Zp", "Cc")), min_size=1, max_size=6
).filter(lambda name: name.split() == [name])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


@given(st.dictionaries(IDS, st.dictionaries(IDS, FLOATS, min_size=1, max_size=5), max_size=4))
def test_runs_round_trip(tmp_path_factory: pytest.TempPathFactory, run: Any) -> None:
    path = tmp_path_factory.mktemp("run") / "run.trec"
    write_run(path, run, "tag")
    assert read_run(path) == run
    assert [line.split()[3] for line in path.read_text("utf-8").splitlines()] == [
        str(rank) for scores in run.values() for rank in range(1, len(scores) + 1)
    ]


@given(
    st.dictionaries(
        IDS, st.dictionaries(IDS, st.integers(-2, 3), min_size=1, max_size=5), min_size=1
    )
)
def test_judgments_round_trip(tmp_path_factory: pytest.TempPathFactory, qrels: Any) -> None:
    path = tmp_path_factory.mktemp("qrels") / "qrels.txt"
    write_qrels(path, qrels)
    assert read_qrels(path) == qrels


def test_beir_judgments_and_gzip(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "test.tsv.gz", "wt", encoding="utf-8") as stream:
        stream.write("query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n")
    assert read_qrels(tmp_path / "test.tsv") == {"q1": {"d1": 2, "d2": 0}}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("q Q0 d 1 0.5\n", r"run: line 1: 5 fields, a TREC run has 6"),
        ("q Q0 d 1 0.5 t\nq Q0 d 2 0.4 t\n", r"run: line 2: query 'q': document 'd' occurs twice"),
        ("\nq Q0 d 1 high t\n", r"run: line 2: query 'q': score of 'd' is 'high'"),
        ("q Q0 d 1 nan t\n", r"run: line 1: query 'q': score of 'd' is 'nan'"),
    ],
)
def test_broken_runs_name_file_line_and_id(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(MalformedData, match=complaint):
        read_run(written(tmp_path / "run", text))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"qrels: no judgments in it"),
        ("query-id\tcorpus-id\tscore\n", r"qrels: no judgments in it"),
        ("q 0 d\n", r"qrels: line 1: 3 fields, expected 'query 0 document relevance'"),
        ("q 0 d 1.5\n", r"qrels: line 1: query 'q': relevance of 'd': '1.5'"),
        ("q 0 d 1\nq 0 d 0\n", r"qrels: line 2: query 'q': document 'd' is judged twice"),
    ],
)
def test_broken_judgments_name_file_line_and_id(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(MalformedData, match=complaint):
        read_qrels(written(tmp_path / "qrels", text))


def test_binary_and_missing_files_are_said_so(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"q 0 d 1\n" * 99)[:20])
    with pytest.raises(MalformedData, match="run: not readable as UTF-8"):
        read_run(tmp_path / "run")
    with pytest.raises(MalformedData, match=r"cut.gz: not readable"):
        read_qrels(tmp_path / "cut.gz")
    with pytest.raises(DatasetNotFound, match="nowhere"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(MalformedData, match="id 'a b': TREC files hold no ids with white space"):
        write_run(tmp_path / "out", {"a b": {"d": 1.0}}, "t")


PREDICTIONS = st.builds(
    Prediction,
    st.text(st.characters(exclude_categories=("Cs",)), max_size=10),
    FLOATS,
    st.none() | st.floats(0, 1),
    st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=4), max_size=3).map(tuple),
    st.sampled_from(["", "r1"]),
)


@given(st.dictionaries(IDS, PREDICTIONS, max_size=4))
def test_predictions_round_trip(tmp_path_factory: pytest.TempPathFactory, found: Any) -> None:
    path = tmp_path_factory.mktemp("p") / "p.json"
    write_predictions(path, found)
    first = path.read_bytes()
    assert read_predictions(path) == found
    write_predictions(path, found)
    assert path.read_bytes() == first


def test_squads_form(tmp_path: Path) -> None:
    found = {"a": Prediction("yes", 1.0), "b": Prediction("no", -1.0)}
    write_squad(tmp_path / "p.json", found, 0.0)
    assert json.loads((tmp_path / "p.json").read_text("utf-8")) == {"a": "yes", "b": ""}
    assert read_predictions(tmp_path / "p.json") == {
        "a": Prediction("yes", SURE),
        "b": Prediction("", -SURE),
    }
    odds = written(tmp_path / "na.json", '{"a": -2.5, "b": 3}')
    assert read_predictions(tmp_path / "p.json", odds)["a"] == Prediction("yes", 2.5)
    odds = written(tmp_path / "na.json", '{"a": -2.5}')
    with pytest.raises(MalformedData, match=r"na.json: nothing for question 'b'"):
        read_predictions(tmp_path / "p.json", odds)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", r"p.json: line 1: Expecting"),
        ("[]", r"p.json: not predictions"),
        ('{"a": "x", "a": "y"}', r"p.json: 'a' occurs twice"),
        ('{"a": 3}', r"p.json: question 'a': the answer is no text but 3"),
        ('{"format": "reviewqa-predictions/1"}', r"p.json: no object under 'predictions'"),
        (
            '{"format": "reviewqa-predictions/1", "predictions": {"a": {"text": "x"}}}',
            r"p.json: question 'a': 'score' is no number but None",
        ),
        (
            '{"format": "reviewqa-predictions/1", "predictions": {"a": {"score": 1}}}',
            r"p.json: question 'a': no 'text' in it",
        ),
        ("[" * 100_000, r"p.json: nested too deeply"),
    ],
)
def test_broken_predictions_name_file_and_id(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(MalformedData, match=complaint):
        read_predictions(written(tmp_path / "p.json", text))


def gold(tmp_path: Path) -> str:
    qas = [
        {"id": "a", "question": "?", "answers": [{"text": "red", "answer_start": 0}]},
        {"id": "b", "question": "?", "answers": [], "is_impossible": True},
    ]
    data = {"data": [{"title": "t", "paragraphs": [{"context": "red.", "qas": qas}]}]}
    return str(written(tmp_path / "gold.json", json.dumps(data)))


def test_scoring_predictions_without_the_system(tmp_path: Path) -> None:
    path = written(tmp_path / "p.json", '{"a": "the red", "b": "blue"}')
    found = score_predictions_file(path, gold(tmp_path), "test", tmp_path)
    values = {(f.protocol, f.metric): f.value for f in found.figures}
    assert values["all", "em"] == 50
    assert values["has_answer", "f1"] == 100
    assert values["no_answer", "f1"] == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"a": "x"}', r"p.json: no prediction for question 'b' of .*gold.json"),
        ('{"a": "x", "b": "", "z": ""}', r"p.json: prediction for question 'z', which .* lacks"),
    ],
)
def test_ids_must_match_the_gold(tmp_path: Path, text: str, complaint: str) -> None:
    path = written(tmp_path / "p.json", text)
    with pytest.raises(MalformedData, match=complaint):
        score_predictions_file(path, gold(tmp_path), "test", tmp_path)


def test_scoring_a_run_counts_the_queries_it_lacks(tmp_path: Path) -> None:
    qrels = written(tmp_path / "qrels", "q1 0 d1 1\nq2 0 d2 1\n")
    run = written(tmp_path / "run", "q1 Q0 d1 1 0.5 t\n")
    found = score_run_file(run, qrels, ["mrr"])
    assert [f.value for f in found.figures] == [0.5]
    assert found.header["without_results"] == 1
    run = written(tmp_path / "run", "q9 Q0 d1 1 0.5 t\n")
    with pytest.raises(MalformedData, match=r"run: query 'q9' is not judged in .*qrels"):
        score_run_file(run, qrels)


def test_manifests_round_trip_and_know_what_matters(tmp_path: Path) -> None:
    made = Manifest("reader", "s", "d", "test", "p", "00", "abc", {"k": 3}, {"m": "1"}, {"v": "2"})
    write_manifest(tmp_path / "m.json", made)
    assert read_manifest(tmp_path / "m.json") == made
    other = Manifest("reader", "s", "d", "test", "p", "00", "def", {"k": 3}, {"m": "1"}, {})
    assert other.identity == made.identity
    assert Manifest("reader", "s", "d", "test", "p", "01").identity != made.identity
    with pytest.raises(MalformedData, match=r"p.json: not a manifest"):
        read_manifest(written(tmp_path / "p.json", "{}"))


def test_a_digest_changes_with_the_gold() -> None:
    one = ReadingQuestion("a", "?", "text", ((),))
    other = ReadingQuestion("a", "?", "text", ((), ()))
    assert digest([one]) == digest([one]) != digest([other])


def test_results_round_trip(tmp_path: Path) -> None:
    columns = (Column("f1", "all", {"a": 1.0, "b": 0.25}, "percent"),)
    made = Result(
        "reader",
        {"dataset": "d", "threshold": 0.5},
        columns,
        tuple(figures(columns)),
        curves={"c": {"x": [0.5]}},
        asked={"a": Asked("?", ("g",), "x", 1.5, "p", ("r",), ("r",), {"t": "1"})},
        milliseconds={"read": [1.5]},
    )
    write_result(tmp_path / "r.json", made)
    assert read_result(tmp_path / "r.json") == made
    with pytest.raises(MalformedData, match=r"p.json: not a result"):
        read_result(written(tmp_path / "p.json", "{}"))
    with pytest.raises(MalformedData, match=r"p.json: a result that lacks"):
        read_result(written(tmp_path / "p.json", '{"format": "reviewqa-result/1"}'))


@pytest.mark.parametrize(
    ("part", "wrong", "complaint"),
    [
        (
            "columns",
            [{"metric": "f1", "protocol": "all", "scores": {"q": "x"}}],
            "'q' is no number",
        ),
        ("curves", {"success": {"k": [1.0], "system": []}}, "'success' has not as many"),
        ("milliseconds", {"read": [None]}, "read is no number"),
        ("texts", {"r1": 3}, "r1 is no text"),
        ("asked", {"q": {"question": "?", "gold": [1], "ranked": [], "relevant": []}}, "gold of"),
        ("figures", [{"metric": "f1", "value": "x", "interval": [0, 1]}], "value of f1"),
    ],
)
def test_a_result_with_something_else_in_it_is_refused(
    tmp_path: Path, part: str, wrong: object, complaint: str
) -> None:
    path = tmp_path / "result.json"
    write_result(path, Result("reader", {}, (), ()))
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), part: wrong}), "utf-8")
    with pytest.raises(MalformedData, match=f"{path}: .*{complaint}"):
        read_result(path)
