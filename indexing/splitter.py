"""Cuts reviews into passages on sentence boundaries; all offsets count code points of the text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain, takewhile

RULES_VERSION = 1
"""Raised whenever the sentence rules below change, so that stores notice."""

Span = tuple[int, int]

_CANDIDATE = re.compile(
    r"""
      (?P<stop>[.!?…。！？]+)(?P<closers>["'”’»)\]]*)
    | (?P<tag>(?:<br\s*/?>\s*)+)
    | (?P<line>\n\s*)
    | (?P<emoji>[\u2600-\u27bf\U0001F300-\U0001FAFF]
                [\ufe0f\u200d\u2600-\u27bf\U0001F300-\U0001FAFF]*)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CJK_STOPS = frozenset("。！？")
_NEVER_LAST = frozenset(("e.g", "i.e", "vs", "mr", "mrs", "ms", "dr", "st", "approx", "cf"))
"""A full stop after these ends no sentence."""

_SELDOM_LAST = frozenset(
    re.findall(
        r"\S+",
        "a.m al am apr aug cf dec dept est etc feb fig ft in inc jan jr jul jun lb lbs ltd mar max "
        "min no nov oct oz p.m pg pm pt sep sept sr u.k u.s ver vol",
    )
)
"""After these it ends one only where a capital letter follows."""

_LAST_WORD = re.compile(r"[^\s\"'“‘(\[<>]*\Z")
_WORD_WINDOW = 24


@dataclass(frozen=True, slots=True)
class SplitterSettings:
    """Passage sizes in characters: packed up to ``target``, never more than ``maximum``."""

    target: int = 600
    maximum: int = 900

    def __post_init__(self) -> None:
        if not 0 < self.target <= self.maximum:
            raise ValueError(f"need 0 < target <= maximum, got {self.target} and {self.maximum}")

    @property
    def fingerprint(self) -> str:
        """Changes when the same text might be cut elsewhere."""
        settings = sorted(asdict(self).items())
        return hashlib.sha256(repr((RULES_VERSION, settings)).encode()).hexdigest()[:16]


def sentences(text: str) -> Iterator[Span]:
    """The sentences of ``text`` in order, without the white space around them."""
    start = 0
    for end in chain(_boundaries(text), (len(text),)):
        yield from _trimmed(text, start, end)
        start = end


def sentence_ends(text: str) -> list[int]:
    """Where each sentence but the last ends, rising; white space after it is the next one's."""
    return list(_boundaries(text))


def may_end_sentence(text: str) -> bool:
    """Whether a sentence may end in ``text``; False is certain, and quickly said."""
    return _CANDIDATE.search(text) is not None


def sentence_at(text: str, start: int, end: int) -> Span:
    """The sentence, or run of sentences, that ``text[start:end]`` lies in.

    A span outside every sentence (white space, or an empty text) is returned as it is, clipped.
    """
    start = max(0, min(start, len(text)))
    end = max(start, min(end, len(text)))
    after = max(end, start + 1)
    # Where sentences end is costly to say, and what follows the span does not matter.
    until = takewhile(lambda span: span[0] < after, sentences(text))
    touched = [span for span in until if span[1] > start]
    if not touched:
        return start, end
    return min(touched[0][0], start), max(touched[-1][1], end)


def split(text: str, settings: SplitterSettings | None = None) -> list[Span]:
    """Passages of ``text``: ordered, disjoint, together holding every non-space character."""
    settings = settings or SplitterSettings()
    if len(text) <= settings.target:
        return list(_trimmed(text, 0, len(text)))
    return _pack(text, settings)


def _pack(text: str, settings: SplitterSettings) -> list[Span]:
    passages: list[Span] = []
    for start, end in _pieces(text, settings.maximum):
        if passages and end - passages[-1][0] <= settings.target:
            passages[-1] = (passages[-1][0], end)
        else:
            passages.append((start, end))
    return passages


def _pieces(text: str, maximum: int) -> Iterator[Span]:
    """Sentences, those longer than ``maximum`` cut at white space or else anywhere."""
    for sentence_start, end in sentences(text):
        start = sentence_start
        while end - start > maximum:
            cut = _last_space(text, start, start + maximum)
            yield from _trimmed(text, start, cut)
            start = cut
            while text[start].isspace():
                start += 1
        yield start, end


def _last_space(text: str, start: int, limit: int) -> int:
    for position in range(limit, start, -1):
        if text[position].isspace():
            return position
    return limit


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without white space around it; nothing if it holds nothing else."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _boundaries(text: str) -> Iterator[int]:
    sentence_start = 0
    for match in _CANDIDATE.finditer(text):
        if _ends_sentence(text, match, sentence_start):
            sentence_start = match.end()
            yield sentence_start


def _ends_sentence(text: str, match: re.Match[str], sentence_start: int) -> bool:
    kind = match.lastgroup
    following = text[match.end() : match.end() + 1]
    if kind == "tag":
        return True
    if kind == "line":
        return match.group().count("\n") > 1 or not following.islower()
    if kind == "emoji":
        return _opens_sentence(text, match.end())
    return _stop_ends_sentence(text, match, following, sentence_start)


def _opens_sentence(text: str, position: int) -> bool:
    """White space and then a capital letter."""
    rest = text[position : position + 8]
    stripped = rest.lstrip()
    return rest != stripped and stripped[:1].isupper()


def _stop_ends_sentence(
    text: str, match: re.Match[str], following: str, sentence_start: int
) -> bool:
    stop = match["stop"]
    if stop[-1] in _CJK_STOPS:
        return True
    if following and not following.isspace():
        return not match["closers"] and _space_is_missing(text, match)
    if stop == ".":
        return not _is_abbreviation(text, match.start(), match.end(), sentence_start)
    if stop[-1] in ".…":
        return not text[match.end() : match.end() + 8].lstrip()[:1].islower()
    return True


def _space_is_missing(text: str, match: re.Match[str]) -> bool:
    """``bad.Great``: two small letters, the stop, then a capitalised word (not ``Amazon.com``)."""
    before = text[max(0, match.start() - 2) : match.start()]
    after = text[match.end() : match.end() + 2]
    return (
        len(before) == 2
        and before.islower()
        and before.isalpha()
        and after[:1].isupper()
        and (len(after) == 1 or not after[1].isupper())
    )


def _is_abbreviation(text: str, stop: int, end: int, sentence_start: int) -> bool:
    window = max(sentence_start, stop - _WORD_WINDOW)
    found = _LAST_WORD.search(text[window:stop])
    word = found.group().lower() if found else ""
    if word.isdigit() and not text[sentence_start : stop - len(word)].strip():
        return True
    if len(word) == 1 and word.isalpha() and word != "i" and text[stop - 1].isupper():
        return True
    if word in _NEVER_LAST:
        return True
    rest = text[end : end + 8].lstrip()
    return word in _SELDOM_LAST and (rest[:1].islower() or rest[:1].isdigit())
