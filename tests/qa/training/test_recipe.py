"""Recipes: read, overridden, refused with the file and the field."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from qa.training.card import stage_line
from qa.training.recipe import RecipeError, last_trained, load_recipe

SHIPPED = Path("qa/training/recipes/reader.yaml")


def test_the_shipped_recipe_reads_and_takes_overrides() -> None:
    recipe = load_recipe(SHIPPED, ["stages.0.epochs=7", "seed=1"])
    assert recipe.stages[0].epochs == 7
    assert recipe.seed == 1
    assert recipe.fingerprint() != load_recipe(SHIPPED).fingerprint()


def test_a_later_stage_does_not_change_what_has_been_trained() -> None:
    one, two = load_recipe(SHIPPED), load_recipe(SHIPPED, ["stages.2.epochs=9"])
    assert one.fingerprint(2) == two.fingerprint(2)
    assert one.fingerprint(3) != two.fingerprint(3)


def test_a_recipe_that_ships_goes_by_its_name() -> None:
    assert load_recipe(Path("reader")) == load_recipe(SHIPPED)
    with pytest.raises(
        RecipeError, match=r"no recipe at novel: .* one of book, domain, dpr, encoder"
    ):
        load_recipe(Path("novel"))


def test_the_books_three_readers_come_from_one_recipe() -> None:
    """Two share their first stages; the last has seen nothing but SubjQA's electronics."""
    book = load_recipe(Path("book"))
    seen = {
        name: {part.dataset for stage in book.lineage(name).stages for part in stage.parts}
        for name in ("squadshifts", "squadshifts-then-subjqa", "subjqa")
    }
    assert seen["subjqa"] == {"subjqa:electronics"}
    assert not any(name.startswith("subjqa") for name in seen["squadshifts"])
    assert seen["squadshifts-then-subjqa"] == seen["squadshifts"] | seen["subjqa"]
    both, alone = book.stages[2:]
    assert (both.parts, both.epochs, both.learning_rate) == (
        alone.parts, alone.epochs, alone.learning_rate,
    )  # fmt: skip


def test_what_a_stage_owes_nothing_to_is_left_out_of_its_lineage() -> None:
    recipe = load_recipe(SHIPPED)
    found = [stage.name for stage in recipe.lineage("opinions").stages]
    assert found == ["questions-on-sentences", "questions-on-paragraphs", "opinions"]
    assert recipe.lineage(recipe.stages[-1].name) == recipe
    until = [stage.name for stage in recipe.until("opinions").stages]
    assert until == [stage.name for stage in recipe.stages[: len(until)]]
    assert until[-1] == "opinions"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("backbone: x\nstages: []\nselection: []\nsurprise: 1", "surprise"),
        ("backbone: x\nstages: [{name: a, parts: [{dataset: d, rate: 3}]}]\nselection: []", "rate"),
        ("backbone: [", "not YAML"),
        ("stages: []", "backbone"),
    ],
)
def test_a_bad_recipe_names_the_field(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(RecipeError, match=complaint):
        load_recipe(path)


@pytest.mark.parametrize(
    ("epochs", "start", "complaint"),
    [
        (-1, [], "equal to 0, got -1"),
        (0, [], "mean of several stages"),
        (0, ["questions-on-sentences", "questions-on-sentences"], "mean of several stages"),
    ],
)
def test_a_stage_without_epochs_is_refused(epochs: int, start: list[str], complaint: str) -> None:
    with pytest.raises(RecipeError, match=rf"stages\.1\.epochs: .*{complaint}"):
        load_recipe(SHIPPED, [f"stages.1.epochs={epochs}", f"stages.1.start={start}"])


def test_what_is_a_mean_alone_reads_no_data() -> None:
    stages = load_recipe(SHIPPED).stages
    assert (stages[-1].epochs, stages[-1].parts) == (0, [])
    assert last_trained(stages) is stages[-2]
    line = stage_line(asdict(stages[-1]))
    assert line == "- `joined`: the mean of the weights of united and shoppers"
    ranked = "ranked lists of epqa, shoppers:products, hetpqa, squadshifts:amazon, shoppers:reviews"
    assert f"{ranked}, epochs: 2" in stage_line(asdict(stages[-2]))


@pytest.mark.parametrize("override", ["epochs", "=3", "stages.99.epochs=1", "seed.x=1"])
def test_a_bad_override_is_named(override: str) -> None:
    with pytest.raises(RecipeError, match="--set"):
        load_recipe(SHIPPED, [override])


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no recipe at .*gone\.yaml"):
        load_recipe(tmp_path / "gone.yaml")
