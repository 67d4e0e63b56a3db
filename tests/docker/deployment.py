"""What is read out of ``docker/`` to be compared with the code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from api.settings import Settings
from indexing.engines.elastic.settings import ElasticSettings

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
DOCKERFILE = DOCKER / "Dockerfile"
COMPOSE = DOCKER / "compose.yaml"
CLUSTER = DOCKER / "compose.cluster.yaml"
KUBERNETES = sorted((DOCKER / "kubernetes").glob("*.yaml"))

Document = dict[str, Any]
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def known_settings() -> set[str]:
    """Every environment variable that the code reads its settings from."""
    server = {f"REVIEWQA_ES_{one.name.upper()}" for one in fields(ElasticSettings)}
    return server | {f"REVIEWQA_{name.upper()}" for name in Settings.model_fields}


def compose(path: Path) -> Document:
    found: Document = yaml.safe_load(path.read_text("utf-8"))
    return found


def laid_over(path: Path, other: Path) -> Document:
    """The services of two compose files as Compose merges what these two have in common:
    mappings by key, volumes and dependencies added, the rest replaced."""
    below, above = compose(path)["services"], compose(other)["services"]
    return {name: _merged(below.get(name, {}), above.get(name, {})) for name in {**below, **above}}


def _merged(below: Document, above: Document) -> Document:
    both = {**below, **above}
    for key in ("environment", "depends_on"):
        both[key] = {**below.get(key, {}), **above.get(key, {})}
    both["volumes"] = [*below.get("volumes", []), *above.get("volumes", [])]
    return both


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """``text`` as Compose fills variables in; raises ``KeyError`` for one that is required."""

    def value(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        if given.get(name):
            return given[name]
        if kind == "-":
            return str(default)
        raise KeyError(name)

    return _VARIABLE.sub(value, text)


def variables(text: str) -> set[str]:
    return {match[1] for match in _VARIABLE.finditer(text)}


def manifests() -> Iterator[Document]:
    """Every document of the Kubernetes manifests."""
    for path in KUBERNETES:
        yield from yaml.safe_load_all(path.read_text("utf-8"))


def pod_specs() -> Iterator[Document]:
    for one in manifests():
        if one["kind"] in ("Deployment", "Job"):
            yield one["spec"]["template"]["spec"]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, continued lines joined."""
    lines = DOCKERFILE.read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", text)
    return [(w[0], w[1]) for line in joined.splitlines() if len(w := line.split(maxsplit=1)) == 2]


def image_environment() -> dict[str, str]:
    """What the last ENV of the Dockerfile sets."""
    last = [rest for name, rest in instructions() if name == "ENV"][-1]
    return dict(pair.split("=", 1) for pair in last.split())
