"""``reviewqa calibrate``: a reader's confidence fitted to one's own labelled questions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import options, output
from api.cli.evaluate import faults
from api.cli.evaluate_options import HERE, Data
from api.cli.progress import watched

if TYPE_CHECKING:
    from qa.experiments.recalibrate import Recalibrated
    from qa.progress import Progress


def calibrate(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="Labelled questions: sample, store:DIR, a SQuAD or JSONL file, or a name.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="New folder for the calibrated reader.")],
    model: Annotated[
        Path | None, typer.Option("--model", help="A reader folder instead of the one that ships.")
    ] = None,
    split: Annotated[
        str, typer.Option("--split", help="Which part of the data set: no test part.")
    ] = "dev",
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 takes every core.")] = 0,
    data: Data = HERE,
    as_json: options.Json = False,
) -> None:
    """Fit a reader's confidence to labelled questions of one's own; its weights stay.

    Writes a copy of the reader with the new calibration: for ask --model, serve and eval.
    """
    with faults():
        from qa.experiments.recalibrate import CalibrationJob, recalibrated

        job = CalibrationJob(dataset, split, data, out, model, threads)

        def run(progress: Progress) -> Recalibrated:
            return recalibrated(job, progress)

        made = watched(f"reading {dataset}", run)
    if as_json:
        output.print_json(_tree(made, out))
    else:
        _show(made, out)


def _tree(made: Recalibrated, out: Path) -> dict[str, Any]:
    tree = asdict(made) | {"out": str(out)}
    manifest = tree.pop("manifest")
    kept = ("fingerprint", "calibration", "threshold", "passage_threshold")
    return tree | {name: manifest[name] for name in kept}


def _show(made: Recalibrated, out: Path) -> None:
    before, after = made.before, made.after
    typer.echo(
        f"{made.questions} questions, the best span right for {made.right}\n"
        f"calibration error (ECE) {before.ece:.3f} -> {after.ece:.3f}, "
        f"Brier score {before.brier:.3f} -> {after.brier:.3f} "
        f"(on products left out in turn, {made.folds} parts)\n"
        f"least confidence over a product {made.manifest.threshold:.3f}, decides as before; "
        f"in one text {made.manifest.passage_threshold:.3f}\n"
        f"calibrated: {output.flat(str(out))}"
    )
