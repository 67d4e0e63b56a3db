"""Calibrating on labelled questions alone: what stands in for public sets, and a reader made so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eval.records import ReadingQuestion, Span
from qa.reader.reader import Reader
from qa.training.held_out import OTHERS, on_other_texts, stand_in_products
from qa.training.make_reader import make_reader
from qa.training.recipe import load_recipe


def question(number: int, product: int, text: int, answered: bool) -> ReadingQuestion:
    context = f"Text {text} of {product}."
    spans = (Span(0, 4, "Text"),) if answered else ()
    return ReadingQuestion(f"q{number}", "?", context, (spans,), product_id=f"P{product}")


QUESTIONS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.booleans()), max_size=30
).map(lambda rows: [question(n, *row) for n, row in enumerate(rows)])


@given(QUESTIONS, st.floats(0, 1))
def test_other_texts_are_about_other_products(
    questions: list[ReadingQuestion], share: float
) -> None:
    owners = {q.context: q.product_id for q in questions}
    several = len({q.product_id for q in questions}) > 1
    found = on_other_texts(questions, share)
    assert len(found) == (round(share * len(questions)) if several else 0)
    assert len({q.id for q in found} | {q.id for q in questions}) == len(found) + len(questions)
    for pair in found:
        assert not pair.gold("any")
        assert owners[pair.context] != pair.product_id


@given(QUESTIONS)
def test_a_product_is_the_questions_text_among_others(questions: list[ReadingQuestion]) -> None:
    owners = {q.context: q.product_id for q in questions}
    for asked, made in zip(questions, stand_in_products(questions), strict=True):
        own, *rest = made.candidates
        assert (made.id, own.text) == (asked.id, asked.context)
        assert own.label == (2 if asked.gold("any") else 0)
        others = {text for text, owner in owners.items() if owner != asked.product_id}
        assert {c.text for c in rest} <= others
        assert len({c.text for c in rest}) == len(rest) == min(OTHERS, len(others))
        assert all(c.label == 0 for c in rest)


@pytest.fixture
def own(tiny_data: Path, tmp_path: Path) -> Path:
    """Labelled questions of one's own in a file, none of the public sets beside it."""
    tree = json.loads((tiny_data / "squadshifts" / "amazon_reviews.json").read_text("utf-8"))
    for article in tree["data"]:
        for paragraph in article["paragraphs"]:
            for number, entry in enumerate(list(paragraph["qas"])):
                absent = {"id": f"{entry['id']}-{number}-no", "answers": [],
                          "question": "Is it heavy?", "is_impossible": True}  # fmt: skip
                paragraph["qas"].append(absent)
    path = tmp_path / "own.json"
    path.write_text(json.dumps(tree), "utf-8")
    return path


def test_a_reader_is_made_of_ones_own_questions_alone(
    own: Path, backbone: Path, tmp_path: Path
) -> None:
    tree = {
        "backbone": str(backbone),
        "window": {"max_length": 64, "overlap": 16, "max_question": 16},
        "stages": [{"name": "one", "epochs": 6, "learning_rate": 2e-3, "batch_tokens": 512,
                    "parts": [{"dataset": str(own), "holdout": 0.3}]}],
        "selection": [{"dataset": str(own), "holdout": 0.3}],
        "patience": 9,
    }  # fmt: skip
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(tree), "utf-8")
    (tmp_path / "nothing").mkdir()
    told: list[dict[str, Any]] = []
    made = make_reader(recipe, data=tmp_path / "nothing", out=tmp_path / "run", report=told.append)
    reader = Reader.load(made, threads=1)
    figures = reader.manifest.figures
    assert {(f["dataset"], f["split"]) for f in figures} == {(str(own), "held out")}
    assert {f["system"] for f in figures} == {"reader int8", "reader fp32"}
    assert "held out" in (made / "README.md").read_text("utf-8")
    assert sum("holds no set of the card" in str(event["event"]) for event in told) == 1
    text = "I bought this last week. The strap is red and it works."
    (there, absent) = reader.read(["What color is the strap?", "Is it heavy?"], [[text], [text]])
    (span,) = there.spans[0]
    assert text[span.start : span.end] == "red"
    assert reader.confidence(span) > reader.confidence(absent.spans[0][0])
    assert there.answerable > absent.answerable


def test_the_recipe_for_ones_own_questions_names_its_file_by_two_settings() -> None:
    recipe = load_recipe(
        Path("domain"), ["stages.0.parts.0.dataset=mine.json", "selection.0.dataset=mine.json"]
    )
    (stage,) = recipe.stages
    assert recipe.weights == ["shipped:reader"]
    assert [part.dataset for part in (*stage.parts, *recipe.selection)] == ["mine.json"] * 2
    assert {part.holdout for part in (*stage.parts, *recipe.selection)} == {0.33}
