"""Statistics against numbers worked out by hand, brute force, and the raw files of public sets."""

from __future__ import annotations

import csv
import json
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from eval.datasets.files import open_text
from eval.errors import DatasetNotFound, MalformedData
from eval.records import ReadingQuestion, Span
from eval.report.html import render_html
from eval.statistics.agreement import agreement, krippendorff_alpha
from eval.statistics.describe import Description, describe, expanded
from eval.statistics.near_duplicates import NEAR, SHINGLE, groups, near_pairs
from eval.statistics.question_types import first_words, question_type
from eval.statistics.reading import ReadingStatistics, reading_statistics
from eval.statistics.repeats import leaks, repeats
from eval.statistics.report import statistics_report
from eval.statistics.retrieval import RetrievalStatistics
from eval.statistics.summary import summarise
from eval.statistics.windows import WindowShape
from indexing.sample import questions_path
from qa.reader.package import SHIPPED
from qa.reader.token_counts import TokenCounter
from qa.reader.windows import Windower, WindowSettings

SHAPE = WindowShape(16, 4, 6)
TOKEN = "ANSWERNOTFOUND"


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def asked(
    name: str, question: str, context: str, *marked: str, product: str = "", context_id: str = ""
) -> ReadingQuestion:
    annotations = tuple(
        (Span(context.index(t), context.index(t) + len(t), t),) if t else () for t in marked
    )
    return ReadingQuestion(name, question, context, annotations, context_id or name, product)


LONG = "one two three four five six seven eight nine ten eleven twelve"
LISTED = [
    asked("1", "Is it loud?", "It is loud and red.", "loud", "", product="a"),
    asked("2", "is it LOUD", "it is loud, and red", "", "", product="a"),
    asked("3", "what colour?", LONG, "twelve", "eleven twelve", product="b"),
    asked("4", "Isn't it?", LONG, "", product="b", context_id="3"),
]


def test_a_part_by_hand() -> None:
    found = reading_statistics("d", "s", LISTED, words, SHAPE)
    assert (found.questions, found.distinct_questions, found.contexts, found.products) == (
        4,
        4,
        3,
        2,
    )
    assert (found.answerable_any, found.answerable_first) == (2, 2)
    assert found.first_words == {"Is": 2, "Isn": 1, "What": 1}
    # pairs: 3 + 5, 3 + 5, 2 + 12, 2 + 12 tokens, and 3 special ones; 16 fit
    windows = found.windows
    assert windows.pairs is not None
    assert (windows.pairs.smallest, windows.pairs.largest) == (11, 17)
    assert (windows.longer_pairs, windows.longer_contexts, windows.distinct_contexts) == (2, 1, 3)
    assert found.answers.spans == 3
    assert found.answers.tokens is not None
    assert found.answers.tokens.mean == pytest.approx(4 / 3)
    assert found.answers.position is not None
    # "loud" at 6 of 19, "twelve" and "eleven twelve" at 56 and 49 of 62
    assert found.answers.position.counts == (0, 0, 0, 1, 0, 0, 0, 1, 0, 1)
    assert found.agreement.annotations == {1: 1, 2: 3}
    assert found.agreement.unanimous == pytest.approx(2 / 3)
    assert found.repeats.pairs == found.repeats.contexts == 0
    assert (found.repeats.pairs_normalised, found.repeats.contexts_normalised) == (1, 1)


@given(st.integers(0, 12), st.text("ab ", max_size=120))
def test_windows_are_those_that_the_reader_cuts(question: int, text: str) -> None:
    tokenizer = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
    counter = TokenCounter(tokenizer, "t", WindowSettings(16, 4, 6))
    asked_text = " ".join(["a"] * question)
    made = Windower(tokenizer, WindowSettings(16, 4, 6)).cut([asked_text], [[text]])
    assert SHAPE.windows(*counter([asked_text, text])) == len(made)


def test_krippendorffs_own_example() -> None:
    """Computing Krippendorff's Alpha-Reliability (2011), B: two observers; C: four, with gaps."""
    first, second = "0100000000", "1110010100"
    assert krippendorff_alpha(zip(first, second, strict=True)) == pytest.approx(0.095, abs=5e-4)
    table = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    columns = zip(*(row.split() for row in table), strict=True)
    units = [[value for value in column if value != "."] for column in columns]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha([[1, 1], [1, 1]]) is None
    assert krippendorff_alpha([[1], []]) is None


def test_question_types() -> None:
    assert [question_type(q) for q in ("how big?", '"Does it', "Isn't it", "?", "WAS it")] == [
        "How", "Does", "other", "other", "Was",
    ]  # fmt: skip
    assert first_words(["can a", "can b", "is c", "zu d", "?"], most=1) == {
        "Can": 2, "Is": 1, "other": 2,
    }  # fmt: skip


