"""The command line on a store that is an address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import main
from indexing.engines.elastic.engine import ElasticEngine
from indexing.engines.registry import open_engine
from indexing.errors import StoreError
from indexing.sample import questions_path, reviews_path
from tests.elasticsearch_server import new_location

ASK = ["ask", "How long does the battery last?", "--product", "wireless-earbuds", "--json"]


@pytest.fixture
def location() -> Iterator[str]:
    address = new_location()
    yield address
    with closing(ElasticEngine(address, create=True)) as engine:
        engine.drop()


@pytest.mark.elasticsearch
def test_every_command_takes_an_address(
    location: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*arguments: str) -> Any:
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    there = ["--store", location]
    rejects = ["--rejects", str(tmp_path / "rejects.jsonl")]
    assert told("index", str(reviews_path()), "--no-embed", *rejects, *there)["stored"] == 360
    again = told("index", str(reviews_path()), "--no-embed", *rejects, *there)
    assert (again["stored"], again["unchanged"]) == (0, 360)
    assert main(["store", "rebuild", *there]) == 0
    assert "rebuilt: 360 reviews" in capsys.readouterr().out
    assert told("store", "check", *there) == []
    assert len(told("products", "camera", *there)) >= 1

    folder = str(tmp_path / "copy")
    copied = told("store", "copy", location, folder)
    assert copied["reviews"] == 360
    here = ["--store", folder]
    assert told("store", "info", *here)["fingerprint"] == copied["fingerprint"]
    one, other = told(*ASK[:-1], *there), told(*ASK[:-1], *here)
    assert one["answers"]
    assert one["answers"] == other["answers"]


@pytest.mark.elasticsearch
def test_every_command_takes_a_folder_of_vectors_beside_it(
    location: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*arguments: str) -> Any:
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    folder = tmp_path / "vectors"
    beside = f"{location}?vectors={folder}"
    there = ["--store", beside]
    rejects = ["--rejects", str(tmp_path / "rejects.jsonl")]
    told("index", str(reviews_path()), "--no-embed", *rejects, *there)
    embedded = told("store", "embed", "--model", "fake:32", *there)["embedded"]
    rows = list(folder.rglob("rows.f32"))
    assert sum(path.stat().st_size for path in rows) == 4 * 32 * embedded
    about = told("store", "info", *there)
    assert (about["location"], about["vectors"]) == (beside, embedded)
    assert told("store", "check", *there) == []
    assert main(["store", "rebuild", *there]) == 0
    capsys.readouterr()
    dense = ["--pipeline", "dense"]
    assert told(*ASK[:-1], *dense, *there)["passages"]
    copied = str(tmp_path / "copy")
    assert told("store", "copy", beside, copied)["vectors"] == embedded
    ours, theirs = (
        told(*ASK[:-1], *dense, "--store", where)["passages"] for where in (beside, copied)
    )
    assert ours == theirs

    assert main(["labels", "import", str(questions_path()), *there]) == 0
    capsys.readouterr()
    measured = [
        told("eval", "retriever", f"store:{where}", "--system", "dense:fake:32", "--limit", "8")
        for where in (beside, location)
    ]
    assert measured[0][0]["figures"] == measured[1][0]["figures"]

    (folder / "vectors.lock").unlink()
    assert main([*ASK, *dense, *there]) == 1
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "holds something else than vectors" in complaint


@pytest.mark.elasticsearch
def test_no_store_at_the_address_is_one_line(
    location: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["store", "info", "--store", location]) == 1
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert f"reviewqa index SOURCE --store {location}" in complaint


def test_a_server_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "info", "--store", "http://127.0.0.1:9/reviews"]) == 1
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "cannot be reached" in complaint


def test_without_the_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexing.engines.registry.find_spec", lambda name: None)
    with pytest.raises(StoreError, match=r"pip install 'reviewqa\[elasticsearch\]'"):
        open_engine("http://localhost:9200/reviews")
