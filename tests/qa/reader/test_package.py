"""A reader folder loads, or says which file or field is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from qa.errors import ModelError
from qa.model_folder import MANIFEST, MODEL, TOKENIZER, fingerprint, save_manifest
from qa.reader.package import SHIPPED, load_manifest
from qa.reader.reader import Reader


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (MODEL, TOKENIZER, MANIFEST):
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def test_the_shipped_reader_reads() -> None:
    reader = Reader.load(threads=1)
    context = "Lovely bag. The strap is 120 cm long and padded."
    (reading,) = reader.read(["How long is the strap?"], [[context, "Arrived on Monday."]])
    (best,), (other,) = reading.spans
    assert "120 cm" in context[best.start : best.end]
    assert best.score > other.score
    assert reader.confidence(best) > reader.confidence(other)
    assert 0 < reading.answerable < 1


def test_one_call_equals_many() -> None:
    reader = Reader.load(threads=1)
    questions = ["How long is the strap?", "Is it loud?"]
    contexts = [["It is 2 m long.", "Fits well. " * 200], ["Very loud indeed."]]
    together = reader.read(questions, contexts, spans=2)
    for question, group, reading in zip(questions, contexts, together, strict=True):
        for context, spans in zip(group, reading.spans, strict=True):
            (alone,) = reader.read([question], [[context]], spans=2)
            assert [(s.start, s.end) for s in alone.spans[0]] == [(s.start, s.end) for s in spans]


def test_nothing_to_read_is_no_answer() -> None:
    (reading,) = Reader.load(threads=1).read(["Is it loud?"], [["", " "]])
    assert reading.spans == [[], []]
    assert reading.answerable == 0.0


def test_the_manifest_survives_a_round_trip(folder: Path) -> None:
    manifest = load_manifest(folder)
    save_manifest(folder, manifest)
    assert load_manifest(folder) == manifest


@pytest.mark.parametrize("name", [MODEL, TOKENIZER, MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"no {name} in it"):
        Reader.load(folder)


def test_altered_weights_are_refused(folder: Path) -> None:
    with (folder / MODEL).open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"\0\1\2\3")
    with pytest.raises(ModelError, match="altered or mixed"):
        Reader.load(folder)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"threshold": "high"}, "threshold"),
        ({"surprise": 1}, "surprise"),
        ({"window": 3}, "window"),
    ],
)
def test_a_wrong_field_is_named(folder: Path, change: dict[str, object], complaint: str) -> None:
    tree = json.loads((folder / MANIFEST).read_text("utf-8")) | change
    (folder / MANIFEST).write_text(json.dumps(tree), "utf-8")
    with pytest.raises(ModelError, match=complaint):
        Reader.load(folder)


def test_a_file_that_is_no_model_is_refused(folder: Path) -> None:
    (folder / MODEL).write_bytes(b"not onnx")
    tree = json.loads((folder / MANIFEST).read_text("utf-8"))
    (folder / MANIFEST).write_text(json.dumps(tree | {"fingerprint": fingerprint(folder)}), "utf-8")
    with pytest.raises(ModelError, match="cannot load this model"):
        Reader.load(folder)
