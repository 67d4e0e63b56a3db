"""``reviewqa data`` as users run it: tables, pages, reports and one-line errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli.main import main
from eval.datasets.jsonl import read_jsonl


def test_stats_of_the_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "new" / "stats.html"
    assert main(["data", "stats", "sample", "--html", str(page)]) == 0
    shown = capsys.readouterr().out
    for heading in ("Overview", "Question types", "Lengths against the reader's window",
                    "Answers", "Annotators", "Duplicates"):  # fmt: skip
        assert heading in shown
    assert "855" in shown
    assert "█" in shown
    text = page.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "<svg" in text


def test_stats_as_json_and_of_several_sets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.jsonl"
    assert main(["data", "convert", "sample", str(copy)]) == 0
    capsys.readouterr()
    assert main(["data", "stats", "sample", str(copy), "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    first, second = tree["parts"]
    assert first["windows"] == second["windows"]
    (pair,) = tree["shared"]
    shared = {leak["kind"]: leak["first"] for leak in pair["leaks"]}
    assert shared["questions with their contexts"] == first["questions"] == 855
    assert tree["clean_pairs"] == 0


def test_convert_says_what_it_guessed_and_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "sample.jsonl"
    assert main(["data", "convert", "sample", str(target)]) == 0
    said = capsys.readouterr()
    assert said.err == "guessed: --from squad-2.0 --to jsonl\n"
    assert "read            855 questions" in said.out
    assert "nothing was lost" in said.out
    assert len(read_jsonl(target)) == 855
    given = ["--from", "jsonl", "--to", "squad-1.1", "--json"]
    assert main(["data", "convert", str(target), str(tmp_path / "one.json"), *given]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    report = json.loads(said.out)
    assert report["read"] == {"questions": 855}
    (dropped,) = report["dropped"].values()
    assert report["written"] == {"questions": 855 - dropped}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("broken.jsonl", "out.json"), "broken.jsonl: line 1: 'context' is missing"),
        (("nowhere.jsonl", "out.json"), "no data file at"),
        (("broken.jsonl", "out.xyz"), "say --to subjqa|squad-1.1"),
        (("broken.jsonl", "out.json", "--to", "conll"), "no format 'conll': one of subjqa"),
        (("broken.jsonl", "broken.jsonl", "--force"), "is the source itself"),
        (("notes.txt", "out.json"), "say --from subjqa|"),
        (("good.jsonl", "notes.txt", "--to", "jsonl"), "exists: name another place or say --force"),
        (("good.jsonl", "out", "--protocol", "book"), "no protocol 'book'"),
    ],
)
def test_faults_are_one_line_and_exit_code_1(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.jsonl").write_text('{"id": "1", "question": "q"}\n', "utf-8")
    Path("good.jsonl").write_text(
        '{"id": "1", "question": "q", "context": "c", "annotations": [[]]}\n', "utf-8"
    )
    Path("notes.txt").write_text("x", "utf-8")
    before = sorted(tmp_path.iterdir())
    assert main(["data", "convert", *arguments]) == 1
    said = capsys.readouterr()
    error = [line for line in said.err.splitlines() if not line.startswith("guessed: ")]
    assert said.out == ""
    assert len(error) == 1
    assert error[0].startswith("error: ")
    assert complaint in error[0]
    assert sorted(tmp_path.iterdir()) == before


def test_stats_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "stats", "nowhere"]) == 1
    assert "no data set 'nowhere'" in capsys.readouterr().err
    assert main(["data", "stats", "sample", "--html", str(tmp_path / "x.pdf")]) == 1
    assert ".html" in capsys.readouterr().err
    assert main(["data", "stats", "sample", "--model", str(tmp_path)]) == 1
    assert "is not a reader" in capsys.readouterr().err


def test_evaluation_reads_jsonl(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "sample.jsonl"
    assert main(["data", "convert", "sample", str(target)]) == 0
    said = {q.id: q.gold()[0].text if q.gold() else "" for q in read_jsonl(target)}
    (tmp_path / "said.json").write_text(json.dumps(said), "utf-8")
    capsys.readouterr()
    command = ["eval", "score", str(tmp_path / "said.json"), "--gold", str(target), "--json"]
    assert main(command) == 0
    (tree,) = json.loads(capsys.readouterr().out)
    figures = {(f["protocol"], f["metric"]): f["value"] for f in tree["figures"]}
    assert figures["all", "em"] == 100
