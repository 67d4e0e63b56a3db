"""``reviewqa eval`` as users run it on files: figures, one-line errors, comparisons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli.main import main

QRELS = "q1 0 d1 1\nq2 0 d2 1\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "qrels").write_text(QRELS, "utf-8")
    (tmp_path / "a.trec").write_text("q1 Q0 d1 1 2 t\nq2 Q0 d1 1 2 t\n", "utf-8")
    (tmp_path / "b.trec").write_text("q1 Q0 d1 1 2 t\nq2 Q0 d2 1 2 t\n", "utf-8")
    return tmp_path


def score(files: Path, name: str, *more: str) -> int:
    return main(["eval", "score", str(files / name), "--qrels", str(files / "qrels"), *more])


def test_scoring_a_run_prints_figures_with_intervals(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(files, "a.trec", "--metric", "mrr", "--json") == 0
    (tree,) = json.loads(capsys.readouterr().out)
    (figure,) = tree["figures"]
    assert (figure["metric"], figure["value"], figure["count"]) == ("mrr", 0.5, 2)
    assert figure["interval"] == [0.0, 1.0]
    assert score(files, "a.trec", "--metric", "mrr") == 0
    assert "0.500  0.000 … 1.000" in capsys.readouterr().out


def test_comparing_results_shows_both_answers(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        assert score(files, f"{name}.trec", "--out", str(files / f"{name}.json")) == 0
    capsys.readouterr()
    paths = [str(files / f"{name}.json") for name in ("a", "b")]
    assert main(["eval", "compare", *paths, "--metric", "mrr"]) == 0
    shown = capsys.readouterr().out
    assert "+0.500" in shown
    assert "changed most by judged: mrr" in shown
    assert main(["eval", "compare", *paths, "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["comparisons"][0]["wins"] == 1
    assert [one["id"] for one in tree["changes"]["most"]] == ["q2"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("q9 Q0 d 1 1 t\n", "query 'q9' is not judged"),
        ("q1 Q0 d 1 x t\n", "a.trec: line 1: query 'q1': score of 'd' is 'x'"),
    ],
)
def test_broken_input_is_one_line_and_exit_code_1(
    files: Path, capsys: pytest.CaptureFixture[str], text: str, complaint: str
) -> None:
    (files / "a.trec").write_text(text, "utf-8")
    assert score(files, "a.trec") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert complaint in said.err
    assert said.err.count("\n") == 1


def test_wrong_usage_is_exit_code_2(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "score", str(files / "a.trec")]) == 2
    assert score(files, "a.trec", "--gold", "x") == 2
    assert score(files, "nowhere") == 1
    assert "no data file at" in capsys.readouterr().err
    assert score(files, "a.trec", "--metric", "mrrr") == 1
    assert "no metric 'mrrr'" in capsys.readouterr().err


def test_every_metric_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "metrics", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["mrr"]["source"] == "Voorhees, TREC-8 (1999)"
    assert listed["ece"]["higher_is_better"] is False
    assert main(["eval", "metrics"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in listed)


EXPERIMENT = """
runs:
  - kind: retriever
    datasets: [sample]
    metrics: [mrr, "recall@1"]
    published:
      - {label: theirs, metric: mrr, protocol: product, value: 0.123, source: somebody}
  - kind: reader
    datasets: [sample]
"""


@pytest.fixture
def experiment(tmp_path: Path) -> str:
    path = tmp_path / "experiment.yaml"
    path.write_text(EXPERIMENT, "utf-8")
    return str(path)


def test_the_runs_of_one_kind_are_done_and_options_overrule_them(
    experiment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", "retriever", "--config", experiment]
    assert main([*command, "--metric", "mrr", "--json"]) == 0
    (tree,) = json.loads(capsys.readouterr().out)
    assert [figure["metric"] for figure in tree["figures"]] == ["mrr"]
    assert [one["value"] for one in tree["published"]] == [0.123]
    assert main([*command, "--limit", "60", "--folds", "2", "--json"]) == 0
    (tree,) = json.loads(capsys.readouterr().out)
    assert tree["header"]["questions"] == 60
    assert tree["published"] == []
    assert {one["metric"] for one in tree["folds"]} == {"mrr", "recall@1"}


def test_what_is_not_there_is_left_out_with_the_command_that_makes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "experiment.yaml"
    mine = '{name: "dense:gone", label: mine, needs: gone, made_by: train it}'
    text = f"runs: [{{kind: retriever, datasets: [sample], limit: 2, systems: [bm25, {mine}]}}]"
    path.write_text(text, "utf-8")
    assert main(["eval", "run", str(path), "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == "left out: mine: no gone; to make it: train it\n"
    assert [tree["header"]["system"] for tree in json.loads(said.out)] == ["bm25"]
    path.write_text(text.replace("bm25, ", ""), "utf-8")
    assert main(["eval", "run", str(path)]) == 1
    wanted = "error: no system to measure; mine: no gone; to make it: train it\n"
    assert capsys.readouterr().err == wanted


def test_published_values_stand_beside_ours_however_narrow_the_screen(
    experiment: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    assert main(["eval", "retriever", "--config", experiment]) == 0
    lines = capsys.readouterr().out.splitlines()
    (head,) = [line for line in lines if line.startswith("protocol")]
    assert head.split()[-2:] == ["random", "theirs"]
    (row,) = [line for line in lines if " mrr " in line]
    assert row.endswith("0.123")
    assert any("theirs: somebody" in line for line in lines)


def test_a_whole_experiment_is_run_by_file(
    experiment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["eval", "run", experiment, "--limit", "4", "--out", str(out), "--json"]) == 0
    assert [tree["kind"] for tree in json.loads(capsys.readouterr().out)] == ["retriever", "reader"]
    assert len(list(out.glob("*/*/*/result.json"))) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["reader"], 2, "name a data set, or an experiment with --config"),
        (["run", "nowhere"], 1, "no experiment 'nowhere': a YAML file, or one of book-pipeline"),
        (["retriever", "sample", "--depth", "0"], 1, "command line: depth: "),
        (["reader", "sample", "--metric", "mrr"], 1, "no further metric 'mrr' of answers"),
        (["retriever", "sample", "--protocol", "x"], 1, "datasets.0.protocol: Input should be"),
        (["pipeline", "store:/nowhere"], 1, "there is no store at /nowhere"),
        (["pipeline", "sample", "--model", "hub:x", "--limit", "1"], 1, "hub:x"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    arguments: list[str], code: int, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", *arguments]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert complaint in said.err
