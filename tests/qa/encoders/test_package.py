"""An encoder folder loads, or says which file or field is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa.encoders.package import EncoderManifest, has_two_towers, load_encoder_manifest
from qa.errors import ModelError
from qa.model_folder import MANIFEST, MODEL, TOKENIZER, fingerprint, save_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / MODEL).write_bytes(b"model")
    (tmp_path / TOKENIZER).write_bytes(b"tokenizer")
    manifest = EncoderManifest(
        name="tiny",
        fingerprint=fingerprint(tmp_path),
        dimension=8,
        max_length=32,
        normalized=True,
        query_prefix="query: ",
        figures=[{"metric": "mrr", "value": 0.5}],
    )
    save_manifest(tmp_path, manifest)
    return tmp_path


def test_the_manifest_survives_a_round_trip(folder: Path) -> None:
    manifest = load_encoder_manifest(folder)
    assert (manifest.dimension, manifest.query_prefix) == (8, "query: ")
    assert manifest.figures == [{"metric": "mrr", "value": 0.5}]
    save_manifest(folder, manifest)
    assert load_encoder_manifest(folder) == manifest


@pytest.mark.parametrize("name", [MODEL, TOKENIZER, MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"no {name} in it"):
        load_encoder_manifest(folder)


@pytest.mark.parametrize("name", [MODEL, TOKENIZER])
def test_an_altered_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"another")
    with pytest.raises(ModelError, match="altered or mixed"):
        load_encoder_manifest(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dimension", 0),
        ("max_length", 2),
        ("kind", "span-reader"),
        ("similarity", "cosine"),
        ("surprise", 1),
        ("name", ""),
    ],
)
def test_a_wrong_field_is_named(folder: Path, field: str, value: object) -> None:
    tree = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(tree | {field: value}))
    with pytest.raises(ModelError, match=field):
        load_encoder_manifest(folder)


def test_what_is_no_json_is_told(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b'{"name": "\xff"')
    with pytest.raises(ModelError, match="not JSON"):
        load_encoder_manifest(folder)


def test_two_towers_are_two_folders(tmp_path: Path) -> None:
    (tmp_path / "query").mkdir()
    assert not has_two_towers(tmp_path)
    (tmp_path / "passage").mkdir()
    assert has_two_towers(tmp_path)
