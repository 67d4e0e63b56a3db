"""Data sets by name (``subjqa:electronics``) and by path: SQuAD JSON, JSONL, SubjQA CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from eval.datasets.files import find
from eval.datasets.jsonl import read_jsonl
from eval.datasets.shoppers import REVIEWS, load_shoppers
from eval.datasets.squad import part_of_title, read_squad
from eval.datasets.subjqa import DOMAINS, load_subjqa, read_subjqa
from eval.errors import DatasetNotFound, UnknownDataset
from eval.records import ReadingQuestion

Loader = Callable[[Path, str, str], list[ReadingQuestion]]
_SHIFTS = {"amazon": "amazon_reviews", "reddit": "reddit", "wiki": "new_wiki"}


def load_reading(name: str, split: str, root: Path) -> list[ReadingQuestion]:
    """Questions of a data set's split.

    ``name`` is ``family:part`` with files under ``root``, or the path of a file that
    :func:`read_file` reads (then ``split`` is not looked at).

    Raises:
        UnknownDataset: no such name; the message lists those there are.
        DatasetNotFound: the split or its file is not there.
    """
    family, _, part = name.partition(":")
    if family in _LOADERS and part:
        return _LOADERS[family](root, part, split)
    if Path(name).is_file():
        return read_file(Path(name))
    raise UnknownDataset(
        f"no data set {name!r}: a SQuAD JSON, JSONL or SubjQA CSV file, "
        f"or one of {', '.join(names())}"
    )


@contextmanager
def also_known(*more: str) -> Iterator[None]:
    """Lists ``more`` names after those of an :class:`UnknownDataset` raised within the block."""
    try:
        yield
    except UnknownDataset as error:
        raise UnknownDataset(", ".join((str(error), *more))) from error


def read_file(path: Path) -> list[ReadingQuestion]:
    """The questions of a file by its name: ``.jsonl`` is ours, ``.csv`` SubjQA's, else SQuAD.

    Raises:
        DatasetNotFound: no such file.
        MalformedData: it breaks its format.
    """
    suffixes = {suffix.lower() for suffix in path.suffixes[-2:]}
    if ".jsonl" in suffixes:
        return read_jsonl(path)
    return read_subjqa(find(path)) if ".csv" in suffixes else read_squad(path)


def names() -> list[str]:
    """Every data set name that :func:`load_reading` knows."""
    return [
        *(f"subjqa:{d}" for d in DOMAINS),
        *(f"squadshifts:{p}" for p in _SHIFTS),
        *(f"{f}:{p}" for f in ("reviewrc", "rcrc") for p in ("laptop", "restaurant")),
        "qamr:wiki",
        REVIEWS,
    ]


def _squadshifts(root: Path, part: str, split: str) -> list[ReadingQuestion]:
    if part not in _SHIFTS:
        raise DatasetNotFound(f"no SQuADShifts part {part!r}: one of {', '.join(_SHIFTS)}")
    questions = read_squad(root / "squadshifts" / f"{_SHIFTS[part]}.json")
    if part != "amazon":
        return questions if split == "train" else _no_split("squadshifts", part, split)
    return [q for q in questions if part_of_title(q.meta["title"]) == split]


def _split_files(family: str) -> Loader:
    def load(root: Path, part: str, split: str) -> list[ReadingQuestion]:
        return read_squad(root / family / part / f"{split}.json")

    return load


def _qamr(root: Path, part: str, split: str) -> list[ReadingQuestion]:
    if split != "train":
        return _no_split("qamr", part, split)
    return read_squad(root / "qamr" / f"{part}.json")


def _shoppers(root: Path, part: str, split: str) -> list[ReadingQuestion]:
    return load_shoppers(root, part, split, load_reading)


def _no_split(family: str, part: str, split: str) -> list[ReadingQuestion]:
    raise DatasetNotFound(f"{family}:{part} has no split {split!r}: it is all 'train'")


_LOADERS: dict[str, Loader] = {
    "subjqa": load_subjqa,
    "squadshifts": _squadshifts,
    "reviewrc": _split_files("reviewrc"),
    "rcrc": _split_files("rcrc"),
    "qamr": _qamr,
    "shoppers": _shoppers,
}
