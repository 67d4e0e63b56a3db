"""Statistics of judged queries: a split of a BEIR folder, or candidates with grades (ePQA)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.datasets.beir import beir_objects, product_of, qrels_path
from eval.formats.trec import Qrels, read_qrels
from eval.records import EvidenceQuestion
from eval.statistics.question_types import first_words
from eval.statistics.repeats import normalised
from eval.statistics.summary import Summary, summarise
from eval.statistics.windows import TokenCounter, token_counts


@dataclass(frozen=True, slots=True)
class JudgedTexts:
    """Queries and texts by id, and judgments that may name ids which do not exist."""

    queries: Mapping[str, str]
    texts: Mapping[str, str]
    qrels: Qrels
    products: int = 0
    sources: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class RetrievalStatistics:
    """One part of a data set.

    Attributes:
        judged: texts judged per query; ``relevant``: those with a grade above 0.
        grades: judgments by grade.
        without_relevant: judged queries none of whose texts has a grade above 0.
        dangling_queries, dangling_texts: ids that are judged but do not exist.
        unjudged_queries, unjudged_texts: that no judgment of the split names.
        repeated_queries, repeated_texts: surplus of texts that equal another but for case,
            punctuation and white space.
        sources: candidates by where they come from, where that is known.
    """

    dataset: str
    split: str
    queries: int
    texts: int
    products: int
    judgments: int
    first_words: dict[str, int]
    query_tokens: Summary | None
    text_tokens: Summary | None
    text_characters: Summary | None
    judged: Summary | None
    relevant: Summary | None
    grades: dict[int, int]
    without_relevant: int
    dangling_queries: tuple[str, ...]
    dangling_texts: tuple[str, ...]
    unjudged_queries: int
    unjudged_texts: int
    repeated_queries: int
    repeated_texts: int
    sources: Mapping[str, int]
    kind: str = "retrieval"

    @property
    def name(self) -> str:
        """``data set split``; a file has no split."""
        return f"{self.dataset} {self.split}".strip()


def retrieval_statistics(
    dataset: str, split: str, data: JudgedTexts, count: TokenCounter
) -> RetrievalStatistics:
    """Measure a part; ``count`` gives the tokens of texts."""
    judged = {name for texts in data.qrels.values() for name in texts}
    grades = Counter(grade for texts in data.qrels.values() for grade in texts.values())
    relevant = [sum(g > 0 for g in texts.values()) for texts in data.qrels.values()]
    tokens = token_counts([*data.queries.values(), *data.texts.values()], count)
    return RetrievalStatistics(
        dataset,
        split,
        len(data.queries),
        len(data.texts),
        data.products,
        sum(map(len, data.qrels.values())),
        first_words(data.queries.values()),
        summarise([tokens[text] for text in data.queries.values()]),
        summarise([tokens[text] for text in data.texts.values()]),
        summarise([len(text) for text in data.texts.values()]),
        summarise([len(texts) for texts in data.qrels.values()]),
        summarise(relevant),
        dict(sorted(grades.items())),
        sum(not n for n in relevant),
        tuple(sorted(data.qrels.keys() - data.queries.keys())),
        tuple(sorted(judged - data.texts.keys())),
        len(data.queries.keys() - data.qrels.keys()),
        len(data.texts.keys() - judged),
        _repeated(list(data.queries.values())),
        _repeated(list(data.texts.values())),
        data.sources or {},
    )


def beir_texts(folder: Path, split: str) -> JudgedTexts:
    """A BEIR folder as it is, dangling ids and all.

    Raises:
        DatasetNotFound: a file is missing.
        MalformedData: a line that breaks its format.
    """
    products: set[str] = set()
    texts = {}
    for name, tree in beir_objects(folder / "corpus.jsonl"):
        texts[name] = f"{tree.get('title') or ''}\n{tree['text']}".strip("\n")
        products.add(product_of(tree) or "")
    queries = {name: tree["text"] for name, tree in beir_objects(folder / "queries.jsonl")}
    return JudgedTexts(queries, texts, read_qrels(qrels_path(folder, split)), len(products - {""}))


def evidence_texts(questions: Sequence[EvidenceQuestion]) -> JudgedTexts:
    """All candidates of all questions, whether or not a retriever could be measured on them."""
    texts: dict[str, str] = {}
    qrels: Qrels = {}
    sources: Counter[str] = Counter()
    for question in questions:
        for candidate in question.candidates:
            name = f"{question.id}/{candidate.id}"
            texts[name] = candidate.text
            qrels.setdefault(question.id, {})[name] = candidate.label
            sources[candidate.source] += 1
    return JudgedTexts(
        {q.id: q.question for q in questions},
        texts,
        qrels,
        len({q.product_id for q in questions}),
        dict(sources.most_common()),
    )


def _repeated(texts: Sequence[str]) -> int:
    return len(texts) - len({normalised(text) for text in texts})
