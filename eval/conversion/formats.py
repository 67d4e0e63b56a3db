"""The formats that gold data can be converted between, and guessing which one a file has."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from eval.datasets.beir import is_beir
from eval.datasets.files import find, reading_text
from eval.errors import DatasetNotFound, MalformedData, NotConvertible

Format = Literal["subjqa", "squad-1.1", "squad-2.0", "jsonl", "beir", "dpr"]
FORMATS: tuple[str, ...] = get_args(Format)
_SUFFIXES: dict[str, Format] = {".csv": "subjqa", ".jsonl": "jsonl"}
_PEEK = 4096


def format_of_source(path: Path) -> Format:
    """The format of a file or folder, by its name, and for ``.json`` by how it begins.

    Raises:
        DatasetNotFound: there is nothing at ``path``.
        NotConvertible: the name says nothing; the message lists the formats.
    """
    if path.is_dir():
        if is_beir(path):
            return "beir"
        raise DatasetNotFound(f"{path}: a folder without corpus.jsonl is no BEIR folder")
    found = find(path)
    suffix = _suffix(found)
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if suffix == ".json":
        return _json_format(found)
    raise NotConvertible(
        f"{path}: its format does not follow from its name: say --from {_choice()}"
    )


def format_of_destination(path: Path) -> Format:
    """The format to write, by the name alone; a name without a suffix is a BEIR folder.

    Raises:
        NotConvertible: the name says nothing.
    """
    suffix = _suffix(path)
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if suffix == ".json":
        return "dpr" if "dpr" in path.name.lower() else "squad-2.0"
    if not suffix or path.is_dir():
        return "beir"
    raise NotConvertible(f"{path}: its format does not follow from its name: say --to {_choice()}")


def known_format(name: str) -> Format:
    """``name`` if it is one; ``squad`` stands for 2.0.

    Raises:
        NotConvertible: no such format; the message lists them.
    """
    if name == "squad":
        return "squad-2.0"
    for one in get_args(Format):
        if name == one:
            return one  # type: ignore[no-any-return]
    raise NotConvertible(f"no format {name!r}: one of {', '.join(FORMATS)}")


def _json_format(path: Path) -> Format:
    with reading_text(path) as stream:
        start = stream.read(_PEEK).lstrip()
    if start.startswith("["):
        return "dpr"
    if start.startswith("{"):
        return "squad-2.0"
    raise MalformedData(f"{path}: no JSON object (SQuAD) or array (DPR)")


def _suffix(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _choice() -> str:
    return "|".join(FORMATS)
