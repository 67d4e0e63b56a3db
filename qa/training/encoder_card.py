"""The encoder's model card, rendered from the manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qa.encoders.package import EncoderManifest
from qa.training.card import stage_line
from qa.training.encoder_recipe import load_encoder_recipe
from qa.training.recipe import is_made_by

_SHIPPED_INTRO = """# The encoder that ships

MiniLM-L6 (from all-MiniLM-L6-v2, Apache-2.0) adapted to find the passages of reviews that answer a
shopper's question; one tower for questions and passages, mean pooling, int8 ONNX for a CPU.
English.

**Trained on** (recipe in the manifest): SQuADShifts (reddit, wiki, and the Amazon paragraphs
outside its dev and test parts), SubjQA train of electronics, grocery, tripadvisor and restaurants,
QAMR, ReviewRC train, ePQA train, hetPQA's answered questions and its judged ones, and questions
that a language model wrote for this project and no person has checked
(`eval/datasets/shoppers_data`: on training reviews, on product pages with every candidate judged,
rewordings, and pages of products that do not exist, written whole). Books and movies were never
seen. Contrastive loss over batches in which passages are each other's hard negatives, mined with
BM25 and then with the encoder itself; the mean of two runs' weights, trained once more with the
reader's evidence in the loss and mixed with a fifth of the backbone
(docs/decisions/0007-hard-negatives-that-ask.md). That had shipped; from its int8 file two stages
over judged sentences, from their mean one with SubjQA besides
(docs/decisions/0015-judged-evidence.md), and from that one with the written pages
(docs/decisions/0016-long-reviews-and-written-pages.md). Word pieces of other than Latin scripts are
left out of the vocabulary.

**Chosen on** the dev parts of SQuADShifts-Amazon, ePQA, `shoppers:products` and SubjQA. Nearly all
questions of SubjQA's tripadvisor and restaurants dev were trained on: they are in train as well.
So are nearly all reviews of its electronics and grocery dev, so that only books and movies dev tell
what is gained on texts that are new (docs/decisions/0017-judged-finds.md).

**Falls short**: long texts (what is beyond the greatest length is not read), names and numbers that
only words can match (use it beside BM25), other languages.
"""

_TOWERS = {
    "one": "one tower for questions and passages",
    "two": "a tower for questions and one for passages",
}

_INTRO = """# An encoder for retrieval

Made of `{backbone}` by a recipe, to find passages that answer questions; {towers}, int8 ONNX for a
CPU.

**Trained on**, in stages, each from the one before where nothing else is said:

{stages}

**Chosen on** {sets}.
"""

_NOTE = """Fractions with 95 % bootstrap intervals; `*`: differs from BM25 at p < 0.05 (paired
randomisation). A text scores as its best passage does. Phrases: BM25 as the shipped pipelines
search, without question words and with neighbouring words as phrases; hybrid: the sum of that and
the similarity, which counts 30 points, within a product (`evidence`, `product`) 75, less 2 for each
factor of e by which a text is longer than a passage of 600 characters; RRF 60: reciprocal rank
fusion with plain BM25. Relevant is the paragraph that the question was asked on (`open`), a
sentence judged to answer (`evidence`), a review in which anybody found an answer (`product`: nearly
every review of a product is relevant, so look at random order first).
"""


def render_encoder_card(manifest: EncoderManifest) -> str:
    """Markdown with what the encoder is, and every figure of its manifest."""
    facts = [
        f"- fingerprint `{manifest.fingerprint}`, licence {manifest.licence}",
        f"- {manifest.dimension} dimensions, at most {manifest.max_length} pieces, "
        f"{'vectors of length 1' if manifest.normalized else 'vectors of any length'}, "
        f"{manifest.similarity}",
        f"- command: `{manifest.training['command']}`" if manifest.training.get("command") else "",
    ]
    parts = [_intro(manifest), "\n".join(f for f in facts if f), "\n## Figures\n", _NOTE]
    return "\n".join([*parts, *tables(manifest.figures), *_speed(manifest.figures)]) + "\n"


def _intro(manifest: EncoderManifest) -> str:
    recipe = manifest.recipe
    if is_made_by(load_encoder_recipe(Path("encoder")), recipe):
        return _SHIPPED_INTRO
    return _INTRO.format(
        backbone=recipe["backbone"],
        towers=_TOWERS[recipe["towers"]],
        stages="\n".join(map(stage_line, recipe["stages"])),
        sets=", ".join(f"{one['dataset']} {one['split']}" for one in recipe["selection"]),
    )


def tables(figures: list[dict[str, Any]]) -> list[str]:
    """A table of every set, a row a system and a column a metric."""
    return [_table(group) for group in _groups(figures)]


def _groups(figures: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Figures of one set each, in the order of their first."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for figure in figures:
        if figure["metric"] != "throughput_ratio":
            key = tuple(str(figure[k]) for k in ("dataset", "split", "protocol", "corpus"))
            groups.setdefault(key, []).append(figure)
    return list(groups.values())


def _table(figures: list[dict[str, Any]]) -> str:
    first = figures[0]
    metrics = list(dict.fromkeys(figure["metric"] for figure in figures))
    rows: dict[str, dict[str, str]] = {}
    for figure in figures:
        rows.setdefault(figure["system"], {})[figure["metric"]] = _value(figure)
    return "\n".join(
        [
            f"### {first['dataset']} {first['split']}, protocol `{first['protocol']}`, "
            f"{first['corpus']}, {first['questions']} questions\n",
            f"| system | {' | '.join(metrics)} |",
            "|---" * (1 + len(metrics)) + "|",
            *(
                f"| {system} | {' | '.join(values.get(m, '') for m in metrics)} |"
                for system, values in rows.items()
            ),
            "",
        ]
    )


def _value(figure: dict[str, Any]) -> str:
    low, high = figure["interval"]
    star = "*" if figure.get("p", 1.0) < 0.05 else ""
    return f"{figure['value']:.3f}{star} ({low:.3f} to {high:.3f})"


def _speed(figures: list[dict[str, Any]]) -> list[str]:
    return [
        f"Encoding: {figure['value']:.2f} times the speed of {figure['baseline']} on the same "
        f"texts ({figure['protocol']}; between {figure['interval'][0]} and "
        f"{figure['interval'][1]}), {figure['texts_per_second']:.0f} texts a second.\n"
        for figure in figures
        if figure["metric"] == "throughput_ratio"
    ]
