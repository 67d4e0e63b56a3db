"""Loading pipelines: those that ship, by name, and a user's own YAML, through one allow-list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from haystack import Pipeline

from qa.errors import PipelineError, QAError

_SHIPPED = Path(__file__).parent / "yaml"
_ALLOWED = ["qa.components.*", "indexing.document_store"]

_NO_READER = ".CrossEncoderRanker"
"""A component whose ``model`` is another kind of model than a reader."""


def shipped_pipelines() -> list[str]:
    """Names that :func:`load_pipeline` knows."""
    return sorted(path.stem for path in _SHIPPED.glob("*.yaml"))


def load_pipeline(
    name: str,
    *,
    store: str | None = None,
    model: str | None = None,
    threads: int | None = None,
    encoder: str | None = None,
) -> Pipeline:
    """A pipeline by its shipped name or the path of a YAML file.

    Args:
        store: the location that every document store in it gets; as written if absent.
        model: the folder that every reader in it gets; as written if absent.
        threads: CPU threads of every model in it; as written if absent.
        encoder: what every embedder in it opens; as written if absent.

    Raises:
        PipelineError: no such pipeline, no YAML, or a class that is not on the allow-list.
    """
    path = _find(name)
    try:
        tree = yaml.safe_load(path.read_text("utf-8"))
        if not isinstance(tree, dict) or not isinstance(tree.get("components"), dict):
            raise PipelineError(f"{path}: not a pipeline: no 'components' in it")
        values = {"location": store, "model": model, "threads": threads, "encoder": encoder}
        _fill(tree["components"], values)
        return Pipeline.from_dict(tree, allowed_modules=_ALLOWED)
    except yaml.YAMLError as error:
        raise PipelineError(f"{path}: not YAML: {error}") from error
    except QAError:
        raise
    except Exception as error:  # Haystack's own errors share no base with a component's
        raise PipelineError(f"{path}: cannot be loaded: {error}") from error


def _find(name: str) -> Path:
    shipped = _SHIPPED / f"{name.replace('+', '-')}.yaml"
    if shipped.is_file():
        return shipped
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} and path.is_file():
        return path
    raise PipelineError(
        f"no pipeline {name!r}: the path of a YAML file, or one of {', '.join(shipped_pipelines())}"
    )


def _fill(node: Any, values: dict[str, Any]) -> None:
    """Put given values in place of every parameter of that name, at any depth."""
    if not isinstance(node, dict):
        return
    kept = {"model"} if str(node.get("type")).endswith(_NO_READER) else set()
    for key, value in node.items():
        if key == "init_parameters" and isinstance(value, dict):
            given = {k: v for k, v in values.items() if v is not None and k in value}
            value.update({k: v for k, v in given.items() if k not in kept})
        _fill(node[key], values)
