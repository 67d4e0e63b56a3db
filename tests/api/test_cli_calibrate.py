"""``reviewqa calibrate`` as users run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli.main import main
from indexing.sample import questions_path


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's first reviews with their questions."""
    tree = json.loads(questions_path().read_text("utf-8"))
    for article in tree["data"]:
        article["paragraphs"] = article["paragraphs"][:2]
    path = tmp_path_factory.mktemp("labels") / "mine.json"
    path.write_text(json.dumps(tree), "utf-8")
    return path


def test_a_calibrated_copy_serves_and_is_measured(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    assert main(["calibrate", str(labelled), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["out"] == str(out)
    assert 0 < said["right"] < said["questions"]
    assert set(said["before"]) == {"ece", "brier"}
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["calibration"] == said["calibration"]
    assert manifest["training"]["calibrated_on"] == str(labelled)
    assert main(["eval", "reader", str(labelled), "--system", str(out), "--json"]) == 0
    capsys.readouterr()


def test_ask_takes_the_copy(
    labelled: Path, sample_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same answer at another confidence; a folder without a reader is one line."""
    out = tmp_path / "mine"
    assert main(["calibrate", str(labelled), "--out", str(out)]) == 0
    capsys.readouterr()
    asked = ["ask", "how long does the battery last?", "-p", "wireless-earbuds",
             "--store", str(sample_store), "--threshold", "0", "--json"]  # fmt: skip
    found = []
    for more in ([], ["--model", str(out)]):
        assert main([*asked, *more]) == 0
        found.append(json.loads(capsys.readouterr().out)["answers"][0])
    one, two = found
    assert one["text"] == two["text"]
    assert one["confidence"] != two["confidence"]
    assert main([*asked, "--model", str(tmp_path)]) == 1
    assert "is not a reader" in capsys.readouterr().err


def test_the_table_says_what_it_gains(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    assert main(["calibrate", str(labelled), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    for words in ("questions, the best span right for", "calibration error (ECE)",
                  "on products left out in turn", f"calibrated: {out}"):  # fmt: skip
        assert words in shown


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nowhere.json",), "no data set 'nowhere.json'"),
        (("sample", "--split", "test"), "calibrating on a test split"),
        (("sample", "--model", "nobody"), "nobody is not a reader"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", *arguments, "--out", "mine"]) == 1
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_taken_is_left_alone(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    assert main(["calibrate", str(labelled), "--out", str(tmp_path / "mine")]) == 1
    assert "is there already" in capsys.readouterr().err
    assert not list((tmp_path / "mine").iterdir())
