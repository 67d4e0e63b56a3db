"""Statistics as a report: the tables and plots that terminal and page are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from eval.report import axes
from eval.report.model import (
    Cell,
    Entry,
    Guide,
    Line,
    LinePlot,
    Number,
    Report,
    RowPlot,
    Section,
    Table,
)
from eval.statistics.describe import Description
from eval.statistics.judged_tables import judged_section
from eval.statistics.reading import ReadingStatistics
from eval.statistics.retrieval import RetrievalStatistics
from eval.statistics.summary import Summary

_Row = tuple[Cell, ...]
_Label = Callable[[ReadingStatistics | RetrievalStatistics], str]
_LENGTHS: tuple[tuple[str, Callable[[ReadingStatistics], Summary | None]], ...] = (
    ("question, tokens", lambda p: p.windows.questions),
    ("context, tokens", lambda p: p.windows.contexts),
    ("question and context, tokens", lambda p: p.windows.pairs),
    ("context, characters", lambda p: p.characters),
    ("answer, tokens", lambda p: p.answers.tokens),
    ("answer, characters", lambda p: p.answers.characters),
    ("windows per question", lambda p: p.windows.windows),
    ("answers per answerable question", lambda p: p.answers.per_question),
)


def statistics_report(found: Description, tokenizer: str) -> Report:
    """Everything in order; ``tokenizer`` names what counted the tokens."""
    readings = [p for p in found.parts if isinstance(p, ReadingStatistics)]
    judged = [p for p in found.parts if isinstance(p, RetrievalStatistics)]
    label = labels(found.parts)
    sections = [judged_section(judged, label)]
    if readings:
        sections = [
            _overview(readings, label),
            _questions(readings),
            _windows(readings, label),
            _answers(readings),
            _agreement(readings, label),
            _repeats(readings, label),
            _leaks(found, {p.name: (label(p), p.questions) for p in readings}),
            *sections,
        ]
    places = ", ".join(dict.fromkeys(part.dataset for part in found.parts))
    return Report(
        f"Statistics of {places}",
        f"Tokens are those of {tokenizer}.",
        tuple(section for section in sections if not section.empty),
    )


def _overview(parts: Sequence[ReadingStatistics], label: _Label) -> Section:
    columns = ("part", "questions", "distinct", "contexts", "products", "answerable, any",
               "% any", "answerable, first", "% first")  # fmt: skip
    rows: list[_Row] = [
        (
            label(p),
            *_whole(p.questions, p.distinct_questions, p.contexts, p.products),
            *_share(p.answerable_any, p.questions),
            *_share(p.answerable_first, p.questions),
        )
        for p in parts
    ]
    note = (
        "Answerable: a span is gold under the merge rule any (of any annotator) or first (of the "
        "first annotator alone)."
    )
    return Section("overview", "Overview", (note,), (Table("Parts", columns, tuple(rows)),))


def _questions(parts: Sequence[ReadingStatistics]) -> Section:
    plots = [
        _bars(
            "Questions by first word", place, group, words,
            lambda p, word: (p.first_words.get(word, 0), p.questions), "% of questions",
        )
        for place, group in _by_dataset(parts).items()
        for words in [_words(group)]
    ]  # fmt: skip
    return Section("questions", "Question types", plots=tuple(plots))


def _windows(parts: Sequence[ReadingStatistics], label: _Label) -> Section:
    shape = parts[0].windows.shape
    rows: list[_Row] = [
        (
            label(p),
            *_share(p.windows.longer_contexts, p.windows.distinct_contexts),
            *_share(p.windows.longer_pairs, p.questions),
            *_whole(p.windows.cut_questions),
        )
        for p in parts
    ]
    columns = ("part", "longer contexts", "% of contexts", "longer pairs", "% of questions",
               "cut questions")  # fmt: skip
    note = (
        f"The reader sees {shape.max_length} tokens at a time; windows overlap by {shape.overlap}, "
        f"a question is cut after {shape.max_question}. Longer: does not fit one window."
    )
    plots = [_cumulative(place, group) for place, group in _by_dataset(parts).items()]
    return Section(
        "lengths",
        "Lengths against the reader's window",
        (note,),
        (Table("What does not fit", columns, tuple(rows)), _lengths(parts, label)),
        tuple(plot for plot in plots if plot is not None),
    )


def _lengths(parts: Sequence[ReadingStatistics], label: _Label) -> Table:
    columns = ("length", "part", "n", "mean", "least", "median", "90 %", "95 %", "99 %", "most")
    rows: list[_Row] = []
    for name, get in _LENGTHS:
        for part in parts:
            one = get(part)
            if one is not None:
                values = (one.smallest, one.median, one.p90, one.p95, one.p99, one.largest)
                rows.append(
                    (name, label(part), Number(one.count), Number(one.mean, 1), *_whole(*values))
                )
    return Table("Lengths", columns, tuple(rows))


def _cumulative(place: str, parts: Sequence[ReadingStatistics]) -> LinePlot | None:
    """The share of contexts up to a length, beside the window."""
    lines, rows = [], []
    for style, part in enumerate(parts):
        one = part.windows.contexts
        if one is not None:
            shares = [100 * n / one.count for n in accumulate(one.counts, initial=0)]
            points = tuple(zip(one.edges, shares, strict=True))
            lines.append(Line(part.split or place, style, points))
            rows += [(part.split or place, Number(x, 0), Number(y, 1)) for x, y in points]
    if not lines:
        return None
    window = float(parts[0].windows.shape.max_length)
    return LinePlot(
        "Contexts up to a length",
        f"{place}: in tokens; the last point stands for everything longer.",
        axes.linear("tokens", [0.0, window, *(x for line in lines for x, _ in line.points)]),
        axes.percent("% of contexts"),
        tuple(lines),
        Table("Contexts up to a length", ("part", "tokens", "% of contexts"), tuple(rows)),
        (Guide("window", (window, 0.0), (window, 100.0)),),
    )


def _answers(parts: Sequence[ReadingStatistics]) -> Section:
    tenths = [f"{at}–{at + 10} %" for at in range(0, 100, 10)]

    def at(part: ReadingStatistics, label: str) -> tuple[int, int]:
        one = part.answers.position
        return (one.counts[tenths.index(label)], one.count) if one else (0, 0)

    plots = [
        _bars("Where answers begin", place, group, tenths, at, "% of spans")
        for place, group in _by_dataset(parts).items()
        if any(part.answers.spans for part in group)
    ]
    return Section("answers", "Answers", plots=tuple(plots))


def _agreement(parts: Sequence[ReadingStatistics], label: _Label) -> Section:
    columns = ("part", "annotators", "questions with 2 or more", "% unanimous", "alpha",
               "EM", "F1", "F1, both marked")  # fmt: skip
    rows: list[_Row] = []
    for part in parts:
        found = part.agreement
        known = {(f.protocol, f.metric): Number(f.value, 1, f.interval) for f in found.figures}
        counts = ", ".join(f"{n}: {count:,}" for n, count in found.annotations.items())
        rows.append(
            (
                label(part),
                counts,
                Number(found.questions),
                None if found.unanimous is None else Number(100 * found.unanimous, 1),
                None if found.alpha is None else Number(found.alpha, 3),
                known.get(("annotators", "em")),
                known.get(("annotators", "f1")),
                known.get(("annotators (both marked)", "f1")),
            )
        )
    note = (
        "Annotators: questions by how many annotated them. Unanimous and Krippendorff's alpha: "
        "whether there is an answer. EM and F1: each annotation against all others, leave one out."
    )
    return Section("agreement", "Annotators", (note,), (Table("Agreement", columns, tuple(rows)),))


def _repeats(parts: Sequence[ReadingStatistics], label: _Label) -> Section:
    columns = ("part", "question and context", "but for case", "contexts", "but for case", "near")
    rows: list[_Row] = [
        (
            label(p),
            *_whole(
                p.repeats.pairs,
                p.repeats.pairs_normalised,
                p.repeats.contexts,
                p.repeats.contexts_normalised,
                p.repeats.contexts_near,
            ),
        )
        for p in parts
    ]
    note = (
        "How many would have to go for each to occur once: to the letter, and but for case, "
        "punctuation and white space. Near: distinct contexts that share 80 % of their three-word "
        "shingles with another."
    )
    return Section("repeats", "Duplicates", (note,), (Table("Surplus", columns, tuple(rows)),))


def _leaks(found: Description, parts: dict[str, tuple[str, int]]) -> Section:
    if len(parts) < 2:
        return Section("leaks", "Leakage")
    columns = ("A", "B", "shared", "distinct", "questions of A", "%", "questions of B", "%")
    rows: list[_Row] = [
        (
            parts[pair.first][0],
            parts[pair.second][0],
            leak.kind,
            *_whole(leak.shared),
            *_share(leak.first, parts[pair.first][1]),
            *_share(leak.second, parts[pair.second][1]),
        )
        for pair in found.shared
        for leak in pair.leaks
    ]
    note = f"Pairs of parts that share nothing: {found.clean_pairs}."
    tables = (Table("What parts share", columns, tuple(rows)),) if rows else ()
    return Section("leaks", "Leakage between parts", (note,), tables)


def _bars(
    title: str,
    place: str,
    parts: Sequence[ReadingStatistics],
    labels: Sequence[str],
    get: Callable[[ReadingStatistics, str], tuple[int, int]],
    label: str,
) -> RowPlot:
    found = {row: [get(part, row) for part in parts] for row in labels}
    shares = {
        row: [100 * n / total if total else 0.0 for n, total in c] for row, c in found.items()
    }
    names = tuple(part.split or place for part in parts)
    cells: list[_Row] = [
        (row, *(cell for n, total in counts for cell in _share(n, total)))
        for row, counts in found.items()
    ]
    columns = ("", *(head for name in names for head in (name, "%")))
    return RowPlot(
        title,
        f"{place}.",
        axes.linear(label, [0.0, *(v for values in shares.values() for v in values)]),
        tuple((name, style) for style, name in enumerate(names)),
        tuple(
            (row, tuple(Entry(n, value, None) for n, value in enumerate(values)))
            for row, values in shares.items()
        ),
        Table(title, columns, tuple(cells)),
    )


def _words(parts: Sequence[ReadingStatistics]) -> list[str]:
    """First words of all parts, the most frequent first, ``other`` last."""
    total: dict[str, int] = {}
    for part in parts:
        for word, count in part.first_words.items():
            total[word] = total.get(word, 0) + count
    return sorted(total, key=lambda word: (word == "other", -total[word], word))


def _by_dataset(parts: Sequence[ReadingStatistics]) -> dict[str, list[ReadingStatistics]]:
    found: dict[str, list[ReadingStatistics]] = {}
    for part in parts:
        found.setdefault(part.dataset, []).append(part)
    return found


def labels(parts: Sequence[ReadingStatistics | RetrievalStatistics]) -> _Label:
    """How tables call parts: by split alone, where all are of one data set."""
    alone = len({part.dataset for part in parts}) == 1
    return lambda part: (alone and part.split) or part.name


def _whole(*values: float) -> tuple[Cell, ...]:
    return tuple(Number(value) for value in values)


def _share(count: int, total: int) -> tuple[Cell, Cell]:
    return Number(count), Number(100 * count / total, 1) if total else None
