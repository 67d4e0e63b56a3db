"""Retrieval protocols: what the corpus is, what is asked of it, and what counts as relevant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from eval.errors import MalformedData
from eval.records import Annotation, EvidenceQuestion, Query, ReadingQuestion, RetrievalSet, Text

GroupKey = tuple[str, str]


def open_protocol(
    dataset: str,
    split: str,
    asked: Sequence[ReadingQuestion],
    corpus: Iterable[ReadingQuestion] | Iterable[Text],
) -> RetrievalSet:
    """All texts in one index; relevant is the text that the question was asked on."""
    answerable = [q for q in asked if q.gold()]
    return RetrievalSet(
        dataset,
        split,
        "open",
        texts_of(corpus),
        tuple(Query(q.id, q.question, None, q.meta) for q in answerable),
        {q.id: {safe_id(q.context_id): 1} for q in answerable},
        left_out=len(asked) - len(answerable),
    )


def product_protocol(
    dataset: str,
    split: str,
    asked: Sequence[ReadingQuestion],
    labelled: Iterable[ReadingQuestion],
    corpus: Iterable[ReadingQuestion] | Iterable[Text],
) -> RetrievalSet:
    """The texts of the question's product; relevant are those on which anybody found an answer.

    Args:
        asked: the split's questions; the same question on several reviews is asked once.
        labelled: the questions of all splits: their answers make texts relevant.
        corpus: where the texts come from.
    """
    relevant: dict[GroupKey, dict[str, int]] = {}
    for question in labelled:
        if question.gold():
            relevant.setdefault(group_key(question), {})[safe_id(question.context_id)] = 1
    groups = {group_key(q): q for q in reversed(asked)}
    order = dict.fromkeys(group_key(q) for q in asked)
    firsts = [groups[key] for key in order if key in relevant]
    return RetrievalSet(
        dataset,
        split,
        "product",
        texts_of(corpus),
        tuple(Query(q.id, q.question, q.product_id, q.meta) for q in firsts),
        {q.id: relevant[group_key(q)] for q in firsts},
        left_out=len(order) - len(firsts),
    )


def book_protocol(dataset: str, split: str, asked: Sequence[ReadingQuestion]) -> RetrievalSet:
    """As chapter 7 of *NLP with Transformers* measured retrievers.

    The split's own reviews of the product; a hit is a review in which an answer string occurs;
    questions without an answer count as hits. The answers are the first annotator's, which is
    what the set's copy on the Hub holds. To compare with published curves only.
    """
    texts = texts_of(asked)
    shelves: dict[str, list[Text]] = {}
    for text in texts:
        shelves.setdefault(text.product_id, []).append(text)
    groups: dict[tuple[str, str], list[ReadingQuestion]] = {}
    for question in asked:
        groups.setdefault((question.question, question.product_id), []).append(question)
    queries, qrels = [], {}
    for members in groups.values():
        first = members[0]
        answers = [span.text for q in members for span in q.gold("first")]
        queries.append(Query(first.id, first.question, first.product_id, first.meta))
        qrels[first.id] = {
            text.id: 1
            for text in shelves[first.product_id]
            if any(answer in text.text for answer in answers)
        }
    unanswerable = frozenset(name for name, judged in qrels.items() if not judged)
    return RetrievalSet(dataset, split, "book", texts, tuple(queries), qrels, unanswerable)


def evidence_protocol(
    dataset: str, split: str, questions: Sequence[EvidenceQuestion]
) -> RetrievalSet:
    """Each question's own candidates; graded gains 0, 1, 2.

    Relevant is what answers (2); what helps (1) is a gain of nDCG only. Questions are asked that
    have a candidate that answers and one that does not.
    """
    texts, queries, qrels = [], [], {}
    for question in questions:
        pool = [c for c in question.candidates if c.text]
        labels = {candidate.label for candidate in pool}
        if 2 not in labels or labels == {2}:
            continue
        ids = [safe_id(f"{question.id}/{c.id}") for c in pool]
        texts += [Text(i, question.id, c.text) for i, c in zip(ids, pool, strict=True)]
        queries.append(Query(question.id, question.question, question.id))
        qrels[question.id] = {i: c.label for i, c in zip(ids, pool, strict=True)}
    _refuse_repeated(dataset, texts)
    left_out = len(questions) - len(queries)
    return RetrievalSet(
        dataset, split, "evidence", tuple(texts), tuple(queries), qrels, left_out=left_out, level=2
    )


def pipeline_questions(
    asked: Sequence[ReadingQuestion], labelled: Iterable[ReadingQuestion]
) -> list[ReadingQuestion]:
    """Each question once, without a context; gold is what anybody marked in any text for it."""
    marked: dict[GroupKey, list[Annotation]] = {}
    for question in labelled:
        marked.setdefault(group_key(question), []).extend(question.annotations)
    firsts: dict[GroupKey, ReadingQuestion] = {}
    for question in asked:
        firsts.setdefault(group_key(question), question)
    return [
        replace(q, context="", context_id="", annotations=tuple(marked.get(key, q.annotations)))
        for key, q in firsts.items()
    ]


def group_key(question: ReadingQuestion) -> GroupKey:
    """What makes two rows the same question: the set's own id for it, else text and product."""
    own = question.meta.get("q_reviews_id") or question.meta.get("question_id")
    return ("", own) if own else (question.product_id, question.question)


def safe_id(name: str) -> str:
    """The id without white space, which TREC files cannot hold."""
    return "_".join(name.split())


def texts_of(corpus: Iterable[ReadingQuestion] | Iterable[Text]) -> tuple[Text, ...]:
    """One text per id, in the order of their first mention.

    Raises:
        MalformedData: two different texts with one id.
    """
    found: dict[str, Text] = {}
    for item in corpus:
        if isinstance(item, Text):
            text = item
        else:
            text = Text(safe_id(item.context_id), item.product_id, item.context)
        if found.setdefault(text.id, text).text != text.text:
            raise MalformedData(f"two different texts have the id {text.id!r}")
    return tuple(found.values())


def _refuse_repeated(dataset: str, texts: Sequence[Text]) -> None:
    seen: set[str] = set()
    for text in texts:
        if text.id in seen:
            raise MalformedData(f"{dataset}: candidate {text.id!r} occurs twice")
        seen.add(text.id)