@given(st.lists(st.integers(0, 500), min_size=1))
def test_summaries(values: list[int]) -> None:
    found = summarise(values)
    assert found is not None
    assert found.mean == pytest.approx(statistics.fmean(values))
    assert found.median == statistics.median_low(values)
    assert (found.smallest, found.largest) == (min(values), max(values))
    assert sum(found.counts) == len(values)
    assert summarise([]) is None


def shingles(text: str) -> set[tuple[str, ...]]:
    listed = re.findall(r"\w+", text.casefold())
    size = min(SHINGLE, len(listed))
    return {tuple(listed[i : i + size]) for i in range(len(listed) - size + 1)} if listed else set()


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=24).map(" ".join), max_size=12))
def test_near_duplicates_are_those_of_brute_force(texts: list[str]) -> None:
    wanted = set()
    for (i, a), (j, b) in combinations(enumerate(map(shingles, texts)), 2):
        if a and b and len(a & b) / len(a | b) >= NEAR:
            wanted.add((i, j))
    assert {(i, j) for i, j, _ in near_pairs(texts)} == wanted


def test_groups_are_connected_components() -> None:
    assert groups(6, [(1, 2), (4, 5), (2, 4)]) == [0, 1, 1, 3, 1, 1]


def test_leaks_by_hand() -> None:
    long = " ".join(f"w{i}" for i in range(60))
    train = [asked("1", "Is it?", "Red.", product="p"), asked("2", "Why?", "Red.", product="q")]
    train.append(asked("3", "How?", long))
    test = [asked("4", "is it", "red", product="p"), asked("5", "What?", "Red.", product="r")]
    test.append(asked("6", "How?", f"{long} end"))
    found = leaks({"train": train, "test": test, "other": [asked("7", "x", "y")]})
    assert list(found) == [("train", "test")]
    kinds = {leak.kind: (leak.shared, leak.first, leak.second) for leak in found["train", "test"]}
    assert kinds == {
        "questions with their contexts": (1, 1, 1),
        "contexts": (1, 2, 1),
        "contexts but for case and punctuation": (1, 2, 2),
        "products": (1, 1, 1),
        "contexts, near ones included": (2, 3, 3),
    }


def test_repeats_count_the_surplus() -> None:
    one = asked("1", "q", "same text here", context_id="a")
    listed = [one, replace(one, id="2"), replace(one, id="3", context_id="b")]
    found = repeats([*listed, asked("4", "Q!", "Same, text here.", context_id="c")])
    assert (found.pairs, found.pairs_normalised) == (2, 3)
    assert (found.contexts, found.contexts_normalised, found.contexts_near) == (1, 2, 0)


def beir(folder: Path) -> Path:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(
        '{"_id": "d1", "title": "T", "text": "two words"}\n{"_id": "d2", "text": "Two words!"}\n'
        '{"_id": "d3", "text": "x", "metadata": {"product_id": "p"}}\n',
        "utf-8",
    )
    (folder / "queries.jsonl").write_text(
        '{"_id": "q1", "text": "What is it?"}\n{"_id": "q2", "text": "what is it"}\n', "utf-8"
    )
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq9\td8\t1\n", "utf-8"
    )
    return folder


def measured(name: str, root: Path, *splits: str) -> Description:
    return describe([(name, name)], splits, root, words, SHAPE)


def test_a_beir_folder_with_dangling_ids(tmp_path: Path) -> None:
    (part,) = measured(str(beir(tmp_path / "set")), tmp_path).parts
    assert isinstance(part, RetrievalStatistics)
    assert (part.queries, part.texts, part.products, part.judgments) == (2, 3, 1, 3)
    assert part.grades == {0: 1, 1: 1, 2: 1}
    assert (part.dangling_queries, part.dangling_texts) == (("q9",), ("d8",))
    assert (part.unjudged_queries, part.unjudged_texts, part.without_relevant) == (1, 1, 0)
    assert (part.repeated_queries, part.repeated_texts) == (1, 0)
    assert part.text_tokens is not None
    assert part.text_tokens.largest == 3
    page = render_html(statistics_report(measured(str(tmp_path / "set"), tmp_path), "words"))
    assert "judged but missing text ids: d8" in page


def test_names_are_checked(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound, match="subjqa:electronics"):
        measured("nowhere", tmp_path)
    with pytest.raises(DatasetNotFound, match="no data file at"):
        measured("subjqa:electronics", tmp_path)
    with pytest.raises(DatasetNotFound, match="is no BEIR folder"):
        measured(str(tmp_path), tmp_path)
    (tmp_path / "empty.jsonl").write_text("", "utf-8")
    with pytest.raises(MalformedData, match="no questions in it"):
        measured(str(tmp_path / "empty.jsonl"), tmp_path)
    assert len(expanded("subjqa")) == 6
    assert expanded("sample") == ["sample"]


