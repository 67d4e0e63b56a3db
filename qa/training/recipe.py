"""A reader's training recipe: read from YAML, checked, with settings overridden from outside."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from qa.checked import checked, read_yaml
from qa.errors import QAError
from qa.reader.spans import SpanRules
from qa.reader.windows import WindowSettings
from qa.training.list_settings import ListSettings
from qa.training.reader_data import Part
from qa.training.settings_tree import ADDED, settings_tree
from qa.training.teacher_settings import TeacherModel

_STRICT = ConfigDict(extra="forbid")
_LATER = (
    "selection", "patience", "checkpoint_every", "backbone_share", "top_n", "mix", "measured",
    "within_sentence",
)  # fmt: skip
"""Settings that no trained weight depends on."""
BACKBONE = "backbone"
"""What a stage's ``start`` calls the model before any stage."""
SHIPPED = Path(__file__).parent / "recipes"

Count = Annotated[int, Field(ge=1)]
Epochs = Annotated[int, Field(ge=0)]
"""0 trains nothing: the stage is the mean of those it starts from."""


@checked_dataclass(config=_STRICT, frozen=True)
class Stage:
    """One stage of training; ``epochs`` passes over the union of its parts, 0 for a mean alone.

    ``start``: the earlier stages it starts from, by name; of several the mean of their weights,
    which keeps most of what each has learnt (Wortsman et al., "Model soups", ICML 2022);
    ``backbone`` stands for the model before any stage. Absent: the stage before it, of the first
    the backbone. ``teacher_share``: how much of the targets of parts that name a teacher
    comes from it. ``lists``: what it learns to rank meanwhile. ``seed``: the recipe's if absent.
    """

    name: str
    parts: list[Part]
    start: list[str] = field(default_factory=list)
    epochs: Epochs = 1
    learning_rate: float = 1e-4
    batch_tokens: int = 4096
    warmup: float = 0.06
    teacher_share: float = 0.5
    lists: ListSettings | None = None
    seed: int | None = None


@checked_dataclass(config=_STRICT, frozen=True)
class Recipe:
    """Everything that decides what a trained reader will be.

    ``tokenizer``: the folder whose pieces windows are cut into, the backbone's own if absent.
    ``weights``: what training starts from instead of the backbone's weights, the mean of several:
    files of runs, folders of readers, ``shipped:reader``. ``teachers``: readers of other runs that
    parts and lists of stages may name.
    """

    backbone: str
    stages: list[Stage]
    selection: list[Part]
    tokenizer: str | None = field(default=None, metadata=ADDED)
    weights: list[str] = field(default_factory=list, metadata=ADDED)
    teachers: list[TeacherModel] = field(default_factory=list, metadata=ADDED)
    window: WindowSettings = WindowSettings()
    seed: int = 13
    dropout: float = 0.1
    weight_decay: float = 0.01
    max_answer_pieces: int = 64
    within_sentence: bool = True
    average: float = 0.998
    checkpoint_every: int = 200
    patience: int = 1

    @property
    def rules(self) -> SpanRules:
        """Which spans may answer."""
        return SpanRules(self.max_answer_pieces, self.within_sentence)

    def fingerprint(self, stages: int | None = None) -> str:
        """Short hash of every setting that bears on the first ``stages`` stages (all if absent)."""
        return fingerprint(self, stages)

    def until(self, stage: str) -> Recipe:
        """Without what comes after a stage.

        Raises:
            RecipeError: no stage of that name; the message lists those there are.
        """
        names = [one.name for one in self.stages]
        if stage not in names:
            raise RecipeError(f"no stage {stage!r}: one of {', '.join(names)}")
        return replace(self, stages=self.stages[: names.index(stage) + 1])

    def lineage(self, stage: str) -> Recipe:
        """Without the stages that a stage owes nothing to; raises as :meth:`until`."""
        stages = self.until(stage).stages
        wanted = {stage}
        for number, one in reversed(list(enumerate(stages))):
            if one.name in wanted:
                before = [other.name for other in stages[:number][-1:]]
                wanted |= {
                    *(one.start or before),
                    *(t for part in one.parts for t in part.teachers),
                }
        return replace(self, stages=[one for one in stages if one.name in wanted])


def fingerprint(recipe: Any, stages: int | None = None) -> str:
    """Short hash of what a recipe's first ``stages`` stages (all if absent) depend on."""
    tree = settings_tree(recipe)
    tree["stages"] = tree["stages"][:stages]
    for later in _LATER:
        tree.pop(later, None)
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:16]


def is_made_by(recipe: Any, tree: Mapping[str, Any]) -> bool:
    """Whether a manifest's recipe says what a recipe does, settings that came later left out."""
    try:
        made: Any = TypeAdapter(type(recipe)).validate_python(tree)
    except ValidationError:
        return False
    return fingerprint(made) == fingerprint(recipe)


