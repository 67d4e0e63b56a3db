"""The cards beside the models that ship are what their manifests say."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from qa.encoders import package as encoders
from qa.reader import package as readers
from qa.training.card import SPEED, keep_speed, render_card
from qa.training.encoder_card import render_encoder_card
from qa.training.encoder_recipe import load_encoder_recipe
from qa.training.recipe import load_recipe


def test_the_readers_card() -> None:
    manifest = readers.load_manifest(readers.SHIPPED)
    assert render_card(manifest) == (readers.SHIPPED / "README.md").read_text("utf-8")
    other = replace(manifest, recipe=manifest.recipe | {"seed": 99})
    assert "# The span reader that ships" not in render_card(other)


def test_the_encoders_card() -> None:
    manifest = encoders.load_encoder_manifest(encoders.SHIPPED)
    assert render_encoder_card(manifest) == (encoders.SHIPPED / "README.md").read_text("utf-8")
    other = replace(manifest, recipe=manifest.recipe | {"seed": 99})
    assert "# The encoder that ships" not in render_encoder_card(other)


def test_settings_that_came_later_do_not_change_a_fingerprint_until_they_are_used() -> None:
    """The reader that ships was trained before there were teachers of other runs."""
    trained = readers.load_manifest(readers.SHIPPED).training["recipe_fingerprint"]
    assert load_recipe(Path("reader")).fingerprint() == trained
    for change in ("weights=[shipped:reader]", "stages.0.parts.0.unlabelled=1",
                   "stages.8.lists.teacher_share=0.1"):  # fmt: skip
        overrides = (
            [change, "stages.0.parts.0.teachers=[x]"] if "unlabelled" in change else [change]
        )
        if "unlabelled" in change:
            overrides.append("teachers=[{name: x, backbone: y, weights: z}]")
        assert load_recipe(Path("reader"), overrides).fingerprint() != trained
    encoder = load_encoder_recipe(Path("encoder"))
    other = load_encoder_recipe(Path("encoder"), ["teachers=[{name: x, backbone: y, weights: z}]"])
    assert encoder.fingerprint() != other.fingerprint()


def test_ratios_of_speed_replace_earlier_ones(tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(readers.SHIPPED, folder)
    before = [f for f in readers.load_manifest(folder).figures if f["metric"] != SPEED]
    for value in (4.25, 5.5):
        figure = {"metric": SPEED, "value": value, "interval": [4.1, 6.2], "baseline": "a peer",
                  "protocol": "9 questions", "milliseconds": 33.3, "cpu": "a CPU"}  # fmt: skip
        keep_speed(folder, [figure])
    figures = readers.load_manifest(folder).figures
    assert figures == [*before, figure]
    card = (folder / "README.md").read_text("utf-8")
    assert "5.5 times as fast as a peer" in card
    assert "33 ms a question on a CPU" in card
    assert "4.2 times" not in card
