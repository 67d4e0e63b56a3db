"""Experiments as files: read, overruled, refused with file and field; and run from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.formats.results import read_result
from qa.checked import read_yaml
from qa.experiments import manifest
from qa.experiments.config import (
    ExperimentError,
    load_experiment,
    shipped_experiments,
    single_run,
)
from qa.experiments.suite import left_out, run_experiment, steps

RECIPES = Path("qa/training/recipes")

TWO = """
about: two kinds
runs:
  - kind: retriever
    datasets: [sample]
    metrics: [mrr]
    limit: 3
    published:
      - {label: theirs, metric: mrr, protocol: product, value: 0.5, source: somebody}
  - kind: retriever
    datasets: [{name: sample, protocol: open}]
    systems: [{name: bm25, label: other}]
    metrics: ["recall@1"]
    limit: 3
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "experiment.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("runs: []", "runs: List should have at least 1 item"),
        ("- 3", "is no mapping of settings"),
        ("runs: [", "not YAML"),
        ("runs: []\nruns: []", "not YAML: 'runs' occurs twice"),
        ("runs: [{datasets: [a]}]", "runs.0: 'kind' is missing: one of pipeline, reader"),
        ("runs: [{kind: all, datasets: [a]}]", "runs.0: 'kind' is 'all', not one of"),
        ("runs: [{kind: reader}]", "runs.0.datasets: is missing"),
        ("runs: [{kind: reader, datasets: [a], depth: 3}]", "runs.0.depth: no such setting"),
        ("runs: [{kind: retriever, datasets: [a], depth: 0}]", "runs.0.depth: .* got 0"),
        ("runs: [{kind: reader, datasets: [{name: a, merge: all}]}]",
         "runs.0.datasets.0.merge: .* got 'all'"),
        ("runs: [{kind: reader, datasets: [{name: a, protocol: open}]}]",
         "runs.0.datasets: a: protocol means nothing here"),
        ("runs: [{kind: pipeline, datasets: [{name: a, protocol: open}]}]",
         "protocol of a pipeline is 'book'"),
        ("runs: [{kind: retriever, datasets: [a], metrics: [mrrr]}]",
         "runs.0.metrics: no metric 'mrrr': one of recall@k"),
        ("runs: [{kind: reader, datasets: [a], metrics: [mrr]}]",
         "runs.0.metrics: no further metric 'mrr' of answers"),
        ("runs: [{kind: reader, datasets: [a], systems: [{name: x, needs: y}]}]",
         r"runs.0.systems.0: 'needs' \(a folder\) and 'made_by' \(its command\) go together"),
        ("runs: [{kind: reader, datasets: [a], systems: [{name: x, made_by: y}]}]",
         "runs.0.systems.0: 'needs'"),
        ("runs: [{kind: reader, datasets: [a], folds: 1}]", "runs.0.folds: one fold has no other"),
        ("runs: [{kind: reader, datasets: [a], published: [{label: x, values: 3}]}]",
         "runs.0.published.0.metric: is missing"),
    ],
)  # fmt: skip
def test_a_bad_experiment_names_file_and_field(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ExperimentError, match=complaint) as raised:
        load_experiment(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_an_unknown_experiment_lists_those_that_ship(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"a YAML file, or one of book-pipeline, book-reader"):
        load_experiment(tmp_path / "gone.yaml")


OPTIONAL = """
runs:
  - kind: retriever
    datasets: [sample]
    limit: 2
    systems:
      - bm25
      - {name: "dense:FOLDER", label: ours, needs: FOLDER, made_by: make encoder}
"""


def test_a_system_whose_folder_is_not_there_is_left_out_and_told_of(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    path = write(tmp_path, OPTIONAL.replace("FOLDER", str(folder)))
    experiment = load_experiment(path)
    assert [step.title for step in steps(experiment, tmp_path)] == ["bm25 on sample"]
    assert left_out(experiment) == [f"ours: no {folder}; to make it: make encoder"]
    folder.mkdir()
    assert left_out(experiment) == []
    assert len(steps(experiment, tmp_path)) == 2


def test_an_experiment_without_any_system_is_refused(tmp_path: Path) -> None:
    text = OPTIONAL.replace("- bm25\n", "").replace("FOLDER", "gone")
    with pytest.raises(ExperimentError, match=r"no system to measure; ours: no gone; .*: make"):
        steps(load_experiment(write(tmp_path, text)), tmp_path)


def test_the_book_beside_systems_of_ours_says_how_to_train_them() -> None:
    """Every shipped recipe and stage that a line names is there, and makes the folder needed."""
    for name in shipped_experiments():
        for run in load_experiment(name).runs:
            for system in run.systems:
                if system.needs is None:
                    continue
                words = system.made_by.split()
                said = dict(zip(words[3::2], words[4::2], strict=True))
                made = Path(said["--out"]) / words[2]
                if "--stage" in said:
                    made = made.with_name(f"reader-{said['--stage']}")
                    tree = read_yaml(RECIPES / f"{said['--config']}.yaml", "recipe", ValueError)
                    assert said["--stage"] in [stage["name"] for stage in tree["stages"]]
                assert made == system.needs
                assert system.name.endswith(str(made))
                assert (RECIPES / f"{said['--config']}.yaml").is_file()


def test_options_overrule_the_file_and_drop_what_was_published_on_other_questions() -> None:
    shipped = load_experiment("book-retriever")
    (kept,) = shipped.changed({"depth": 20}).runs
    assert kept.published
    (other,) = shipped.changed({"split": "dev"}).runs
    assert [(one.split, one.protocol) for one in other.datasets] == [("dev", "book")]
    assert other.published == []
    (named,) = shipped.changed({"datasets": ["subjqa:books"]}).runs
    assert [(one.name, one.split) for one in named.datasets] == [("subjqa:books", "test")]
    mixed = load_experiment("book-pipeline").changed({"merge": "first", "protocol": "book"})
    assert {one.merge for run in mixed.runs for one in run.datasets} == {"first"}
    assert [one.protocol for run in mixed.runs for one in run.datasets] == [None, "book"]
    with pytest.raises(ExperimentError, match=r"command line: depth: .* got -1"):
        single_run("retriever", ["sample"], {"depth": -1})
    with pytest.raises(ExperimentError, match="book-reader: no pipeline among its runs"):
        load_experiment("book-reader").of("pipeline", "book-reader")


def test_the_books_values_are_as_published() -> None:
    """Figures of the chapter, typed once more from the protocol's description."""
    values = {
        name: {
            (one.label, one.protocol, one.metric): one.value
            for run in load_experiment(name).runs
            for one in run.published
        }
        for name in shipped_experiments()
    }
    curves = values["book-retriever"]
    for label, protocol, wanted in (
        ("BM25 (book)", "book", [0.891, 0.955, 0.982, 0.991]),
        ("DPR (book)", "book", [0.830, 0.955, 0.979, 0.991]),
        ("BM25 (book)", "book (answerable)", [0.76, 0.90, 0.96, 0.98]),
        ("DPR (book)", "book (answerable)", [0.63, 0.90, 0.95, 0.98]),
        ("random (book)", "book (answerable)", [0.62, 0.87, 0.93, 0.98]),
    ):
        assert [curves[label, protocol, f"success@{k}"] for k in (1, 3, 5, 10)] == wanted
    bars = values["book-reader"]
    for label, em, f1 in (
        ("SQuAD only", 6.0, 24.6), ("SQuAD then SubjQA", 32.7, 51.8), ("SubjQA only", 12.7, 30.7)
    ):  # fmt: skip
        assert bars[f"{label} (book)", "book", "em"] == em
        assert bars[f"{label} (book)", "book", "f1"] == f1
    whole = values["book-pipeline"]
    assert (whole["pipeline (book)", "book", "em"], whole["pipeline (book)", "book", "f1"]) == (
        23.0, 43.1,
    )  # fmt: skip


def test_an_experiment_leaves_one_result_per_system_with_what_was_published(tmp_path: Path) -> None:
    experiment = load_experiment(write(tmp_path, TWO))
    results = run_experiment(experiment, tmp_path, tmp_path / "out")
    assert [result.header["system"] for result in results] == ["bm25", "other"]
    assert [result.header["protocol"] for result in results] == ["product", "open"]
    assert [{c.metric for c in result.columns} for result in results] == [{"mrr"}, {"recall@1"}]
    kept = read_result(tmp_path / "out/retriever/sample-test-product/bm25/result.json")
    assert kept == results[0]
    assert [(one.label, one.value) for one in kept.published] == [("theirs", 0.5)]


def test_two_runs_never_write_to_one_place(tmp_path: Path) -> None:
    text = "runs:\n" + "  - {kind: retriever, datasets: [sample]}\n" * 2
    with pytest.raises(ExperimentError, match="another label"):
        steps(load_experiment(write(tmp_path, text)), tmp_path, tmp_path / "out")


def test_a_finished_run_is_taken_up_only_if_nothing_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = load_experiment(write(tmp_path, TWO)).changed({"metrics": ["mrr"]})
    asked: list[int] = []

    def count(done: int, total: int) -> None:
        asked.append(done)

    def run() -> list[object]:
        asked.clear()
        return [r.figures for r in run_experiment(experiment, tmp_path, tmp_path / "out", count)]

    monkeypatch.setattr(manifest, "commit", lambda: "abc")
    first = run()
    assert len(asked) == 6
    assert run() == first
    assert asked == []
    monkeypatch.setattr(manifest, "commit", lambda: "abd")
    assert run() == first
    assert len(asked) == 6
    for _ in range(2):
        monkeypatch.setattr(manifest, "commit", lambda: "abd+")
        assert run() == first
        assert len(asked) == 6
