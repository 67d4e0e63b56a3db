"""Statistics of judged queries as a section of a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eval.report.model import Cell, Number, Section, Table
from eval.statistics.retrieval import RetrievalStatistics
from eval.statistics.summary import Summary

_SHOWN_IDS = 5
_Label = Callable[[RetrievalStatistics], str]


def judged_section(parts: Sequence[RetrievalStatistics], label: _Label) -> Section:
    """Sizes, grades, lengths and broken references; ``label`` names parts. Empty without parts."""
    if not parts:
        return Section("judged", "Judged queries")
    broken = tuple(line for part in parts for line in _dangling(part))
    note = (
        "Relevant: a grade above 0. Unjudged and dangling: not named by the judgments of the "
        "split, and named by them but missing. Repeated: but for case, punctuation, white space."
    )
    return Section(
        "judged",
        "Judged queries",
        (note, *broken),
        (
            _sizes(parts, label),
            _references(parts, label),
            _lengths(parts, label),
            *_words(parts, label),
        ),
    )


def _sizes(parts: Sequence[RetrievalStatistics], label: _Label) -> Table:
    columns = ("part", "queries", "texts", "products", "judgments", "grades", "sources")
    return Table(
        "Sizes",
        columns,
        tuple(
            (
                label(p),
                *(Number(n) for n in (p.queries, p.texts, p.products, p.judgments)),
                ", ".join(f"{grade}: {count:,}" for grade, count in p.grades.items()),
                ", ".join(f"{source}: {count:,}" for source, count in p.sources.items()),
            )
            for p in parts
        ),
    )


def _references(parts: Sequence[RetrievalStatistics], label: _Label) -> Table:
    columns = ("part", "queries without relevant", "unjudged queries", "unjudged texts",
               "dangling queries", "dangling texts", "repeated queries",
               "repeated texts")  # fmt: skip
    return Table(
        "References",
        columns,
        tuple(
            (
                label(p),
                *(
                    Number(n)
                    for n in (
                        p.without_relevant,
                        p.unjudged_queries,
                        p.unjudged_texts,
                        len(p.dangling_queries),
                        len(p.dangling_texts),
                        p.repeated_queries,
                        p.repeated_texts,
                    )
                ),
            )
            for p in parts
        ),
    )


def _lengths(parts: Sequence[RetrievalStatistics], label: _Label) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for part in parts:
        for name, one in (
            ("query, tokens", part.query_tokens),
            ("text, tokens", part.text_tokens),
            ("text, characters", part.text_characters),
            ("judged per query", part.judged),
            ("relevant per query", part.relevant),
        ):
            if one is not None:
                rows.append((name, label(part), *_cells(one)))
    columns = ("length or count", "part", "n", "mean", "least", "median", "95 %", "most")
    return Table("Lengths and counts", columns, tuple(rows))


def _cells(one: Summary) -> tuple[Cell, ...]:
    values = (one.smallest, one.median, one.p95, one.largest)
    return Number(one.count), Number(one.mean, 1), *(Number(value) for value in values)


def _words(parts: Sequence[RetrievalStatistics], label: _Label) -> list[Table]:
    return [
        Table(
            f"First words, {label(part)}",
            ("word", "queries", "%"),
            tuple(
                (word, Number(count), Number(100 * count / max(1, part.queries), 1))
                for word, count in part.first_words.items()
            ),
        )
        for part in parts
    ]


def _dangling(part: RetrievalStatistics) -> list[str]:
    lines = []
    for kind, ids in (("query", part.dangling_queries), ("text", part.dangling_texts)):
        if ids:
            some = ", ".join(ids[:_SHOWN_IDS]) + (" …" if len(ids) > _SHOWN_IDS else "")
            lines.append(f"{part.name}: judged but missing {kind} ids: {some}")
    return lines
