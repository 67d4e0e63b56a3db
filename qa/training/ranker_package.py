"""From a training run to a ranker folder: export, quantise, measure, describe."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import torch

from qa.errors import QAError
from qa.model_folder import MODEL, TOKENIZER, fingerprint, load_tokenizer, save_manifest
from qa.model_session import Text
from qa.ranker.cross_encoder import CrossEncoder
from qa.ranker.package import RankerManifest
from qa.ranker.scorer import PassageScorer, open_scorer
from qa.reader.windows import Windower
from qa.training.cross_encoder_model import CrossEncoderModel, TorchWindowModel
from qa.training.int8 import export_int8, pruned_weights, shape_of
from qa.training.pairs import load_pairs
from qa.training.ranker import trained, windower
from qa.training.ranker_card import render_ranker_card
from qa.training.ranker_export import build_ranker
from qa.training.ranker_figures import measure
from qa.training.ranker_recipe import RankerRecipe
from qa.training.recipe import backbone_path, last_trained

_SEEN = 200
Say = Callable[[str], None]


def package_ranker(
    recipe: RankerRecipe, run: Path, data: Path, out: Path, say: Say, command: str = ""
) -> None:
    """Make a ranker folder of a finished training run.

    Args:
        run: the folder that :func:`qa.training.ranker.train` wrote.
        data: the root of the data sets, for figures.
        out: the ranker folder; files in it are replaced.
        command: what makes it, for the card.

    Raises:
        QAError: there is no finished run, or a data set that it learnt from is missing.
    """
    if not (run / "best.pt").is_file():
        raise QAError(f"{run}: no trained ranker in it (best.pt): finish the training first")
    out.mkdir(parents=True, exist_ok=True)
    model = trained(recipe, run)
    say("exporting and quantising")
    _export(recipe, model, data, out)
    manifest = RankerManifest(
        name="ranker",
        fingerprint=fingerprint(out),
        window=recipe.window,
        recipe=json.loads(json.dumps(asdict(recipe))),
        training={
            "recipe_fingerprint": recipe.fingerprint(),
            "torch": torch.__version__,
            "command": command,
        },
    )
    save_manifest(out, manifest)
    scorers: dict[str, PassageScorer] = {
        "ranker int8": CrossEncoder.load(out),
        "ranker fp32": CrossEncoder(TorchWindowModel(model), windower(recipe)),
        "evidence of the shipped reader": open_scorer(),
    }
    manifest = replace(manifest, figures=list(measure(scorers, recipe, data, say)))
    save_manifest(out, manifest)
    (out / "README.md").write_text(render_ranker_card(manifest), "utf-8")


def _export(recipe: RankerRecipe, model: CrossEncoderModel, data: Path, out: Path) -> None:
    weights = pruned_weights(model, Path(backbone_path(recipe.backbone)), out / TOKENIZER)
    shape = shape_of(model.encoder, recipe.window.max_length)
    seen = _seen(recipe, data, Windower(load_tokenizer(out), recipe.window))
    export_int8(lambda scales: build_ranker(weights, shape, scales), seen, out / MODEL)


def _seen(recipe: RankerRecipe, data: Path, cutter: Windower) -> list[Text]:
    """Questions that it learnt from with a passage that answers, to see activations on."""
    pairs = load_pairs(last_trained(recipe.stages).parts, data, recipe.seed, cut=recipe.cut)
    rng = random.Random(recipe.seed)  # noqa: S311 - sampling, not secrets
    asked = rng.sample(pairs.pairs, min(_SEEN, len(pairs.pairs)))
    texts = [[pairs.passages[pair.positives[0]].text] for pair in asked]
    windows = cutter.cut([pair.question for pair in asked], texts)
    return [(window.input_ids, window.first) for window in windows]
