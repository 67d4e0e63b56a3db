"""``reviewqa eval report`` and ``--report`` as users run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli.main import main


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A retriever measured on a few questions of the sample, with its report written on the way."""
    folder = tmp_path_factory.mktemp("results")
    page = folder / "made" / "report.md"
    arguments = ["--limit", "12", "--out", str(folder / "runs"), "--report", str(page), "--json"]
    assert main(["eval", "retriever", "sample", *arguments]) == 0
    assert page.read_text("utf-8").startswith("# Evaluation on sample test\n")
    return folder / "runs"


def test_a_report_is_made_of_a_folder_in_three_forms(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {name: tmp_path / f"r.{name}" for name in ("html", "md", "json")}
    forms = ["--markdown", str(paths["md"]), "--json", str(paths["json"])]
    assert main(["eval", "report", str(results), "--out", str(paths["html"]), *forms]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(": ")[1] for line in said.err.splitlines()] == list(map(str, paths.values()))
    assert paths["html"].read_text("utf-8").lstrip().startswith("<!doctype html>")
    tree = json.loads(paths["json"].read_text("utf-8"))
    assert "bm25" in tree["subtitle"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json", "r.md"]


def test_the_same_results_make_the_same_bytes(results: Path, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        assert main(["eval", "report", str(results), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_what_is_wrong_is_one_line(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.json").write_text("{", "utf-8")
    tries = {
        ("nowhere",): "no data file at",
        (str(tmp_path),): f"no result.json in {tmp_path}",
        (str(tmp_path / "broken.json"),): "broken.json: line 1",
        (str(results), "--out", str(tmp_path / "r.pdf")): "end its name in one of",
        (str(results), "--out", str(tmp_path)): "end its name in one of",
    }
    for arguments, complaint in tries.items():
        assert main(["eval", "report", *arguments]) == 1
        said = capsys.readouterr()
        assert said.err.startswith("error: ")
        assert complaint in said.err
        assert said.err.count("\n") == 1
    assert main(["eval", "report"]) == 2


def test_a_bad_place_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "runs"
    assert main(["eval", "reader", "sample", "--out", str(out), "--report", str(tmp_path)]) == 1
    assert "end its name in one of" in capsys.readouterr().err
    assert not out.exists()
