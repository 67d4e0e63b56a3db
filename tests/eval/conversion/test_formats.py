"""Formats by their names, their fields, and files that break them."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.conversion.convert import Source, convert
from eval.conversion.formats import format_of_destination, format_of_source
from eval.datasets.jsonl import question_tree, read_jsonl
from eval.datasets.subjqa import read_subjqa
from eval.errors import DatasetNotFound, MalformedData, NotConvertible
from tests.eval.conversion.pieces import LISTED, asked, turned, written


def test_formats_follow_from_names(tmp_path: Path) -> None:
    names = {
        "a.csv.gz": "subjqa", "a.JSONL": "jsonl", "a.json": "squad-2.0", "a-dpr.json.gz": "dpr",
        "folder": "beir",
    }  # fmt: skip
    for name, form in names.items():
        assert format_of_destination(tmp_path / name) == form
    for name in ("a.txt", "a.parquet"):
        with pytest.raises(NotConvertible, match="say --to subjqa"):
            format_of_destination(tmp_path / name)
    (tmp_path / "x.json").write_text("  [\n", "utf-8")
    assert format_of_source(tmp_path / "x.json") == "dpr"
    (tmp_path / "x.json").write_text("3", "utf-8")
    with pytest.raises(MalformedData):
        format_of_source(tmp_path / "x.json")
    with pytest.raises(DatasetNotFound):
        format_of_source(tmp_path / "nowhere.json")


def test_dpr_has_the_fields_that_dpr_reads(tmp_path: Path) -> None:
    """As ``JsonQADataset`` of facebookresearch/DPR takes them: title and text of every context."""
    listed = [asked("a", ("loud",)), replace(LISTED[1], context="Blue.", context_id="r2")]
    turned(written(tmp_path, listed), tmp_path / "dpr.json", "dpr", protocol="product")
    first, second = json.loads((tmp_path / "dpr.json").read_text("utf-8"))
    assert (first["question"], first["answers"]) == ("a?", ["loud"])
    (positive,) = first["positive_ctxs"]
    assert (positive["title"], positive["text"]) == ("", "It is loud and red.")
    assert first["negative_ctxs"] == first["hard_negative_ctxs"] == second["positive_ctxs"] == []
    assert [ctx["text"] for ctx in second["hard_negative_ctxs"]] == ["Blue."]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": 3}, "'id' is no text but 3"),
        ({"question": None}, "'question' is missing"),
        ({"annotations": []}, "'annotations' is no list of one list"),
        ({"annotations": [[{"start": 1, "text": "loud"}]]}, "no 'loud' at offset 1"),
        ({"annotations": [[{"start": -1, "text": "."}]]}, "no '.' at offset -1"),
        ({"annotations": [["loud"]]}, "has no 'start' and 'text'"),
        ({"meta": {"a": 1}}, "'meta' is no object of texts"),
    ],
)
def test_jsonl_names_line_and_field(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    tree = question_tree(LISTED[0])
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(tree)}\n\n{json.dumps({**tree, 'id': 'x', **change})}\n", "utf-8")
    with pytest.raises(MalformedData) as caught:
        read_jsonl(path)
    assert str(caught.value).startswith(f"{path}: line 3: ")
    assert complaint in str(caught.value)


def test_jsonl_refuses_what_occurs_twice_and_torn_files(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(question_tree(LISTED[0]))}\n" * 2, "utf-8")
    with pytest.raises(MalformedData, match="line 2: id 'a' occurs twice"):
        read_jsonl(path)
    path.write_text(f"{json.dumps(question_tree(LISTED[0]))}\n", "utf-8")
    whole = gzip.compress(path.read_bytes())
    (tmp_path / "t.jsonl.gz").write_bytes(whole[:-9])
    with pytest.raises(MalformedData, match="not readable"):
        read_jsonl(tmp_path / "t.jsonl.gz")
    path.write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(MalformedData, match="not readable as UTF-8"):
        read_jsonl(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{}", "no JSON array"),
        ('[{"question": "q"', "element 1: no JSON"),
        ('[{"question": "q"} {}]', "element 1: ',' or ']' is missing"),
        ('[{"question": "q"}] x', "something follows"),
        ("[3]", "element 1: no object with a text 'question'"),
        ('[{"question": "q", "answers": "a"}]', "'answers' is no list"),
        ('[{"question": "q", "positive_ctxs": [3]}]', "'positive_ctxs': no object"),
        (
            '[{"question": "q", "positive_ctxs": [{"text": "a", "passage_id": 1},'
            ' {"text": "b", "passage_id": 1}]}]',
            "two different texts have the id '1'",
        ),
    ],
)
def test_broken_dpr_files_are_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "train.json"
    path.write_text(text, "utf-8")
    with pytest.raises(MalformedData) as caught:
        convert(Source(str(path), "dpr"), tmp_path / "out", "beir")
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


@settings(max_examples=40)
@given(st.lists(st.recursive(st.none() | st.floats(allow_nan=False) | st.text(),
                             lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))),
       st.integers(1, 7))  # fmt: skip
def test_arrays_are_read_as_json_reads_them(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], block: int
) -> None:
    from eval.conversion import json_array

    path = tmp_path_factory.mktemp("array") / "a.json"
    path.write_text(json.dumps(values, indent=block % 3), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "_BLOCK", block)
        assert list(json_array.iter_json_array(path)) == values


def test_subjqa_rows_of_the_wrong_width_are_named(tmp_path: Path) -> None:
    turned(written(tmp_path, LISTED), tmp_path / "o.csv", "subjqa")
    lines = (tmp_path / "o.csv").read_text("utf-8").splitlines()
    (tmp_path / "o.csv").write_text("\n".join([*lines[:3], "only,three,fields"]), "utf-8")
    with pytest.raises(MalformedData, match=r"o\.csv: line 4: not 19 columns"):
        read_subjqa(tmp_path / "o.csv")
