"""Conversions: there and back gives the same questions; what a format cannot hold is counted."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.conversion.convert import Source, convert
from eval.conversion.formats import Format, format_of_destination, format_of_source
from eval.conversion.report import ConversionReport
from eval.datasets.files import open_text
from eval.datasets.jsonl import question_tree, read_jsonl
from eval.datasets.registry import load_reading
from eval.datasets.retrieval import load_retrieval
from eval.datasets.squad import read_squad
from eval.datasets.subjqa import NO_ANSWER, read_subjqa
from eval.errors import DatasetNotFound, DestinationExists, EvalError, MalformedData, NotConvertible
from eval.evaluator import retrieval_result
from eval.reading import Prediction, score_reading
from eval.records import Annotation, ReadingQuestion, Span
from indexing.sample import questions_path

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


@given(questions())
def test_jsonl_holds_everything(
    tmp_path_factory: pytest.TempPathFactory, listed: list[ReadingQuestion]
) -> None:
    folder = tmp_path_factory.mktemp("jsonl")
    report = turned(written(folder, listed), folder / "out.jsonl.gz", "jsonl")
    assert read_jsonl(folder / "out.jsonl.gz") == listed
    assert (report.dropped, report.lost) == ({}, {})


@given(questions(), st.sampled_from(["open", "product"]), st.sampled_from(["beir", "dpr"]))
def test_beir_and_dpr_and_back_is_exact(
    tmp_path_factory: pytest.TempPathFactory,
    listed: list[ReadingQuestion],
    protocol: str,
    form: Format,
) -> None:
    folder = tmp_path_factory.mktemp("judged")
    target = folder / ("beir" if form == "beir" else "dpr.json")
    report = turned(written(folder, listed), target, form, protocol=protocol)
    assert (report.dropped, report.lost) == ({}, {})
    assert back(folder, target) == {q.id: q for q in listed}
    # and through the other of the two
    other = folder / ("dpr.json" if form == "beir" else "beir")
    turned(target, other, "dpr" if form == "beir" else "beir")
    assert back(folder, other) == {q.id: q for q in listed}


@given(questions(trimmed=True))
def test_subjqa_and_back_keeps_every_annotation(
    tmp_path_factory: pytest.TempPathFactory, listed: list[ReadingQuestion]
) -> None:
    folder = tmp_path_factory.mktemp("subjqa")
    report = turned(written(folder, listed), folder / "out.csv", "subjqa")
    found = {q.id: q for q in read_subjqa(folder / "out.csv")}
    for question in listed:
        again = found[question.id]
        assert again.meta["q_reviews_id"] == question.meta.get("q_reviews_id", "")
        assert replace(again, meta=question.meta) == question
    rows = sum(len(q.annotations) for q in listed)
    assert (report.written["rows"], report.lost) == (rows, {})


@given(questions())
def test_squad_and_back_keeps_every_span_and_says_what_it_does_not_keep(
    tmp_path_factory: pytest.TempPathFactory, listed: list[ReadingQuestion]
) -> None:
    folder = tmp_path_factory.mktemp("squad")
    report = turned(written(folder, listed), folder / "out.json", "squad-2.0")
    found = back(folder, folder / "out.json")
    lost = 0
    for question in listed:
        again = found[question.id]
        assert again.gold() == question.gold()
        lost += len(question.annotations) - len(again.annotations)
        spans = [one for one in question.annotations if one]
        assert again.annotations == (tuple(spans) or ((),))
        meta = {k: v for k, v in again.meta.items() if k != "title"}
        assert replace(again, annotations=question.annotations, meta=meta) == question
    assert sum(report.lost.values()) == lost


def asked(name: str, *marked: tuple[str, ...], context: str = "It is loud and red.") -> Any:
    spans = tuple(
        tuple(Span(context.index(t), context.index(t) + len(t), t) for t in one) for one in marked
    )
    return ReadingQuestion(name, f"{name}?", context, spans, "r1", "p1")


LISTED = [asked("a", ("loud", "red"), ()), asked("b", (), ()), asked("c", ("red",))]


def test_what_squad_1_cannot_hold_is_counted(tmp_path: Path) -> None:
    report = turned(written(tmp_path, LISTED), tmp_path / "one.json", "squad-1.1")
    assert report.read == {"questions": 3}
    assert report.written == {"questions": 2}
    assert report.dropped == {"unanswerable, which SQuAD 1.1 cannot say": 1}
    assert report.lost == {
        "annotators' 'no answer' beside other annotators' spans": 1,
    }
    tree = json.loads((tmp_path / "one.json").read_text("utf-8"))
    assert_is_squad(tree, "1.1")
    (paragraph,) = tree["data"][0]["paragraphs"]
    assert [qa["id"] for qa in paragraph["qas"]] == ["a", "c"]
    assert "is_impossible" not in paragraph["qas"][0]


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


def test_plausible_answers_are_counted(tmp_path: Path) -> None:
    entry = {"id": "1", "question": "q", "answers": [], "is_impossible": True}
    entry["plausible_answers"] = [{"text": "loud", "answer_start": 6}]
    paragraph = {"context": "It is loud.", "qas": [entry]}
    path = tmp_path / "q.json"
    path.write_text(json.dumps({"data": [{"title": "t", "paragraphs": [paragraph]}]}), "utf-8")
    report = turned(path, tmp_path / "q.jsonl", "jsonl")
    assert report.lost == {"plausible answers of unanswerable questions": 1}


def test_dpr_has_the_fields_that_dpr_reads(tmp_path: Path) -> None:
    """As ``JsonQADataset`` of facebookresearch/DPR takes them: title and text of every context."""
    listed = [asked("a", ("loud",)), replace(LISTED[1], context="Blue.", context_id="r2")]
    turned(written(tmp_path, listed), tmp_path / "dpr.json", "dpr", protocol="product")
    first, second = json.loads((tmp_path / "dpr.json").read_text("utf-8"))
    assert (first["question"], first["answers"]) == ("a?", ["loud"])
    (positive,) = first["positive_ctxs"]
    assert (positive["title"], positive["text"]) == ("", "It is loud and red.")
    assert first["negative_ctxs"] == first["hard_negative_ctxs"] == second["positive_ctxs"] == []
    assert [ctx["text"] for ctx in second["hard_negative_ctxs"]] == ["Blue."]


FOREIGN = [
    {
        "dataset": "nq_dev_psgs_w100",
        "question": "who sings?",
        "answers": ["Ann Lee", "Lee"],
        "positive_ctxs": [
            {"title": "T", "text": "It is 👍 Ann Lee.", "score": 1000, "passage_id": "7"},
            {"title": "U", "text": "Nobody knows.", "score": 9, "passage_id": "8"},
        ],
        "negative_ctxs": [{"title": "", "text": "Far off."}],
        "hard_negative_ctxs": [{"title": "H", "text": "Near.", "psg_id": "9"}],
    },
    {"question": "none?", "answers": [], "positive_ctxs": [], "negative_ctxs": []},
]


def test_others_dpr_files_give_spans_where_an_answer_stands_in_a_positive_text(
    tmp_path: Path,
) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps(FOREIGN), "utf-8")
    report = turned(path, tmp_path / "out.jsonl", "jsonl")
    (question,) = read_jsonl(tmp_path / "out.jsonl")
    assert (question.id, question.context_id) == ("1#7", "7")
    assert question.annotations == ((Span(8, 15, "Ann Lee"),), (Span(12, 15, "Lee"),))
    assert report.read == {"questions": 2, "readings": 1}
    assert report.dropped == {
        "positive texts in which no answer occurs as it is written": 1,
        "without a positive text": 1,
    }
    assert sum(report.lost.values()) == 2


def test_dpr_to_beir_keeps_titles_and_judges_hard_negatives(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps(FOREIGN), "utf-8")
    report = turned(path, tmp_path / "beir", "beir", split="train")
    data = load_retrieval(str(tmp_path / "beir"), "train", tmp_path)
    assert data.qrels == {"1": {"7": 1, "8": 1, "9": 0}}
    assert {t.id: t.text for t in data.texts}["7"] == "T\nIt is 👍 Ann Lee."
    assert len(data.texts) == 4
    assert report.lost == {"negative texts, which become unjudged": 1}


def test_a_beir_folder_of_others_holds_no_spans(tmp_path: Path) -> None:
    folder = tmp_path / "scifact"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(
        '{"_id": "d1", "title": "T", "text": "x"}\n{"_id": "d2", "text": "y"}\n', "utf-8"
    )
    (folder / "queries.jsonl").write_text(
        '{"_id": "q1", "text": "?"}\n{"_id": "q2", "text": "!"}\n', "utf-8"
    )
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\n", "utf-8")
    with pytest.raises(NotConvertible, match="convert it to dpr"):
        turned(folder, tmp_path / "out.json", "squad-2.0")
    assert not list(tmp_path.glob("out*"))
    report = turned(folder, tmp_path / "dpr.json", "dpr")
    (entry,) = json.loads((tmp_path / "dpr.json").read_text("utf-8"))
    (positive,) = entry["positive_ctxs"]
    assert (positive["title"], positive["relevance"]) == ("T", 2)
    assert report.dropped == {"queries that test.tsv does not judge": 1}
    assert report.lost == {"texts that no question refers to": 1}


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    source = written(tmp_path, LISTED)
    target = tmp_path / "out.json"
    target.write_text("mine", "utf-8")
    with pytest.raises(DestinationExists, match="--force"):
        turned(source, target, "squad-2.0")
    assert target.read_text("utf-8") == "mine"
    turned(source, target, "squad-2.0", force=True)
    assert read_squad(target)
    with pytest.raises(DestinationExists, match="source itself"):
        turned(source, source, "jsonl", force=True)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes").write_text("x", "utf-8")
    with pytest.raises(DestinationExists, match="no BEIR folder"):
        turned(source, mine, "beir", force=True)
    turned(source, tmp_path / "beir", "beir", split="dev")
    with pytest.raises(DestinationExists, match="--force"):
        turned(source, tmp_path / "beir", "beir")
    turned(source, tmp_path / "beir", "beir", force=True)
    assert [p.name for p in (tmp_path / "beir" / "qrels").iterdir()] == ["test.tsv"]
    assert not [p for p in tmp_path.iterdir() if p.suffix in (".partial", ".replaced")]


def test_a_broken_source_leaves_nothing_behind(tmp_path: Path) -> None:
    source = written(tmp_path, LISTED)
    with source.open("a", encoding="utf-8") as stream:
        stream.write('{"id": "z"}\n')
    for target, form in (("o.csv", "subjqa"), ("o.json", "squad-2.0"), ("o", "beir")):
        with pytest.raises(MalformedData, match=r"questions\.jsonl: line 4: 'context' is missing"):
            turned(source, tmp_path / target, form)  # type: ignore[arg-type]
    assert [p.name for p in tmp_path.iterdir()] == ["questions.jsonl"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": 3}, "'id' is no text but 3"),
        ({"question": None}, "'question' is missing"),
        ({"annotations": []}, "'annotations' is no list of one list"),
        ({"annotations": [[{"start": 1, "text": "loud"}]]}, "no 'loud' at offset 1"),
        ({"annotations": [[{"start": -1, "text": "."}]]}, "no '.' at offset -1"),
        ({"annotations": [["loud"]]}, "has no 'start' and 'text'"),
        ({"meta": {"a": 1}}, "'meta' is no object of texts"),
    ],
)
def test_jsonl_names_line_and_field(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    tree = question_tree(LISTED[0])
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(tree)}\n\n{json.dumps({**tree, 'id': 'x', **change})}\n", "utf-8")
    with pytest.raises(MalformedData) as caught:
        read_jsonl(path)
    assert str(caught.value).startswith(f"{path}: line 3: ")
    assert complaint in str(caught.value)


def test_jsonl_refuses_what_occurs_twice_and_torn_files(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(question_tree(LISTED[0]))}\n" * 2, "utf-8")
    with pytest.raises(MalformedData, match="line 2: id 'a' occurs twice"):
        read_jsonl(path)
    path.write_text(f"{json.dumps(question_tree(LISTED[0]))}\n", "utf-8")
    whole = gzip.compress(path.read_bytes())
    (tmp_path / "t.jsonl.gz").write_bytes(whole[:-9])
    with pytest.raises(MalformedData, match="not readable"):
        read_jsonl(tmp_path / "t.jsonl.gz")
    path.write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(MalformedData, match="not readable as UTF-8"):
        read_jsonl(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{}", "no JSON array"),
        ('[{"question": "q"', "element 1: no JSON"),
        ('[{"question": "q"} {}]', "element 1: ',' or ']' is missing"),
        ('[{"question": "q"}] x', "something follows"),
        ("[3]", "element 1: no object with a text 'question'"),
        ('[{"question": "q", "answers": "a"}]', "'answers' is no list"),
        ('[{"question": "q", "positive_ctxs": [3]}]', "'positive_ctxs': no object"),
        (
            '[{"question": "q", "positive_ctxs": [{"text": "a", "passage_id": 1},'
            ' {"text": "b", "passage_id": 1}]}]',
            "two different texts have the id '1'",
        ),
    ],
)
def test_broken_dpr_files_are_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "train.json"
    path.write_text(text, "utf-8")
    with pytest.raises(MalformedData) as caught:
        convert(Source(str(path), "dpr"), tmp_path / "out", "beir")
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


@settings(max_examples=40)
@given(st.lists(st.recursive(st.none() | st.floats(allow_nan=False) | st.text(),
                             lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))),
       st.integers(1, 7))  # fmt: skip
def test_arrays_are_read_as_json_reads_them(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], block: int
) -> None:
    from eval.conversion import json_array

    path = tmp_path_factory.mktemp("array") / "a.json"
    path.write_text(json.dumps(values, indent=block % 3), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "_BLOCK", block)
        assert list(json_array.iter_json_array(path)) == values


def test_formats_follow_from_names(tmp_path: Path) -> None:
    names = {
        "a.csv.gz": "subjqa", "a.JSONL": "jsonl", "a.json": "squad-2.0", "a-dpr.json.gz": "dpr",
        "folder": "beir",
    }  # fmt: skip
    for name, form in names.items():
        assert format_of_destination(tmp_path / name) == form
    for name in ("a.txt", "a.parquet"):
        with pytest.raises(NotConvertible, match="say --to subjqa"):
            format_of_destination(tmp_path / name)
    (tmp_path / "x.json").write_text("  [\n", "utf-8")
    assert format_of_source(tmp_path / "x.json") == "dpr"
    (tmp_path / "x.json").write_text("3", "utf-8")
    with pytest.raises(MalformedData):
        format_of_source(tmp_path / "x.json")
    with pytest.raises(DatasetNotFound):
        format_of_source(tmp_path / "nowhere.json")


def test_subjqa_rows_of_the_wrong_width_are_named(tmp_path: Path) -> None:
    turned(written(tmp_path, LISTED), tmp_path / "o.csv", "subjqa")
    lines = (tmp_path / "o.csv").read_text("utf-8").splitlines()
    (tmp_path / "o.csv").write_text("\n".join([*lines[:3], "only,three,fields"]), "utf-8")
    with pytest.raises(MalformedData, match=r"o\.csv: line 4: not 19 columns"):
        read_subjqa(tmp_path / "o.csv")


def test_the_evaluator_reads_every_form_of_file(tmp_path: Path) -> None:
    """The same predictions score the same on the sample and on conversions of it."""
    gold = read_squad(questions_path())
    said = {q.id: Prediction(q.context[:20], 1.0 if i % 3 else -1.0) for i, q in enumerate(gold)}
    wanted = [(f.protocol, f.metric, f.value) for f in score_reading(gold, said)]
    for name, form in (("s.jsonl", "jsonl"), ("s.json", "squad-2.0"), ("s.csv", "subjqa")):
        turned(questions_path(), tmp_path / name, form)  # type: ignore[arg-type]
        found = score_reading(load_reading(str(tmp_path / name), "test", tmp_path), said)
        assert [(f.protocol, f.metric) for f in found] == [row[:2] for row in wanted]
        for figure, row in zip(found, wanted, strict=True):
            if form == "subjqa" and figure.protocol == "single":
                continue  # a row has one span, so an annotator's second one is somebody else's
            assert figure.value == pytest.approx(row[2], abs=1e-9), (name, figure)


def fake_run(texts: Any, queries: Any) -> dict[str, dict[str, float]]:
    """Any ranking, the same on every call: by how many words a text shares with the query."""
    run = {}
    for query in queries:
        words = set(query.text.lower().split())
        pool = [t for t in texts if query.product_id in (None, t.product_id)]
        run[query.id] = {t.id: float(len(words & set(t.text.lower().split()))) for t in pool}
    return run


def same_figures(folder: Path, direct: Any, split: str) -> None:
    made = load_retrieval(str(folder), split, Path())
    run = fake_run(direct.texts, direct.queries)
    assert fake_run(made.texts, made.queries) == run
    figures = [retrieval_result(data, run, {}).figures for data in (made, direct)]
    assert [(f.metric, f.value) for f in figures[0]] == [(f.metric, f.value) for f in figures[1]]
    assert (made.left_out, len(made.texts)) == (direct.left_out, len(direct.texts))


@pytest.mark.parametrize("protocol", ["open", "product"])
def test_beir_gives_the_figures_of_the_direct_protocol(tmp_path: Path, protocol: str) -> None:
    turned(questions_path(), tmp_path / "beir", "beir", protocol=protocol)
    direct = load_retrieval(str(questions_path()), "test", Path(), protocol)
    same_figures(tmp_path / "beir", direct, "test")


@pytest.mark.data
@pytest.mark.parametrize("name", ["subjqa:grocery", "rcrc:laptop"])
def test_public_sets_give_the_same_figures_as_beir(
    tmp_path: Path, data_root: Path, name: str
) -> None:
    convert(Source(name, None, "dev", data_root), tmp_path / "beir", "beir")
    same_figures(tmp_path / "beir", load_retrieval(name, "dev", data_root), "dev")


@pytest.mark.data
@pytest.mark.parametrize("split", ["train", "test"])
def test_subjqa_comes_back_row_by_row(tmp_path: Path, data_root: Path, split: str) -> None:
    """CSV to JSONL to DPR to CSV: every column of every row, but offsets that readers trim."""
    source = Source("subjqa:electronics", None, split, data_root)
    convert(source, tmp_path / "a.jsonl", "jsonl")
    turned(tmp_path / "a.jsonl", tmp_path / "b_dpr.json", "dpr", protocol="product")
    report = turned(tmp_path / "b_dpr.json", tmp_path / "c.csv", "subjqa")
    assert (report.dropped, report.lost) == ({}, {})
    raw = rows(data_root / "subjqa" / "electronics" / f"{split}.csv.gz")
    made = rows(tmp_path / "c.csv")
    assert len(made) == len(raw)
    left = Counter(map(row_key, raw)) - Counter(map(row_key, made))
    assert sum(left.values()) <= len(raw) / 100
    loose = Counter(row_key(r, offsets=False) for r in raw)
    changed = loose - Counter(row_key(r, offsets=False) for r in made)
    # Rows whose span lay wholly in the label token have become "no answer".
    assert sum(changed.values()) <= 3


def rows(path: Path) -> list[dict[str, str]]:
    with open_text(path) as stream:
        return list(csv.DictReader(stream))


def row_key(row: dict[str, str], offsets: bool = True) -> tuple[str, ...]:
    kept = {k: v for k, v in row.items() if offsets or k != "human_ans_indices"}
    kept["question"] = kept["question"].strip()
    return tuple(kept[key] for key in sorted(kept))


@pytest.mark.data
def test_public_sets_convert_to_squad_with_the_same_gold(tmp_path: Path, data_root: Path) -> None:
    for name, split in (("subjqa:electronics", "test"), ("squadshifts:amazon", "test")):
        target = tmp_path / f"{name.partition(':')[2]}.json.gz"
        convert(Source(name, None, split, data_root), target, "squad-2.0")
        with open_text(target) as stream:
            assert_is_squad(json.load(stream), "v2.0")
        direct = {q.id: q for q in load_reading(name, split, data_root)}
        made = {q.id: q for q in load_reading(str(target), "any", tmp_path)}
        assert {i: q.gold() for i, q in made.items()} == {i: q.gold() for i, q in direct.items()}
        assert {i: q.context for i, q in made.items()} == {i: q.context for i, q in direct.items()}


def test_half_a_surrogate_pair_is_kept_where_json_can(tmp_path: Path) -> None:
    question = replace(LISTED[2], question="\ud83d loud?")
    source = written(tmp_path, [question])
    turned(source, tmp_path / "o.jsonl", "jsonl")
    turned(source, tmp_path / "o.json", "squad-2.0")
    assert read_jsonl(tmp_path / "o.jsonl") == [question]
    assert read_squad(tmp_path / "o.json")[0].question == question.question
    with pytest.raises(MalformedData, match="half a surrogate pair"):
        turned(source, tmp_path / "o.csv", "subjqa")
    assert not list(tmp_path.glob("o.csv*"))


def test_labels_of_the_annotation_tool_survive(tmp_path: Path) -> None:
    contexts = ["", "ends in spaces  ", f"says {NO_ANSWER}", f"{NO_ANSWER} "]
    listed = [
        replace(asked(f"q{i}", ()), context=text, context_id=f"r{i}")
        for i, text in enumerate(contexts)
    ]
    turned(written(tmp_path, listed), tmp_path / "o.csv", "subjqa")
    assert [q.context for q in read_subjqa(tmp_path / "o.csv")] == contexts


def test_errors_have_one_root() -> None:
    assert issubclass(NotConvertible, EvalError)
    assert issubclass(DestinationExists, EvalError)
