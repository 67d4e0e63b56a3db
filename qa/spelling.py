"""Spelling of a question's words against the words of one product's reviews, for term matching.

A word that no review of the store has finds nothing. Unless it is known to be right, the product's
commonest word within one edit is likely what was meant: a letter put in, left out or replaced, or
two neighbours swapped (Damerau, A technique for computer detection and correction of spelling
errors, 1964, who counts four in five errors so). Words that only the product lacks stay, and so do
words of the shipped reader's vocabulary: a small store lacks many words that are right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice

from rapidfuzz import process
from rapidfuzz.distance import OSA

from indexing.engines.base import Engine
from qa.model_folder import load_tokenizer
from qa.reader.package import SHIPPED

SHORTEST, LONGEST = 5, 30
"""Letters of a word that may be replaced: shorter ones have too many neighbours."""

MAX_WORDS = 40
"""Distinct words of a question that are looked up; later ones stay, so that no text takes long."""

MAX_PASSAGES = 2000
"""Passages of a product whose words are counted; what is common stands in the first ones, too."""

# Whole words of letters alone. Of words with an apostrophe only those with a possessive s: more
# than its first part spells "doesn't".
_WORD = re.compile(
    rf"(?<!\w)(?<!\w['\u2019])[^\W\d_]{{{SHORTEST},{LONGEST}}}(?!\w|['\u2019](?!s\b)\w)",
    re.IGNORECASE,
)
_NEAR_WORD = re.compile(rf"(?<!\w)[^\W\d_]{{{SHORTEST - 1},{LONGEST + 1}}}(?!\w)")


def corrections(engine: Engine, question: str, product_id: str) -> dict[str, str]:
    """Words of the question to replace, and the product's words to search for instead.

    Both in lower case. The store is asked for words that :func:`english` lacks, and the product's
    reviews are read only where the store lacks one, too; raises what a search raises.
    """
    unknown = [word for word in _words(question) if not engine.search_bm25(word, k=1)]
    if not unknown:
        return {}
    passages = islice(engine.passages(product_id), MAX_PASSAGES)
    counts = vocabulary(passage.text for passage in passages)
    nearest = {word: _nearest(word, counts) for word in unknown}
    return {word: found for word, found in nearest.items() if found is not None}


def corrected(question: str, replaced: Mapping[str, str]) -> str:
    """The question with words replaced, and everything else as it was."""
    return _WORD.sub(lambda word: replaced.get(word[0].lower(), word[0]), question)


@cache
def english() -> frozenset[str]:
    """Words that are spelt right: those the shipped reader's vocabulary has whole, lower case.

    WordPiece takes them from books and encyclopedias by how common they are. Raises
    :class:`qa.errors.ModelError` where the files are not there.
    """
    pieces = load_tokenizer(SHIPPED).get_vocab()
    return frozenset(piece for piece in pieces if _WORD.fullmatch(piece))


def vocabulary(texts: Iterable[str]) -> Counter[str]:
    """How often each word that may replace another one stands in the texts, in lower case."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_NEAR_WORD.findall(text.lower()))
    return counts


def _words(question: str) -> list[str]:
    """The distinct words to look up, in lower case and order of appearance."""
    words = dict.fromkeys(word.lower() for word in _WORD.findall(question))
    return [word for word in words if not _is_english(word)][:MAX_WORDS]


def _is_english(word: str) -> bool:
    known = english()
    return word in known or word.removesuffix("s") in known


def _nearest(word: str, counts: Counter[str]) -> str | None:
    """The commonest word within one edit, of equal ones the first by alphabet.

    None where there is none, or where the word itself is there though it cannot be searched for.
    """
    if word in counts:
        return None
    near = process.extract(word, counts.keys(), scorer=OSA.distance, score_cutoff=1, limit=None)
    return min((other for other, *_ in near), key=lambda one: (-counts[one], one), default=None)
