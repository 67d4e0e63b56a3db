"""A ranker's model card, rendered from the manifest."""

from __future__ import annotations

from typing import Any

from qa.ranker.package import RankerManifest
from qa.training.encoder_card import tables

_INTRO = """# A ranker of passages

A cross-encoder: question and passage go through the model together, and one score says how well the
passage answers. int8 ONNX for a CPU. It ranks again what BM25 or a hybrid search found first
(component `qa.components.cross_encoder_ranker.CrossEncoderRanker`).
"""

_NOTE = """Fractions with 95 % bootstrap intervals; `*`: differs from BM25 at p < 0.05 (paired
randomisation). What is ranked again is what BM25 finds first, without question words and with
neighbouring words as phrases. A text scores as its best passage does. Relevant is the paragraph
that the question was asked on (`open`) or a sentence judged to answer (`evidence`).
"""


def render_ranker_card(manifest: RankerManifest) -> str:
    """Markdown with what the ranker is, what it learnt from, and every figure of its manifest."""
    window = manifest.window
    facts = [
        f"- fingerprint `{manifest.fingerprint}`, licence {manifest.licence}",
        f"- windows of {window.max_length} pieces, {window.overlap} of them overlapping; a passage "
        "scores as its best window does",
        f"- trained on: {', '.join(_parts(manifest.recipe))}",
        f"- chosen on: {', '.join(_named(one) for one in manifest.recipe.get('selection', []))}",
        f"- command: `{manifest.training['command']}`" if manifest.training.get("command") else "",
    ]
    parts = [_INTRO, "\n".join(fact for fact in facts if fact), "\n## Figures\n", _NOTE]
    return "\n".join([*parts, *tables(manifest.figures)]) + "\n"


def _parts(recipe: dict[str, Any]) -> list[str]:
    found = [_named(part) for stage in recipe.get("stages", []) for part in stage["parts"]]
    return list(dict.fromkeys(found))


def _named(part: dict[str, Any]) -> str:
    return f"{part['dataset']} {part['split']}"
