"""Mined sentences: found again where they lie, judged once, and never of a test or dev page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.datasets.evidence import load_judged
from eval.datasets.registry import load_reading
from eval.datasets.shoppers import FOLDER, text_digest
from eval.datasets.shoppers_mined import MINED, load_shoppers_mined
from eval.errors import DatasetNotFound, MalformedData

FILES = sorted((FOLDER / "mined").glob("*.jsonl"))
GROUPS = ("answers", "helps", "neither")


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for path in FILES for line in path.read_text("utf-8").splitlines()]


def written(folder: Path, **changes: Any) -> Path:
    """A folder of lines on questions that ship, with these changes; some are train, some dev."""
    lists: dict[str, list[str]] = {group: [] for group in GROUPS}
    lines = [json.dumps({"asked": row["asked"], **lists, **changes}) for row in rows()[:60]]
    (folder / "lines.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def test_the_lists_that_ship_are_whole() -> None:
    asked = [row["asked"] for row in rows()]
    assert len(asked) == len(set(asked)) > 3000
    for row in rows():
        judged = [reference for group in GROUPS for reference in row[group]]
        assert len(judged) == len(set(judged)) > 3, row["asked"]


def test_there_is_no_test_part(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound, match="no split 'test': it has train and dev"):
        load_shoppers_mined(tmp_path, "test", tmp_path)


def test_every_question_and_sentence_is_found_again(data_root: Path) -> None:
    parts = {split: load_shoppers_mined(data_root, split) for split in ("train", "dev")}
    assert len(parts["train"]) > 6 * len(parts["dev"]) > 0
    found = {q.product_id: q for part in parts.values() for q in part}
    assert len(found) == len(rows())
    for row in rows():
        question = found[row["asked"]]
        labels = {c.id: c.label for c in question.candidates}
        assert labels == {name: 2 - n for n, group in enumerate(GROUPS) for name in row[group]}
        assert all(c.text == c.text.strip() and len(c.text) > 10 for c in question.candidates)


def test_no_sentence_lies_on_a_page_or_in_a_review_that_figures_are_measured_on(
    data_root: Path,
) -> None:
    found = load_judged(MINED, "all", data_root)
    texts = {c.text.lower() for q in found for c in q.candidates}
    assert not texts & {
        c.text.lower()
        for split in ("dev", "test")
        for q in load_judged("epqa", split, data_root)
        for c in q.candidates
    }
    reviews = {name for q in found for c in q.candidates if "@" in (name := c.id)}
    digests = {name.rpartition(":")[2].partition("@")[0] for name in reviews}
    for name in ("subjqa:electronics", "subjqa:grocery", "squadshifts:amazon"):
        measured = load_reading(name, "test", data_root)
        assert not digests & {text_digest(q.context) for q in measured}


@pytest.mark.parametrize(
    ("reference", "error", "message"),
    [
        ("epqa:none", DatasetNotFound, "line 1: no sentence epqa:none in the data root"),
        ("epqa", DatasetNotFound, "line 1: no sentence epqa in the data root"),
        ("subjqa:grocery:00@1-9", DatasetNotFound, "line 1: no sentence subjqa:grocery:00@1-9"),
        ("{review}@9-9", MalformedData, "line 1: no place in its review"),
        ("{review}@0-99999999", MalformedData, "line 1: no place in its review"),
        ("{review}@a-b", MalformedData, "line 1: no place in its review"),
    ],
)
def test_a_sentence_that_is_not_there_is_named_with_its_line(
    data_root: Path, tmp_path: Path, reference: str, error: type[Exception], message: str
) -> None:
    review = load_reading("subjqa:grocery", "train", data_root)[0].context
    name = reference.replace("{review}", f"subjqa:grocery:{text_digest(review)}")
    with pytest.raises(error, match=message):
        load_shoppers_mined(data_root, "train", written(tmp_path, helps=[name]))


def test_a_question_that_is_not_there_is_named_with_its_line(
    data_root: Path, tmp_path: Path
) -> None:
    with pytest.raises(DatasetNotFound, match="line 1: no question epqa:x in the data root"):
        load_shoppers_mined(data_root, "train", written(tmp_path, asked="epqa:x"))