def test_the_sample_against_its_own_file() -> None:
    tree = json.loads(questions_path().read_text("utf-8"))
    paragraphs = [p for article in tree["data"] for p in article["paragraphs"]]
    entries = [(p, qa) for p in paragraphs for qa in p["qas"]]
    found = describe([("sample", str(questions_path()))], (), Path(), words, SHAPE)
    (part,) = found.parts
    assert isinstance(part, ReadingStatistics)
    assert part.questions == len(entries)
    assert part.contexts == len({p["context"] for p, _ in entries})
    assert part.answerable_any == sum(not qa["is_impossible"] for _, qa in entries)
    assert sum(part.first_words.values()) == len(entries)
    page = render_html(statistics_report(found, "words"))
    assert page.count("<svg") >= 3
    assert not re.search(r"(src|href)=.?(https?:)?//", page)


@pytest.mark.data
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_subjqa_against_its_rows(data_root: Path, split: str) -> None:
    rows = raw(data_root, "electronics", split)
    assert all(row["review"].endswith(f" {TOKEN}") for row in rows)
    grouped: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        grouped[row["q_review_id"]].append(row)
    (part,) = measured("subjqa:electronics", data_root, split).parts
    assert isinstance(part, ReadingStatistics)
    assert part.questions == len(grouped)
    assert part.products == len({row["item_id"] for row in rows})
    assert part.agreement.annotations == dict(sorted(Counter(map(len, grouped.values())).items()))
    assert part.contexts == len({row["review"].removesuffix(TOKEN).rstrip(" ") for row in rows})
    marked = {
        name: [row["human_ans_spans"] != TOKEN and in_review(row) for row in group]
        for name, group in grouped.items()
    }
    assert part.answerable_any == sum(map(any, marked.values()))
    assert part.answerable_first == sum(votes[0] for votes in marked.values())
    several = [votes for votes in marked.values() if len(votes) > 1]
    unanimous = sum(len(set(votes)) == 1 for votes in several) / len(several)
    assert part.agreement.unanimous == pytest.approx(unanimous)
    starts = Counter(re.findall(r"\w+", group[0]["question"])[0].capitalize()
                     for group in grouped.values())  # fmt: skip
    for word in ("How", "What", "Is", "Does"):
        assert part.first_words[word] == starts[word]


def in_review(row: dict[str, str]) -> bool:
    start, end = map(int, re.findall(r"\d+", row["human_ans_indices"]))
    return bool(row["review"].removesuffix(TOKEN)[start:end].strip())


def raw(root: Path, domain: str, split: str) -> list[dict[str, str]]:
    with open_text(root / "subjqa" / domain / f"{split}.csv.gz") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.data
def test_annotators_of_the_test_split_agree_as_published(data_root: Path) -> None:
    (part,) = measured("subjqa:electronics", data_root, "test").parts
    assert isinstance(part, ReadingStatistics)
    assert min(part.agreement.annotations) == 2
    assert 59 <= 100 * (part.agreement.unanimous or 0) <= 65
    both = {f"{f.protocol}: {f.metric}": f.value for f in part.agreement.figures}
    assert both["annotators: em"] == pytest.approx(41.1, abs=0.7)
    assert both["annotators: f1"] == pytest.approx(46.1, abs=0.7)


@pytest.mark.data
@pytest.mark.parametrize("domain", ["electronics", "grocery"])
def test_leakage_of_subjqa_against_its_ids(data_root: Path, domain: str) -> None:
    """Most of dev is in train, by the set's own ids; test is apart but for some reviews."""
    sides = {s: raw(data_root, domain, s) for s in ("train", "dev", "test")}
    found = measured(f"subjqa:{domain}", data_root)
    kinds: dict[tuple[str, str], dict[str, Any]] = {
        (p.first.split()[-1], p.second.split()[-1]): {leak.kind: leak for leak in p.leaks}
        for p in found.shared
    }
    for pair, shared in kinds.items():
        first, second = (sides[name] for name in pair)
        for key, kind in (
            ("q_review_id", "questions with their contexts"),
            ("item_id", "products"),
        ):
            both = {r[key] for r in first} & {r[key] for r in second}
            assert (shared[kind].shared if kind in shared else 0) == len(both), (pair, kind)
    dev = len({row["q_review_id"] for row in sides["dev"]})
    assert kinds["train", "dev"]["questions with their contexts"].second > 0.9 * dev


@pytest.mark.data
def test_epqa_against_its_rows(data_root: Path) -> None:
    with open_text(data_root / "epqa" / "test.csv.gz") as stream:
        rows = list(csv.DictReader(stream))
    (part,) = measured("epqa", data_root, "test").parts
    assert isinstance(part, RetrievalStatistics)
    assert part.queries == len({row["qid"] for row in rows}) == 201
    assert part.judgments == part.texts == len(rows)
    assert part.grades == {g: sum(r["label"] == str(g) for r in rows) for g in (0, 1, 2)}
    assert part.sources == dict(Counter(row["source"] for row in rows))


def test_agreement_without_several_annotators() -> None:
    found = agreement([asked("1", "q", "text", "text")])
    assert (found.questions, found.unanimous, found.alpha, found.figures) == (0, None, None, ())
