"""From a training run to an encoder folder: export, quantise, measure, describe."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer

from qa.encoders.onnx import OnnxEncoder
from qa.encoders.package import PASSAGE_TOWER, QUERY_TOWER, EncoderManifest
from qa.errors import QAError
from qa.model_folder import MODEL, TOKENIZER, fingerprint, save_manifest
from qa.model_session import Text
from qa.training.bi_encoder import Kind, Tower
from qa.training.encoder import TorchEncoder, trained
from qa.training.encoder_card import render_encoder_card
from qa.training.encoder_export import build_encoder
from qa.training.encoder_figures import measure, throughput
from qa.training.encoder_recipe import EncoderRecipe
from qa.training.int8 import export_int8, pruned_weights, shape_of
from qa.training.pairs import Pairs, load_pairs
from qa.training.recipe import backbone_path, last_trained

_SEEN = 120
_TIMED = 256
Say = Callable[[str], None]


def package_encoder(
    recipe: EncoderRecipe, run: Path, data: Path, out: Path, say: Say, command: str = ""
) -> None:
    """Make an encoder folder of a finished training run; two towers are two folders in it.

    Args:
        run: the folder that :func:`qa.training.encoder.train` wrote.
        data: the root of the data sets, for figures.
        out: the encoder folder; files in it are replaced.
        command: what makes it, for the card.

    Raises:
        QAError: there is no finished run, or a data set that it learnt from is missing.
    """
    if not (run / "best.pt").is_file():
        raise QAError(f"{run}: no trained encoder in it (best.pt): finish the training first")
    model = trained(recipe, run)
    say("exporting and quantising")
    pairs = load_pairs(last_trained(recipe.stages).parts, data, recipe.seed, cut=recipe.cut)
    manifests = {
        folder: _tower(recipe, model.tower(kind), _seen(pairs, kind, recipe), folder)
        for folder, kind in _folders(recipe, out).items()
    }
    encoder = OnnxEncoder.load(out)
    figures = list(measure({"int8": encoder, "fp32": TorchEncoder(model)}, data, say))
    if pairs.passages:
        say("timing")
        texts = [passage.text for passage in pairs.passages[:_TIMED]]
        figures += throughput(encoder, backbone_path(recipe.backbone), texts)
    for folder, manifest in manifests.items():
        training = {**manifest.training, "command": command}
        measured = replace(manifest, figures=figures, training=training)
        save_manifest(folder, measured)
    (out / "README.md").write_text(render_encoder_card(measured), "utf-8")


def _folders(recipe: EncoderRecipe, out: Path) -> dict[Path, Kind]:
    if recipe.towers == "one":
        return {out: "passage"}
    return {out / QUERY_TOWER: "question", out / PASSAGE_TOWER: "passage"}


def _tower(recipe: EncoderRecipe, tower: Tower, seen: list[str], out: Path) -> EncoderManifest:
    out.mkdir(parents=True, exist_ok=True)
    weights = pruned_weights(tower, Path(backbone_path(recipe.backbone)), out / TOKENIZER)
    shape = shape_of(tower.encoder, recipe.max_passage)
    export_int8(
        lambda scales: build_encoder(
            weights, shape, scales, pooling=recipe.pooling, normalized=recipe.normalized
        ),
        _pieces(seen, out / TOKENIZER, recipe.max_passage),
        out / MODEL,
    )
    manifest = EncoderManifest(
        name="encoder",
        fingerprint=fingerprint(out),
        dimension=tower.encoder.config.hidden_size,
        max_length=recipe.max_passage,
        normalized=recipe.normalized,
        recipe=json.loads(json.dumps(asdict(recipe))),
        training={"recipe_fingerprint": recipe.fingerprint(), "torch": torch.__version__},
    )
    save_manifest(out, manifest)
    return manifest


def _seen(pairs: Pairs, kind: Kind, recipe: EncoderRecipe) -> list[str]:
    """Some of the texts that a tower learnt from, to see activations on."""
    questions = [pair.question for pair in pairs.pairs]
    passages = [passage.text for passage in pairs.passages]
    rng = random.Random(recipe.seed)  # noqa: S311 - sampling, not secrets
    pools = [questions, passages]
    if recipe.towers == "two":
        pools = [questions if kind == "question" else passages]
    return [text for pool in pools for text in rng.sample(pool, min(_SEEN, len(pool)))]


def _pieces(texts: list[str], tokenizer: Path, longest: int) -> list[Text]:
    cutter = Tokenizer.from_file(str(tokenizer))
    cutter.enable_truncation(longest)
    return [(one.ids, len(one.ids)) for one in cutter.encode_batch(texts)]
