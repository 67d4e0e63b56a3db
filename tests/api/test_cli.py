"""The commands, each run as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli.index import parse_map
from api.cli.main import main
from indexing.records import Review
from indexing.sample import reviews_path

Command = Callable[..., subprocess.CompletedProcess[str]]
QUESTION = ("does the strap hold a heavy camera?", "--product", "camera-strap")


def test_index_reports_what_was_stored_and_then_unchanged(command: Command, tmp_path: Path) -> None:
    count = len(reviews_path().read_text("utf-8").splitlines())
    arguments = ("index", str(reviews_path()), "--store", str(tmp_path / "store"), "--json")
    first, second = (command(*arguments) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert json.loads(first.stdout)["stored"] == count
    assert json.loads(second.stdout)["unchanged"] == count


def test_index_shows_a_table_and_takes_a_foreign_dump(command: Command, tmp_path: Path) -> None:
    dump = tmp_path / "dump.jsonl"
    rows = [{"pid": "lamp", "body": f"It is bright, number {n}."} for n in range(5)]
    dump.write_text("".join(json.dumps(row) + "\n" for row in rows) + "no json\n")
    store, rejects = str(tmp_path / "s"), tmp_path / "rejects.jsonl"
    arguments = ("--store", store, "--rejects", str(rejects), "--map", "text=body,product_id=pid")
    result = command("index", str(dump), *arguments)
    assert result.returncode == 0, result.stderr
    header, row, *_ = result.stdout.splitlines()
    assert header.split() == ["source", "format", "read", "stored", "rejected"]
    assert row.split()[-3:] == ["6", "5", "1"]
    assert str(rejects) in result.stdout
    assert len(rejects.read_text().splitlines()) == 1


def test_index_deletes_by_id(command: Command, tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "store"))
    command("index", str(reviews_path()), *store)
    result = command("index", str(reviews_path()), "--delete", "--json", *store)
    assert json.loads(result.stdout)["deleted"] == json.loads(result.stdout)["read"]
    assert command("products", *store).stdout == ""


def test_a_broken_file_in_a_folder_is_a_failure_that_keeps_the_rest(
    command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    (folder / "good.jsonl").write_text('{"product_id": "a", "text": "Good."}\n')
    (folder / "worse.jsonl.gz").write_bytes(b"\x1f\x8b but no gzip")
    result = command("index", str(folder), "--store", str(tmp_path / "s"))
    assert result.returncode == 1
    assert "worse.jsonl.gz" in result.stderr
    assert command("products", "--store", str(tmp_path / "s")).stdout.startswith("a\t")


@pytest.mark.parametrize("given", ["text", "text=", "=body", "text=a,,id=b"])
def test_a_bad_map_is_wrong_usage(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "x", "--map", given]) == 2
    assert "FIELD=COLUMN" in capsys.readouterr().err


def test_map_options_add_up() -> None:
    given = ["text=a, id = b", "date=c"]
    assert parse_map(given) == {"text": "a", "id": "b", "date": "c"}


def test_ask_shows_the_span_in_its_sentence(command: Command, sample_store: Path) -> None:
    arguments = ("--store", str(sample_store), "--threshold", "0")
    result = command("ask", *QUESTION, *arguments)
    assert result.returncode == 0, result.stderr
    assert "[" in result.stdout
    assert "review camera-strap-r" in result.stdout
    assert "% sure" in result.stdout
    assert "read " in result.stdout.splitlines()[-1]


def test_ask_says_what_it_searched_for_instead(command: Command, sample_store: Path) -> None:
    typed = ("does the strpa hold a camrea?", *QUESTION[1:], "--store", str(sample_store))
    assert "searched for strap instead of strpa, camera instead of camrea" in " ".join(
        command("ask", *typed).stdout.split()
    )


def test_ask_prints_the_same_json_as_the_service(command: Command, sample_store: Path) -> None:
    arguments = ("--store", str(sample_store), "--threshold", "0", "--top-k", "2", "--json")
    result = json.loads(command("ask", *QUESTION, *arguments).stdout)
    assert result["answered"] is True
    assert 1 <= len(result["answers"]) <= 2
    for answer in result["answers"]:
        for support in answer["support"]:
            start = support["start"] - support["sentence_start"]
            end = support["end"] - support["sentence_start"]
            assert support["sentence"][start:end] == support["text"]
            assert support["review"]["product_id"] == "camera-strap"


def test_ask_says_that_no_review_answers(command: Command, sample_store: Path) -> None:
    arguments = ("--store", str(sample_store), "--threshold", "1")
    result = command("ask", *QUESTION, *arguments)
    assert result.returncode == 0
    assert result.stdout.startswith("No review answers this (")
    assert "nearest miss" in result.stdout


def test_an_unknown_product_is_told_with_its_neighbours(
    command: Command, sample_store: Path
) -> None:
    result = command("ask", "is it loud?", "-p", "camera-strop", "--store", str(sample_store))
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "did you mean camera-strap?" in result.stderr


def test_products_are_listed_and_searched(command: Command, sample_store: Path) -> None:
    store = ("--store", str(sample_store))
    assert len(command("products", *store).stdout.splitlines()) == 15
    found = command("products", "CAMERA", *store).stdout.split("\t")
    assert found[0] == "camera-strap"
    listed = json.loads(command("products", "--json", "--limit", "2", *store).stdout)
    assert [set(product) for product in listed] == [
        {"id", "title", "reviews", "passages", "mean_rating"}
    ] * 2


def test_store_commands(command: Command, sample_store: Path) -> None:
    store = ("--store", str(sample_store))
    assert command("store", "check", *store).stdout == "ok: no problem found\n"
    assert command("store", "check", "--json", *store).stdout == "[]\n"
    before = json.loads(command("store", "info", "--json", *store).stdout)
    assert command("store", "rebuild", *store).returncode == 0
    after = json.loads(command("store", "info", "--json", *store).stdout)
    assert before["fingerprint"] == after["fingerprint"]
    assert f"{before['reviews']}" in command("store", "info", *store).stdout


def test_the_store_may_come_from_the_environment(command: Command, sample_store: Path) -> None:
    assert command("products", REVIEWQA_STORE=str(sample_store)).stdout
    result = command("products", REVIEWQA_STORE="/nowhere")
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
    assert "/nowhere" in result.stderr


def test_info_tells_versions_sizes_and_instructions(command: Command, sample_store: Path) -> None:
    result = command("info", "--json", "--store", str(sample_store))
    found = json.loads(result.stdout)
    assert found["packages"]["onnxruntime"]["bytes"] > 1_000_000
    assert found["processor"]["instructions"] is None or set(
        found["processor"]["instructions"]
    ) == {"AVX2", "AVX-512", "VNNI"}
    assert found["store"]["products"] == 15
    assert found["models"]
    assert "onnxruntime" in command("info", "--store", "/nowhere").stdout


@pytest.mark.parametrize("kind", ["reader", "encoder", "ranker"])
def test_training_without_torch_names_the_remedy(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("api.cli.train.find_spec", lambda name: None)
    arguments = ["--config", "r.yaml", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["train", kind, *arguments]) == 1
    assert capsys.readouterr().err == (
        "error: training needs torch: pip install 'reviewqa[train]'\n"
    )


def test_review_text_cannot_steer_the_terminal(
    command: Command, make_store: Callable[..., Path]
) -> None:
    hostile = "It is loud\x1b]0;owned\x07\x1b[2J\u202e and [bold red]bright[/] too."
    store = make_store(Review(id="r\x1b[1m", product_id="p", text=hostile, title="\x9b1m"))
    result = command("ask", "is it loud?", "-p", "p", "--store", str(store), "--threshold", "0")
    assert result.returncode == 0, result.stderr
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(result.stdout)
    assert "[bold red]bright[/]" in result.stdout.replace("\n", " ")
