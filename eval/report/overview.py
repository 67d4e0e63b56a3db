"""The beginning of a report: what came out in words, what it is qualified by, every figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.annotators import ANNOTATORS
from eval.report.model import Cell, Number, Section, Table
from eval.report.numbers import definition, digits, in_words, number, printed, shown
from eval.report.runs import (
    PUBLISHED,
    READING,
    Run,
    by_dataset,
    published,
    reading,
    sources,
)
from eval.results import Figure

QUALIFIERS = (
    ("protocol", "protocol"),
    ("merge", "gold"),
    ("scope", "scope"),
    ("depth", "k at most"),
    ("passages", "passages read"),
    ("texts", "texts"),
    ("questions", "questions"),
    ("left_out", "left out"),
    ("without_results", "without results"),
    ("threshold", "threshold"),
    ("tuned_threshold", "tuned threshold"),
    ("tuned_on", "tuned on"),
    ("folds", "folds"),
    ("model_fingerprint", "model"),
    ("store_fingerprint", "store"),
    ("data_sha256", "data SHA-256"),
    ("commit", "commit"),
)
"""What a figure is qualified by, and how it is headed."""

PROTOCOLS = {
    "all": "every question; an unanswerable one is right when nothing is answered",
    "has_answer": "the answerable questions of all",
    "no_answer": "the unanswerable questions of all",
    "single": "all, against one annotator at a time and averaged: compare with annotators",
    "book": "answerable questions, best span whatever its score; of a retriever: a hit is an "
    "answer string in a text of the split, unanswerable questions are hits",
    "best span": "the best span of every question, whether or not it was given as an answer",
    "annotators": "each annotation scored against all the others of its question",
    "annotators (both marked)": "the same where both sides marked a span",
    "open": "all texts in one index; relevant is the text that the question was asked on",
    "product": "the texts of the question's product; relevant where any annotator found an answer",
    "evidence": "the candidates of the question's product page; relevant is what answers it",
    "judged": "relevance judgments as given",
}


def overview(runs: Sequence[Run]) -> Section:
    """What came out, in sentences, and what every figure below is qualified by."""
    lines = tuple(line[:1].upper() + line[1:] for run in runs for line in _in_words(run))
    return Section("summary", "In short", lines, (_qualifiers(runs),))


def figure_tables(runs: Sequence[Run]) -> Section:
    """Every figure of every run with its interval, beside random order, annotators and others."""
    tables: list[Table] = []
    for place, group in by_dataset(runs).items():
        tables += _retrieval_tables(place, [run for run in group if run.kind not in READING])
        answering = reading(group)
        if answering:
            tables += [t for t in (_answers(place, answering), _others(place, answering)) if t.rows]
    prose = ["Every figure comes with its 95 % bootstrap interval over questions."]
    prose += [f"{PUBLISHED} as published: {source}." for source in sources(runs)]
    return Section("figures", "Figures", tuple(prose) if tables else (), tuple(tables))


def glossary(runs: Sequence[Run]) -> Section:
    """What the metrics and protocols in the report are."""
    figures = [f for run in runs for f in (*run.result.figures, *run.result.baselines)]
    found = [definition(figure.metric) for figure in figures]
    metrics = [one for one in dict.fromkeys(found) if one is not None]
    names = dict.fromkeys(figure.protocol for figure in figures)
    protocols = [(name, _meaning(name)) for name in names]
    tables = (
        Table(
            "Metrics",
            ("metric", "what it is", "better", "source"),
            tuple(
                (shown(m.name), m.meaning, "higher" if m.higher_is_better else "lower", m.source)
                for m in metrics
            ),
        ),
        Table("Protocols", ("protocol", "what is scored"), tuple(protocols)),
    )
    return Section("words", "What the words mean", (), tuple(t for t in tables if t.rows))


def _in_words(run: Run) -> Iterator[str]:
    if not run.result.figures:
        yield f"{run.name} on {run.dataset}: no question was scored."
    elif run.kind in READING:
        yield from _reading_words(run)
    else:
        yield _retrieval_words(run)


def _retrieval_words(run: Run) -> str:
    protocol = run.protocols()[0]
    first = run.figure(protocol, "success@1")
    if first is None:
        one = run.result.figures[0]
        return f"{run.name} on {run.dataset}: {one.protocol} {shown(one.metric)} {_said(one)}."
    text = (
        f"{run.name} puts a relevant text first for {_share(first)} of {first.count:,} questions "
        f"({run.dataset}, {protocol})"
    )
    chance = run.baseline(protocol, "success@1")
    if chance is not None:
        text += f"; random order does for {100 * chance.value:.1f} %"
    tenth = run.figure(protocol, "recall@10")
    more = (
        f". Of all relevant texts it finds {_share(tenth)} among the first ten." if tenth else "."
    )
    return text + more


def _reading_words(run: Run) -> Iterator[str]:
    where = "searching for itself" if run.kind == "pipeline" else "given the right text"
    em, f1 = run.figure("all", "em"), run.figure("all", "f1")
    if em is None or f1 is None:
        return
    yield (
        f"{run.name}, {where}, reaches EM {_said(em)} and F1 {_said(f1)} on {f1.count:,} questions "
        f"({run.dataset}, all)."
    )
    single, people = run.figure("single", "f1"), run.baseline(ANNOTATORS, "f1")
    if single is not None and people is not None:
        yield (
            f"Against one annotator at a time its F1 is {_said(single)}; annotators against each "
            f"other reach {_said(people)}."
        )


def _said(figure: Figure) -> str:
    return in_words(Number(figure.value, digits(figure.metric), figure.interval))


def _share(figure: Figure) -> str:
    """A fraction in percent, with its interval."""
    low, high = (100 * bound for bound in figure.interval)
    return f"{100 * figure.value:.1f} % ({low:.1f}–{high:.1f})"


def _qualifiers(runs: Sequence[Run]) -> Table:
    heads = ("", *(run.name for run in runs))
    rows: list[tuple[Cell, ...]] = [("data set", *(run.dataset for run in runs))]
    for key, head in QUALIFIERS:
        cells = [_given(run, key) for run in runs]
        if any(cell is not None for cell in cells):
            rows.append((head, *cells))
    return Table("What every figure is qualified by", heads, tuple(rows))


def _given(run: Run, key: str) -> str | None:
    """A value of the header in words; fingerprints and hashes are cut to what tells them apart."""
    value = run.result.header.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return printed(value, 3 if isinstance(value, float) else 0)
    text = str(value)
    return text[:12] if len(text) >= 40 and " " not in text else text


def _retrieval_tables(place: str, runs: Sequence[Run]) -> Iterator[Table]:
    for protocol in dict.fromkeys(name for run in runs for name in run.protocols()):
        members = [run for run in runs if protocol in run.protocols()]
        metrics = dict.fromkeys(
            f.metric for run in members for f in run.result.figures if f.protocol == protocol
        )
        others = published(members, protocol)
        rows = []
        for metric in metrics:
            ours = [run.figure(protocol, metric) for run in members]
            chance = next((f for run in members if (f := run.baseline(protocol, metric))), None)
            count = max((figure.count for figure in ours if figure), default=0)
            theirs = (Number(v[metric], 3) if metric in v else None for v in others.values())
            rows.append((shown(metric), *map(number, ours), number(chance), *theirs, Number(count)))
        if rows:
            names = (run.name for run in members)
            columns = ("metric", *names, "random order", *others, "questions")
            yield Table(f"Retrieval, {place}, protocol {protocol}", columns, tuple(rows))


def _answers(place: str, runs: Sequence[Run]) -> Table:
    """EM and F1 of every run under every protocol, then of annotators and of others."""
    rows: list[tuple[Cell, ...]] = []
    for run in runs:
        for protocol in run.protocols():
            em, f1 = run.figure(protocol, "em"), run.figure(protocol, "f1")
            if em or f1:
                rows.append((run.name, protocol, number(em), number(f1), _count(em or f1)))
    for protocol in dict.fromkeys(f.protocol for run in runs for f in run.result.baselines):
        run = next(run for run in runs if any(f.protocol == protocol for f in run.result.baselines))
        em, f1 = run.baseline(protocol, "em"), run.baseline(protocol, "f1")
        rows.append(("annotators", protocol, number(em), number(f1), _count(em or f1)))
    rows += _published_rows(runs)
    columns = ("system", "protocol", "EM", "F1", "questions")
    return Table(f"Answers, {place}", columns, tuple(rows))


def _published_rows(runs: Sequence[Run]) -> Iterator[tuple[Cell, ...]]:
    for protocol in dict.fromkeys(one.protocol for run in runs for one in run.result.published):
        for name, values in published(runs, protocol).items():
            cells = (Number(values[m], 1) if m in values else None for m in ("em", "f1"))
            yield (name, protocol, *cells, None)


def _others(place: str, runs: Sequence[Run]) -> Table:
    """Every other figure: confidence, best thresholds, the first n answers."""
    rows = []
    plain = {("em", f.protocol) for run in runs for f in run.result.figures}
    plain |= {("f1", protocol) for _, protocol in plain}
    keys = dict.fromkeys(
        (f.protocol, f.metric)
        for run in runs
        for f in (*run.result.figures, *run.result.baselines)
        if (f.metric, f.protocol) not in plain and f.metric not in ("em", "f1")
    )
    for protocol, metric in keys:
        ours = [run.figure(protocol, metric) or run.baseline(protocol, metric) for run in runs]
        rows.append((shown(metric), protocol, *map(number, ours)))
    columns = ("metric", "protocol", *(run.name for run in runs))
    return Table(f"Confidence and bounds, {place}", columns, tuple(rows))


def _count(figure: Figure | None) -> Cell:
    return None if figure is None else Number(figure.count)


def _meaning(protocol: str) -> str:
    name, _, condition = protocol.partition(" (")
    whole, words = PROTOCOLS.get(protocol), PROTOCOLS.get(name, name)
    if whole is not None or not condition:
        return whole or words
    notes = {
        "tuned)": "at the tuned threshold",
        "cross-tuned)": "each fold at the threshold that was best on the others",
        "answerable)": "answerable questions only",
    }
    return f"{words}; {notes.get(condition, condition.rstrip(')'))}"
