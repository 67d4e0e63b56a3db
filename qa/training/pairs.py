"""Questions and the passages that answer them: what a retrieval encoder learns from.

Texts are cut into passages as a store cuts them, and a passage is positive where it holds an
answer. What is not known is kept apart from what is known not to answer: other passages of a
positive's text, and passages in which an answer's words occur, are nobody's negatives.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from eval.conversion.dpr import iter_dpr
from eval.datasets.evidence import EVIDENCE
from eval.datasets.protocols import group_key
from eval.datasets.registry import load_reading
from eval.records import EvidenceQuestion, ReadingQuestion
from indexing.splitter import sentences, split
from qa.training.pairs_part import PairsPart
from qa.training.reader_data import is_held_out

DPR = "dpr:"
Cut = Literal["passages", "whole", "both"]
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class TrainingPassage:
    """A passage, the text that it is cut from, and its words as :func:`words` gives them."""

    text: str
    source: str
    words: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A question; passages by number.

    Attributes:
        positives: every passage known to answer.
        negatives: passages that somebody judged not to answer.
        answers: the answers' words, as :func:`words` gives them.
        taught: whether a teacher is asked about it.
        closed: whether only ``negatives`` are negatives.
    """

    question: str
    positives: tuple[int, ...]
    negatives: tuple[int, ...] = ()
    answers: tuple[str, ...] = ()
    taught: bool = True
    closed: bool = False


@dataclass(slots=True)
class Pairs:
    """Questions and passages of several data sets; equal texts are one passage."""

    passages: list[TrainingPassage] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str, source: str) -> int:
        """The passage's number; a new one if the text is new."""
        known = self._numbers.setdefault(text, len(self.passages))
        if known == len(self.passages):
            self.passages.append(TrainingPassage(text, source, words(text)))
        return known

    def may_answer(self, pair: Pair, passage: int) -> bool:
        """Whether a passage may answer, so that it is no negative: the false-negative filter.

        It is a positive, it stands in a positive's text, or an answer's words occur in it; or
        nobody judged it, where only judgements count.
        """
        if pair.closed:
            return passage not in pair.negatives
        if passage in pair.positives:
            return True
        found = self.passages[passage]
        if any(found.source == self.passages[p].source for p in pair.positives):
            return True
        return any(answer in found.words for answer in pair.answers)


def words(text: str) -> str:
    """The text's words in lower case between single spaces, so that ``in`` matches whole words."""
    return " " + " ".join(_WORD.findall(text.lower())) + " "


def load_pairs(
    parts: Sequence[PairsPart], root: Path, seed: int, *, cut: Cut = "passages"
) -> Pairs:
    """The pairs of the parts together, in a fixed order.

    Args:
        cut: into the passages of a store, or every text is one, or both count.

    Raises:
        DatasetNotFound: a data set is not known or not there.
        MalformedData: a file breaks its format.
    """
    pairs = Pairs()
    for part in parts:
        begin = len(pairs.pairs)
        for pair in _part(part, root, pairs, cut):
            pairs.pairs.append(replace(pair, taught=part.taught, closed=part.closed))
        added = pairs.pairs[begin:]
        if part.limit is not None and len(added) > part.limit:
            rng = random.Random(f"{seed}:{part.dataset}")  # noqa: S311 - sampling, not secrets
            added = rng.sample(added, part.limit)
        pairs.pairs[begin:] = added * part.repeat
    return pairs


def _part(part: PairsPart, root: Path, pairs: Pairs, cut: Cut) -> Iterator[Pair]:
    if part.dataset.startswith(DPR):
        yield from _from_dpr(Path(part.dataset.removeprefix(DPR)), pairs)
    elif part.dataset in EVIDENCE:
        yield from _from_evidence(EVIDENCE[part.dataset](root, part.split), pairs, part)
    else:
        questions = load_reading(part.dataset, part.split, root)
        kept = [q for q in questions if not is_held_out(q, part.holdout)]
        if part.sentences:
            yield from _from_sentences(kept, pairs)
        else:
            yield from _from_readings(kept, pairs, cut)


