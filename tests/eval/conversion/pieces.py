"""What the tests of conversions share: questions, and conversions of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from eval.conversion.convert import Source, convert
from eval.conversion.formats import Format, format_of_source
from eval.conversion.report import ConversionReport
from eval.datasets.jsonl import question_tree, read_jsonl
from eval.records import Annotation, ReadingQuestion, Span

TEXT = st.text(max_size=60) | st.sampled_from(
    [
        "",
        "<b>bold</b> &amp; 'quoted', \"twice\"",
        "a\r\nb\n\nc\td",
        "👩‍👩‍👧 hält 10 kg – naïve?",
        "x " * 9000,
    ]
)

NAME = st.text("abcdefgh 0.-éö🙂", min_size=1, max_size=8).map(str.strip).filter(bool)


@st.composite
def annotation(draw: st.DrawFn, context: str, trimmed: bool) -> Annotation:
    if not context.strip() or draw(st.booleans()):
        return ()
    start = draw(st.integers(0, len(context) - 1))
    end = draw(st.integers(start + 1, min(len(context), start + 40)))
    text = context[start:end]
    if trimmed:
        start += len(text) - len(text.lstrip())
        text = text.strip()
    return (Span(start, start + len(text), text),) if text else ()


@st.composite
def questions(draw: st.DrawFn, trimmed: bool = False) -> list[ReadingQuestion]:
    """Questions with unique ids on texts of which each id names one."""
    texts = draw(st.dictionaries(NAME.map(lambda n: n.replace(" ", "")).filter(bool), TEXT,
                                 min_size=1, max_size=3))  # fmt: skip
    made = []
    for name in draw(st.lists(NAME, unique=True, min_size=1, max_size=5)):
        context_id = draw(st.sampled_from(sorted(texts)))
        context = texts[context_id]
        marked = draw(st.lists(annotation(context, trimmed), min_size=1, max_size=3))
        meta = draw(st.dictionaries(st.sampled_from(["q_reviews_id", "domain"]), NAME))
        made.append(
            ReadingQuestion(
                name, draw(TEXT).strip(), context, tuple(marked), context_id, f"p{context_id}", meta
            )
        )
    return made


def written(folder: Path, listed: list[ReadingQuestion]) -> Path:
    path = folder / "questions.jsonl"
    lines = [json.dumps(question_tree(question)) + "\n" for question in listed]
    path.write_text("".join(lines), "utf-8")
    return path


def turned(source: Path, target: Path, form: Format, **more: Any) -> ConversionReport:
    split = more.pop("split", "test")
    protocol = more.pop("protocol", None)
    made = Source(str(source), format_of_source(source), split, protocol=protocol)
    return convert(made, target, form, **more)


def back(folder: Path, source: Path, protocol: str | None = None) -> dict[str, ReadingQuestion]:
    turned(source, folder / "back.jsonl", "jsonl", force=True, protocol=protocol)
    return {q.id: q for q in read_jsonl(folder / "back.jsonl")}


def asked(name: str, *marked: tuple[str, ...], context: str = "It is loud and red.") -> Any:
    spans = tuple(
        tuple(Span(context.index(t), context.index(t) + len(t), t) for t in one) for one in marked
    )
    return ReadingQuestion(name, f"{name}?", context, spans, "r1", "p1")


LISTED = [asked("a", ("loud", "red"), ()), asked("b", (), ()), asked("c", ("red",))]


def assert_is_squad(tree: dict[str, Any], version: str) -> None:
    """The schema of Rajpurkar et al.: fields and their types, answers at their offsets."""
    assert tree["version"] == version
    ids = []
    for article in tree["data"]:
        assert isinstance(article["title"], str)
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                ids.append(qa["id"])
                assert isinstance(qa["id"], str)
                assert isinstance(qa["question"], str)
                if version == "v2.0":
                    assert qa["is_impossible"] is (qa["answers"] == [])
                for answer in qa["answers"]:
                    assert answer.keys() - {"annotator"} == {"text", "answer_start"}
                    at = answer["answer_start"]
                    assert paragraph["context"][at : at + len(answer["text"])] == answer["text"]
    assert len(ids) == len(set(ids)) > 0
