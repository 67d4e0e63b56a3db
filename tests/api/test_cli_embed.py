"""Embedding from the command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli.embed import line
from api.cli.main import main
from indexing.sample import reviews_path

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_vectors_are_made_kept_up_and_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", str(tmp_path / "store")]

    def told(*arguments: str) -> dict[str, int | str]:
        assert main([*arguments, *store, "--json"]) == 0
        found: dict[str, int | str] = json.loads(capsys.readouterr().out)
        return found

    assert told("index", str(reviews_path()), "--no-embed")["embedded"] == 0
    passages = told("store", "info")["passages"]
    assert told("store", "embed", "--model", "fake:8")["embedded"] == passages
    assert told("store", "info")["encoder"] == "fake:8 (fake-8)"
    dump = tmp_path / "more.jsonl"
    dump.write_text('{"product_id": "lamp", "text": "It is bright."}\n')
    assert told("index", str(dump))["embedded"] == 1
    assert told("store", "embed")["embedded"] == 0
    assert told("store", "embed", "--model", "fake:9")["embedded"] == int(passages) + 1
    assert main(["store", "info", *store]) == 0
    assert "fake:9" in capsys.readouterr().out


def test_an_encoder_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", str(tmp_path / "store")]
    assert main(["index", str(reviews_path()), "--no-embed", *store]) == 0
    capsys.readouterr()
    assert main(["store", "embed", "--model", "nowhere", *store]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_line_of_progress_tells_rate_and_time_left() -> None:
    shown = line(1200, 4000, 4.0)
    assert shown == "1,200 of 4,000 passages embedded, 300/s, about 9 s left"
