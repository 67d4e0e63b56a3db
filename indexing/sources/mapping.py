"""From a dump's record to a review, or to the reason why it is none."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from indexing.errors import UnreadableSource
from indexing.records import Review
from indexing.sources.dates import iso_day
from indexing.sources.presets import FIELDS, REQUIRED, Preset, detect

_T = TypeVar("_T")
_LONGEST_ID = 512
_NUMBER = re.compile(r"\s*(-?\d+(?:[.,]\d+)?)")
_YES = frozenset({"true", "yes", "y", "t", "1", "verified", "verified purchase"})
_NO = frozenset({"false", "no", "n", "f", "0", "unverified", ""})


class Unmappable(Exception):
    """Why one record is not a review."""


@dataclass(frozen=True, slots=True)
class Mapper:
    """Maps the records of one source. ``columns`` gives, per field, the columns to look into."""

    preset: Preset
    columns: Mapping[str, tuple[str, ...]]
    seen: frozenset[str]
    product_id: str | None = None

    def review(self, fields: Mapping[str, Any]) -> Review:
        """Raises :class:`Unmappable`. The text is taken as it is, no repairs are made."""
        text = self._text(fields)
        product_id = self.product_id or self._identifier(fields, "product_id")
        if not product_id:
            raise Unmappable(f"no product: {self._places('product_id')} empty or missing")
        kept: dict[str, Any] = {}
        author, date = (
            self._string(fields, "author"),
            self._converted(fields, "date", iso_day, kept),
        )
        review = Review(
            id=self._identifier(fields, "id") or content_id(product_id, text, author, date),
            product_id=product_id,
            text=text,
            title=self._string(fields, "title"),
            rating=self._converted(fields, "rating", number, kept),
            date=date,
            author=author,
            verified=self._converted(fields, "verified", truth, kept),
            url=self._string(fields, "url"),
            product_title=self._string(fields, "product_title"),
            extra=self._extra(fields, kept),
        )
        _refuse_surrogates(review)
        return review

    def identifier(self, fields: Mapping[str, Any]) -> str:
        """The review's id alone, for deletions: a record may hold nothing else."""
        return self._identifier(fields, "id") or self.review(fields).id

    def field_map(self) -> dict[str, str]:
        """The columns in use, of those that the first records have; for reports."""
        found = {n: [c for c in columns if c in self.seen] for n, columns in self.columns.items()}
        return {name: " or ".join(columns) for name, columns in found.items() if columns}

    def _first(self, fields: Mapping[str, Any], name: str) -> Any:
        column = self._column(fields, name)
        return None if column is None else fields[column]

    def _column(self, fields: Mapping[str, Any], name: str) -> str | None:
        """The first of the field's columns that is filled."""
        for column in self.columns.get(name, ()):
            value = fields.get(column)
            if value is not None and value != "":
                return column
        return None

    def _text(self, fields: Mapping[str, Any]) -> str:
        text = self._first(fields, "text")
        if text is None:
            raise Unmappable(f"no text: {self._places('text')} empty or missing")
        if not isinstance(text, str):
            raise Unmappable(f"the text is not a string but {type(text).__name__}")
        if self.preset.label_suffix:
            text = text.removesuffix(self.preset.label_suffix)
        if not text.strip():
            raise Unmappable("the text is empty or only white space")
        return text

    def _string(self, fields: Mapping[str, Any], name: str) -> str | None:
        value = self._first(fields, name)
        if value is None or isinstance(value, (dict, list)):
            return None
        return value if isinstance(value, str) else str(value)

    def _identifier(self, fields: Mapping[str, Any], name: str) -> str:
        value = (self._string(fields, name) or "").strip()
        if len(value) > _LONGEST_ID:
            raise Unmappable(f"the {name} has {len(value)} characters, {_LONGEST_ID} are allowed")
        return value

    def _converted(
        self,
        fields: Mapping[str, Any],
        name: str,
        convert: Callable[[Any], _T | None],
        kept: dict[str, Any],
    ) -> _T | None:
        """What cannot be converted is not lost but kept in ``extra``."""
        value = self._first(fields, name)
        converted = convert(value)
        if converted is None and value is not None:
            kept[name] = value
        return converted

    def _extra(self, fields: Mapping[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
        if not self.preset.keep_rest:
            return {}
        used = {self._column(fields, name) for name in self.columns}
        skip = used | self.preset.ignored | {"extra"}
        rest = {k: v for k, v in fields.items() if k not in skip and v is not None and v != ""}
        given = fields.get("extra")
        if isinstance(given, dict):
            rest.update(given)
        elif given is not None:
            rest["extra"] = given
        return {name: _finite(value) for name, value in (rest | kept).items()}

    def _places(self, name: str) -> str:
        return " and ".join(repr(column) for column in self.columns.get(name, (name,)))


def make_mapper(
    columns: Collection[str],
    field_map: Mapping[str, str],
    product_id: str | None,
    needed: Collection[str] = REQUIRED,
) -> Mapper:
    """Choose the preset by the columns of a source's first records, then apply the overrides.

    Raises :class:`UnreadableSource` when a needed field has no column, naming those there are.
    """
    _refuse_unknown_fields(field_map)
    preset = detect(columns)
    chosen = {**preset.fields, **{name: (column,) for name, column in field_map.items()}}
    found = ", ".join(sorted(columns)[:40])
    for name, column in field_map.items():
        if column not in columns:
            raise UnreadableSource(
                f"no column {column!r} (wanted as {name}) in the first records; found: {found}"
            )
    for name in needed:
        present = set(columns).intersection(chosen.get(name, ()))
        if not present and not (name == "product_id" and product_id):
            raise UnreadableSource(
                f"no column for the {name.replace('_', ' ')}; found: {found}. "
                f"Say which it is with --map {name}=COLUMN" + _or_constant(name)
            )
    return Mapper(preset, chosen, frozenset(columns), product_id)


def content_id(product_id: str, text: str, author: str | None, date: str | None) -> str:
    """An id for reviews that come without: the same review gets the same one every time."""
    key = "\0".join((product_id, text, author or "", date or ""))
    return "h" + sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:23]


def number(value: Any) -> float | None:
    """``4``, ``"4.0"``, ``"4,5"``, ``"5 stars"``; ``None`` for NaN, infinities and the rest."""
    if isinstance(value, bool):
        return None
    result = _float(value)
    if result is None and isinstance(value, str) and (match := _NUMBER.match(value)):
        result = _float(match[1].replace(",", "."))
    return result if result is not None and math.isfinite(result) else None


def _float(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def truth(value: Any) -> bool | None:
    """A boolean from JSON's, from 0 and 1, and from the words that dumps use."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _YES:
        return True
    return False if word in _NO else None


def _refuse_surrogates(review: Review) -> None:
    try:
        json.dumps(
            [getattr(review, name) for name in FIELDS] + [review.extra], ensure_ascii=False
        ).encode()
    except UnicodeEncodeError as error:
        raise Unmappable(
            f"half a surrogate pair (U+{ord(error.object[error.start]):04X}), which is no character"
        ) from error


def _or_constant(name: str) -> str:
    return ", or give all reviews one product with --product ID" if name == "product_id" else ""


def _refuse_unknown_fields(field_map: Mapping[str, str]) -> None:
    for name in field_map:
        if name not in FIELDS:
            raise UnreadableSource(f"no field {name!r}; --map knows {', '.join(FIELDS)}")


def _finite(value: Any) -> Any:
    """Without the infinities that overlong JSON numbers become."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