def _from_readings(questions: Iterable[ReadingQuestion], pairs: Pairs, cut: Cut) -> Iterator[Pair]:
    """One pair a question; asked on several texts, all of them count."""
    groups: dict[object, list[ReadingQuestion]] = {}
    for question in questions:
        groups.setdefault(group_key(question), []).append(question)
    for group in groups.values():
        pair = _from_group(group, pairs, cut)
        if pair is not None:
            yield pair


def _from_group(group: Sequence[ReadingQuestion], pairs: Pairs, cut: Cut) -> Pair | None:
    positives: dict[int, None] = {}
    negatives: dict[int, None] = {}
    answers: dict[str, None] = {}
    for question in group:
        spans = _spans(question.context, cut)
        starts = [span.start for span in question.gold()]
        answers.update((words(span.text), None) for span in question.gold())
        for begin, end in spans:
            number = pairs.number(question.context[begin:end], question.context)
            if any(begin <= start < end for start in starts):
                positives[number] = None
            elif not starts:
                negatives[number] = None
    if not positives:
        return None
    judged = tuple(n for n in negatives if n not in positives)
    kept = tuple(a for a in answers if a.strip())
    return Pair(group[0].question, tuple(positives), judged, kept)


def _from_sentences(questions: Iterable[ReadingQuestion], pairs: Pairs) -> Iterator[Pair]:
    """One pair for each question on a text: a sentence is its own source, so that it is compared.

    An annotator marks one place that answers; others with the same words are left open.
    """
    for question in questions:
        gold = question.gold()
        answers = tuple(dict.fromkeys(a for s in gold if (a := words(s.text)).strip()))
        positives: dict[int, None] = {}
        negatives: dict[int, None] = {}
        for begin, end in sentences(question.context):
            text = question.context[begin:end]
            number = pairs.number(text, text)
            if any(span.start < end and begin < span.end for span in gold):
                positives[number] = None
            elif not any(answer in pairs.passages[number].words for answer in answers):
                negatives[number] = None
        if positives:
            kept = tuple(n for n in negatives if n not in positives)
            yield Pair(question.question, tuple(positives), kept, answers)


def _spans(text: str, cut: Cut) -> list[tuple[int, int]]:
    whole = [] if cut == "passages" else [(0, len(text))]
    return list(dict.fromkeys(whole + ([] if cut == "whole" else split(text))))


def _from_evidence(
    questions: Iterable[EvidenceQuestion], pairs: Pairs, part: PairsPart
) -> Iterator[Pair]:
    """Label 2 answers and 0 does not; where nothing answers, what helps (1) is the positive."""
    for question in questions:
        labels: dict[int, list[int]] = {0: [], 1: [], 2: []}
        for candidate in question.candidates:
            if candidate.text:
                labels[candidate.label].append(pairs.number(candidate.text, candidate.text))
        positives = labels[2] or labels[1]
        if positives:
            lower = labels[0] + (labels[1] if part.helpful == "negative" else [])
            negatives = tuple(n for n in dict.fromkeys(lower) if n not in positives)
            yield Pair(question.question, tuple(dict.fromkeys(positives)), negatives)


def _from_dpr(path: Path, pairs: Pairs) -> Iterator[Pair]:
    for _, question, passages in iter_dpr(path):
        numbers = {name: pairs.number(p.text, p.text) for name, p in passages.items()}
        positives = tuple(numbers[name] for name, grade in question.relevance.items() if grade > 0)
        below = [name for name, grade in question.relevance.items() if grade <= 0]
        negatives = tuple(numbers[name] for name in (*below, *question.negatives))
        if positives:
            answers = tuple(words(answer) for answer in question.answers if words(answer).strip())
            yield Pair(question.question, positives, negatives, answers)