class NamedStage(Protocol):
    """What every kind of stage has."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> list[str]: ...
    @property
    def epochs(self) -> int: ...


class Staged(Protocol):
    """A recipe of stages."""

    @property
    def stages(self) -> Sequence[NamedStage]: ...


T = TypeVar("T", bound=Staged)
StageT = TypeVar("StageT", bound=NamedStage)


class RecipeError(QAError):
    """A recipe that cannot be used; the message names the file and the field."""


@dataclass(frozen=True, slots=True)
class Override:
    """``key=value`` from the command line; dots reach into the recipe, numbers index lists."""

    path: tuple[str, ...]
    value: Any

    @classmethod
    def parse(cls, text: str) -> Override:
        """Read ``stages.0.epochs=2``; the value is YAML."""
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise RecipeError(f"--set {text!r}: expected key=value, such as stages.0.epochs=2")
        return cls(tuple(key.split(".")), yaml.safe_load(value))

    def apply(self, tree: Any) -> None:
        """Set the value inside a tree of dicts and lists."""
        try:
            for key in self.path[:-1]:
                tree = tree[int(key)] if isinstance(tree, list) else tree[key]
            last = self.path[-1]
            tree[int(last) if isinstance(tree, list) else last] = self.value
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise RecipeError(f"--set {'.'.join(self.path)}: no such setting ({error})") from error


def load_recipe(path: Path, overrides: list[str] | None = None) -> Recipe:
    """A reader's recipe from a YAML file, or one that ships; raises as :func:`load_as`."""
    recipe = load_as(TypeAdapter(Recipe), path, overrides)
    others = [teacher.name for teacher in recipe.teachers]
    for number, stage in enumerate(recipe.stages):
        teachers = [name for part in stage.parts for name in part.teachers if name not in others]
        _check_earlier(path, recipe.stages, number, "parts.teachers", teachers)
        _check_taught(path, number, stage, others)
    return recipe


def _check_taught(path: Path, number: int, stage: Stage, teachers: Sequence[str]) -> None:
    """Refuse lists with unknown teachers, and parts that nobody says anything about."""
    for name in () if stage.lists is None else stage.lists.teachers:
        if name not in teachers:
            raise RecipeError(
                f"{path}: stages.{number}.lists.teachers: {name!r} is none of the recipe's "
                f"teachers ({', '.join(teachers) or 'none'})"
            )
    for part in stage.parts:
        if part.unlabelled and not part.teachers:
            raise RecipeError(
                f"{path}: stages.{number}.parts: {part.dataset}: unlabelled pairs need teachers"
            )


def load_as(shape: TypeAdapter[T], path: Path, overrides: Sequence[str] | None = None) -> T:
    """A recipe of any shape that has ``stages`` with ``name`` and ``start``.

    Args:
        path: a YAML file, or the name of a recipe that ships.

    Raises:
        RecipeError: the file is missing, is not YAML, or has a field that is unknown or wrong.
    """
    path = _found(path)
    tree = read_yaml(path, "recipe", RecipeError)
    for text in overrides or []:
        Override.parse(text).apply(tree)
    recipe = checked(shape, tree, path, RecipeError)
    _check_names(path, recipe.stages)
    _check_epochs(path, recipe.stages)
    return recipe


def _found(path: Path) -> Path:
    named = SHIPPED / f"{path}.yaml"
    if named.is_file():
        return named
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in SHIPPED.glob("*.yaml")))
        raise RecipeError(f"no recipe at {path}: a YAML file, or one of {known}")
    return path


def _check_names(path: Path, stages: Sequence[NamedStage]) -> None:
    names = [stage.name for stage in stages]
    for number, stage in enumerate(stages):
        trained = [name for name in stage.start if name != BACKBONE]
        _check_earlier(path, stages, number, "start", trained)
        if stage.name in (BACKBONE, *names[:number]):
            raise RecipeError(f"{path}: stages.{number}.name: {stage.name!r} is taken")


def _check_epochs(path: Path, stages: Sequence[NamedStage]) -> None:
    """A stage of no epochs that starts from one other would be that one under its own name."""
    for number, stage in enumerate(stages):
        if stage.epochs == 0 and len(set(stage.start)) < 2:
            raise RecipeError(
                f"{path}: stages.{number}.epochs: 0 is for the mean of several stages: "
                "name them under start, or train for 1 or more"
            )


def last_trained(stages: Sequence[StageT]) -> StageT:
    """The last stage that reads its data: not a mean alone."""
    return next(stage for stage in reversed(stages) if stage.epochs)


def _check_earlier(
    path: Path, stages: Sequence[NamedStage], number: int, setting: str, wanted: Sequence[str]
) -> None:
    """Refuse stages that ``setting`` names and that do not stand before stage ``number``."""
    earlier = [stage.name for stage in stages[:number]]
    for name in wanted:
        if name not in earlier:
            raise RecipeError(
                f"{path}: stages.{number}.{setting}: {name!r} is no earlier stage "
                f"(earlier: {', '.join(earlier) or 'none'})"
            )


def tokenizer_path(recipe: Recipe) -> str:
    """The folder whose pieces a recipe's windows are cut into."""
    return backbone_path(recipe.tokenizer or recipe.backbone)


def backbone_path(name: str) -> str:
    """A folder, a hub name, or ``package:module/folder`` for weights that a package carries."""
    if not name.startswith("package:"):
        return name
    module, _, inside = name.removeprefix("package:").partition("/")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise RecipeError(
            f"backbone {name}: package {module} is not installed: pip install 'reviewqa[train]'"
        )
    return str(Path(spec.origin).parent / inside)
