"""The model card, rendered from the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qa.model_folder import save_manifest
from qa.reader.package import ReaderManifest, load_manifest
from qa.training.recipe import is_made_by, load_recipe

SPEED = "throughput_ratio"
_SHIPPED_INTRO = """# The span reader that ships

MiniLM-L6 (from all-MiniLM-L6-v2, Apache-2.0) fine-tuned to mark answers to shoppers' questions in
reviews, or to say that there is none; int8 ONNX for a CPU. English.

**Trained on** (recipe below): QAMR, SQuADShifts (wiki, reddit, and the Amazon paragraphs outside
its dev and test parts), SubjQA train of electronics, grocery, tripadvisor and restaurants,
ReviewRC and RCRC train, ePQA train, hetPQA's answered questions to rank by, and questions written
for this project by a language model and not checked by a person (`eval/datasets/shoppers_data`):
8,047 on training reviews, 1,423 on ePQA's training pages (there are more now, and more in their dev
part than the rows below have). Books, movies and the bundled sample were never seen. Word pieces of
other than Latin scripts are left out of the vocabulary.

**Calibrated on** reviews held out of the training splits, SQuADShifts-Amazon dev, ePQA dev and
`shoppers:reviews` dev: confidence is the probability that the marked span has token F1 of at least
0.5 with an annotator's. Annotators of SubjQA disagree on whether there is an answer for two
questions in five, so no reader can be right about them all.

**Falls short**: opinions that need inference ("is it worth it?"), sarcasm, answers spread over
sentences, tables and other languages. A high confidence is about the review, not about the truth.

The dev files of tripadvisor and restaurants ask 221 of 230 and 250 of 267 questions on reviews that
they are asked on in train, too, so those rows are of questions that were trained on; all other rows
are not.

The weights of the stage `united`, which `shoppers` and `joined` start from, were those of the int8
reader that shipped before, made float again.
"""

_INTRO = """# A span reader

Made of `{backbone}` by a recipe, to mark answers to questions in texts, or to say that there is
none; int8 ONNX for a CPU.

**Trained on**, in stages, each from the one before where nothing else is said:

{stages}

**Chosen and calibrated on** what was held out of {sets}, calibrated on SQuADShifts-Amazon dev and
ePQA dev besides where they were at hand: confidence is the probability that the marked span has
token F1 of at least 0.5 with an annotator's.
"""


def render_card(manifest: ReaderManifest) -> str:
    """Markdown with what the reader is, and every figure of its manifest."""
    window = manifest.window
    where = " within one sentence" if manifest.within_sentence else ""
    facts = [
        f"- fingerprint `{manifest.fingerprint}`, licence {manifest.licence}",
        f"- windows of {window.max_length} pieces, overlapping by {window.overlap}; "
        f"answers of at most {manifest.max_answer_pieces} pieces{where}",
        f"- answers over a product's passages from a confidence of {manifest.threshold:.2f} on, "
        f"in a single context from {manifest.passage_threshold:.2f} on",
        f"- command: `{manifest.figures[0]['command']}`" if manifest.figures else "",
    ]
    parts = [
        _intro(manifest),
        "\n".join(f for f in facts if f),
        "\n## Figures\n",
        _NOTE,
        _table(manifest),
        *_speed(manifest),
    ]
    return "\n".join(parts) + "\n"


def keep_speed(folder: Path, figures: Sequence[Mapping[str, Any]]) -> None:
    """Put ratios of speed into a reader's manifest, in place of earlier ones, and its card."""
    manifest = load_manifest(folder)
    others = [one for one in manifest.figures if one["metric"] != SPEED]
    manifest = replace(manifest, figures=[*others, *map(dict, figures)])
    save_manifest(folder, manifest)
    (folder / "README.md").write_text(render_card(manifest), "utf-8")


def _speed(manifest: ReaderManifest) -> list[str]:
    return [
        f"\nAsking: {figure['value']:.1f} times as fast as {figure['baseline']} reading the same "
        f"passages ({figure['protocol']}; half of the questions between {figure['interval'][0]} "
        f"and {figure['interval'][1]}), {figure['milliseconds']:.0f} ms a question on "
        f"{figure['cpu']}."
        for figure in manifest.figures
        if figure["metric"] == SPEED
    ]


def _intro(manifest: ReaderManifest) -> str:
    if is_made_by(load_recipe(Path("reader")), manifest.recipe):
        return _SHIPPED_INTRO
    stages = "\n".join(stage_line(stage) for stage in manifest.recipe["stages"])
    sets = ", ".join(one["dataset"] for one in manifest.recipe["selection"])
    return _INTRO.format(backbone=manifest.recipe["backbone"], stages=stages, sets=sets)


def stage_line(stage: dict[str, Any]) -> str:
    """What a stage of a recipe starts from and reads, as a list's item."""
    starts = " and ".join(stage["start"])
    if not stage["epochs"]:
        return f"- `{stage['name']}`: the mean of the weights of {starts}"
    lists = (stage.get("lists") or {}).get("parts", [])
    ranked = f", ranked lists of {_sets(lists)}" if lists else ""
    start = f", from {starts}" if starts else ""
    return f"- `{stage['name']}`{start}: {_sets(stage['parts'])}{ranked}, epochs: {stage['epochs']}"


def _sets(parts: list[dict[str, Any]]) -> str:
    return ", ".join(dict.fromkeys(part["dataset"] for part in parts))


_NOTE = """EM and F1 in percent, merge rule `any`, with 95 % bootstrap intervals. `all` counts a
question without an answer as right when nothing is predicted; `book` scores answerable questions
with the best span whatever its score; `single` scores against one annotator at a time. `t=0`:
answered when the span is likelier than none; `t=tuned`: at the threshold for a single context.
"""


def _table(manifest: ReaderManifest) -> str:
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for figure in manifest.figures:
        if figure["metric"] == SPEED:
            continue
        key = (
            figure["dataset"],
            figure["split"],
            figure["system"],
            _protocol(figure),
            str(figure.get("questions", "")),
        )
        rows.setdefault(key, {})[figure["metric"]] = _value(figure)
    lines = [
        "| data | split | system | protocol | n | EM | F1 | ECE |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for names, values in rows.items():
        cells = [*names, *(values.get(metric, "") for metric in ("em", "f1", "ece"))]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _protocol(figure: dict[str, Any]) -> str:
    threshold = figure.get("threshold")
    return f"{figure['protocol']}, t={threshold}" if threshold else str(figure["protocol"])


def _value(figure: dict[str, Any]) -> str:
    interval = figure.get("interval")
    if interval is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.1f} ({interval[0]:.1f} to {interval[1]:.1f})"
