"""Starting from what was trained before: a run's weights, or a model folder, also a shipped one.

A folder holds int8 (:mod:`qa.training.from_int8`), so a reader or an encoder that ships can be
fine-tuned on a domain of one's own without the run that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from torch import nn

from qa.errors import QAError
from qa.model_folder import MODELS
from qa.training.checkpoint import State, load, mean_weights
from qa.training.from_int8 import float_weights

SHIPPED = "shipped:"
"""``shipped:reader`` and ``shipped:encoder`` are the folders that come with the package."""


def start_from(
    model: nn.Module,
    paths: Sequence[str],
    adapt: Callable[[State], State] = dict,
    *,
    backbone: str,
    tower: str = "",
) -> None:
    """Give a model the weights of one place, or the mean of several; of none it keeps its own.

    Args:
        paths: files of runs, folders of models, or ``shipped:NAME``.
        adapt: makes the model's weights of those found there.
        backbone: the folder whose tokenizer the model reads by.
        tower: what stands before the names of a folder's weights in the model.

    Raises:
        QAError: there is nothing, or weights of another model; the message names the first.
    """
    states = []
    for path in paths:
        states.append(adapt(_found(path, model, Path(backbone), tower)))
        _fill(model, states[-1], path)
    if states:
        model.load_state_dict(mean_weights(states), strict=False)


def _found(path: str, model: nn.Module, backbone: Path, tower: str) -> State:
    place = MODELS / path.removeprefix(SHIPPED) if path.startswith(SHIPPED) else Path(path)
    if place.is_dir():
        own = {
            name.removeprefix(tower): value.cpu()
            for name, value in model.state_dict().items()
            if name.startswith(tower)
        }
        found = float_weights(place, own, backbone)
        return {tower + name: value for name, value in found.items()}
    if not place.is_file():
        raise QAError(
            f"{path}: no weights there: name a run's best.pt or stage-NAME.pt, a model folder, "
            f"{SHIPPED}reader or {SHIPPED}encoder"
        )
    state: State = load(place)["model"]
    return state


def _fill(model: nn.Module, state: State, path: str) -> None:
    try:
        missing, unknown = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        first = str(error).strip().splitlines()[-1].strip()
        raise QAError(f"{path}: weights of another model: {first}") from error
    if missing or unknown:
        raise QAError(f"{path}: weights of another model: {[*missing, *unknown][0]}")
