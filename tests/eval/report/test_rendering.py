"""The files themselves: well formed, self-contained, escaped, and the same numbers in each."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from eval.errors import DatasetNotFound, MalformedData, NotWritable
from eval.formats.results import write_result
from eval.report.build import build
from eval.report.files import render_json, write_report
from eval.report.html import render_html
from eval.report.markdown import escaped, render_markdown, table_lines
from eval.report.model import LinePlot, Number, Report, Table
from eval.report.plots import draw
from eval.report.runs import Run, name_runs, read_runs
from eval.results import Published, Result

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """Checks that tags nest; collects elements, attributes and text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def report(runs: list[Run]) -> Report:
    return build(runs)


def test_the_page_nests_and_asks_for_nothing(report: Report) -> None:
    page = Page(render_html(report))
    loading = {"src", "href", "srcset", "action", "data", "poster", "style"}
    used = {(tag, value) for tag, name, value in page.attributes if name in loading}
    assert {value for tag, value in used if tag != "a"} == {"data:,"}
    assert all(value.startswith("#") for tag, value in used if tag == "a")
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert page.tags["script"] == page.tags["style"] == 1
    assert page.tags["img"] == page.tags["iframe"] == 0
    css = (Path("eval/report/assets/report.css")).read_text("utf-8")
    assert "url(" not in css
    assert "@import" not in css


def test_ids_are_unique_and_references_meet_them(report: Report) -> None:
    page = Page(render_html(report))
    ids = Counter(value for _, name, value in page.attributes if name == "id")
    assert set(ids.values()) == {1}
    named = {part for _, n, v in page.attributes if n == "aria-labelledby" for part in v.split()}
    linked = {v[1:] for _, n, v in page.attributes if n == "href" and v.startswith("#")}
    assert named | linked <= set(ids)
    assert page.tags["svg"] == len(re.findall('role="img"|aria-hidden="true"', render_html(report)))


def test_hostile_text_stays_text(report: Report) -> None:
    html = render_html(report)
    page = Page(html)
    assert "document.title='owned'" in page.text
    assert "onerror=alert(1)" in page.text
    assert "<i>set</i>" in page.text
    assert page.tags["i"] == page.tags["b"] == 0


def test_what_html_forbids_is_replaced(reader: Result) -> None:
    header = {**reader.header, "system": "a\x00b\ud800c\x1b[0m"}
    odd = Result(reader.kind, header, reader.columns, reader.figures)
    html = render_html(build(name_runs([odd])))
    assert "a\ufffdb\ufffdc\ufffd[0m" in html
    assert html.encode()


def test_plots_are_xml_that_stays_inside_its_frame(report: Report) -> None:
    plots = [plot for section in report.sections for plot in section.plots]
    assert len(plots) > 8
    for number, plot in enumerate(plots):
        root = ElementTree.fromstring(draw(plot, f"p{number}"))
        assert root.attrib["role"] == "img"
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for line in root.iter("polyline"):
            for x, y in (pair.split(",") for pair in line.attrib["points"].split()):
                assert 0 <= float(x) <= width
                assert 0 <= float(y) <= height
        words = {"".join(text.itertext()) for text in root.iter("text")}
        labels = [plot.x.label, plot.y.label] if isinstance(plot, LinePlot) else [plot.axis.label]
        assert words >= set(labels)
        assert plot.table.rows


def test_a_point_is_drawn_where_its_axes_put_it(report: Report) -> None:
    (plot,) = (p for s in report.sections for p in s.plots if p.title == "Success@k")
    root = ElementTree.fromstring(draw(plot, "p"))
    labels = [one for one in root.iter("text") if not one.attrib.get("class")]
    x = {one.text: float(one.attrib["x"]) for one in labels if one.attrib["text-anchor"] != "end"}
    y = {one.text: float(one.attrib["y"]) - 4 for one in labels if one.text not in x}
    first = next(root.iter("circle"))
    assert float(first.attrib["cx"]) == pytest.approx(x["1"], abs=0.1)
    expected = y["0.0"] + (y["1.0"] - y["0.0"]) / 3
    assert float(first.attrib["cy"]) == pytest.approx(expected, abs=0.1)


def test_markdown_is_a_table_on_which_nothing_acts() -> None:
    table = Table(
        "Ca|tion",
        ("sys*tem", "F1"),
        (("a|b\n<img src=x>", Number(48.91, 1, (45.0, 52.04))), ("[c](d)", None)),
    )
    assert list(table_lines(table)) == [
        r"**Ca\|tion**",
        "",
        r"| sys\*tem | F1 |",
        "| --- | ---: |",
        r"| a\|b \<img src=x\> | 48.9 (45.0–52.0) |",
        r"| \[c\](d) | – |",
        "",
    ]
    assert escaped("\x1b[31m`x`\u2028y") == r"\[31m\`x\` y"


def test_markdown_has_every_table_with_as_many_cells_everywhere(report: Report) -> None:
    text = render_markdown(report)
    tables = [t for s in report.sections for t in (*s.tables, *(p.table for p in s.plots))]
    blocks = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    assert len(blocks) == len(tables)
    for block, table in zip(blocks, tables, strict=True):
        lines = block.splitlines()
        assert len(lines) == 2 + len(table.rows)
        cells = {len(re.split(r"(?<!\\)\|", line)) - 2 for line in lines}
        assert cells == {len(table.columns)}


def test_json_has_the_same_numbers_unrounded(report: Report, reader: Result) -> None:
    tree = json.loads(render_json(report))
    assert tree["format"] == "reviewqa-report/1"
    assert [section["id"] for section in tree["sections"]] == [s.id for s in report.sections]
    (table,) = (
        t for s in tree["sections"] for t in s["tables"] if t["caption"].startswith("Answers")
    )
    (row,) = (row for row in table["rows"] if row[0].startswith("reader") and row[1] == "all")
    (f1,) = (f for f in reader.figures if (f.protocol, f.metric) == ("all", "f1"))
    assert row[3] == {"value": f1.value, "digits": 1, "interval": list(f1.interval)}
    assert f1.value == pytest.approx(100 * (0.5 + 0 + 0 + 1) / 4)


def test_published_values_stand_beside_ours(report: Report) -> None:
    (plot,) = (p for s in report.sections for p in s.plots if p.title == "EM and F1, book")
    assert plot.table.rows[-1] == ("Somebody †", None, Number(43.1, 1))
    assert "a paper" in render_html(report)


def test_published_curves_are_drawn_in_the_frame_of_their_protocol(retriever: Result) -> None:
    others = tuple(
        Published("BM25 (book)", f"success@{k}", "product", value, "a book")
        for k, value in ((1, 0.76), (3, 0.9))
    )
    report = build(name_runs([replace(retriever, published=others)]))
    plots = {p.title: p for s in report.sections for p in s.plots}
    success, recall = plots["Success@k"], plots["Recall@k"]
    assert isinstance(success, LinePlot)
    assert isinstance(recall, LinePlot)
    names = [line.name for line in success.lines]
    assert names == ["retriever bm25", "BM25 (book) †", "random order"]
    assert success.lines[1].points == ((1.0, 0.76), (3.0, 0.9))
    assert len({line.style for line in success.lines}) == 3
    assert len(recall.lines) == 2
    (table,) = (t for s in report.sections for t in s.tables if t.caption.startswith("Retrieval"))
    rows = {row[0]: row for row in table.rows}
    assert rows["success@3"][table.columns.index("BM25 (book) †")] == Number(0.9, 3)
    assert "† as published: a book." in render_markdown(report)


def test_random_order_is_drawn_in_the_same_frame(report: Report) -> None:
    (plot,) = (p for s in report.sections for p in s.plots if p.title == "Success@k")
    assert isinstance(plot, LinePlot)
    assert [line.name for line in plot.lines] == ["retriever bm25", "random order"]
    # Four texts, one relevant: by chance it is first once in four times.
    assert plot.lines[1].points[0] == (1.0, pytest.approx(0.25))
    assert plot.lines[0].points[0] == (1.0, pytest.approx(1 / 3))


def test_a_result_without_anything_still_makes_a_page() -> None:
    bare = Result("retriever", {}, (), ())
    Page(render_html(build(name_runs([bare]))))
    assert render_markdown(build(name_runs([bare, bare]))).count("no question was scored") == 2


def test_results_are_found_in_folders_and_named_apart(tmp_path: Path, reader: Result) -> None:
    for name in ("a/one", "b/two"):
        (tmp_path / name).mkdir(parents=True)
        write_result(tmp_path / name / "result.json", reader)
    runs = read_runs([tmp_path, tmp_path / "a" / "one"])
    assert [run.name.rsplit(" ", 1)[1] for run in runs] == ["(1)", "(2)"]
    assert runs[0].result == reader


def test_bad_places_are_named(tmp_path: Path, report: Report) -> None:
    with pytest.raises(DatasetNotFound, match=r"no result\.json in"):
        read_runs([tmp_path])
    with pytest.raises(DatasetNotFound, match="nowhere"):
        read_runs([tmp_path / "nowhere"])
    (tmp_path / "result.json").write_text('{"format": "x"}', "utf-8")
    with pytest.raises(MalformedData, match="not a result"):
        read_runs([tmp_path])
    with pytest.raises(NotWritable, match=r"end its name in one of \.html, \.md, \.json"):
        write_report(tmp_path / "r.pdf", report)
    (tmp_path / "r.html").mkdir()
    with pytest.raises(NotWritable, match="is a folder"):
        write_report(tmp_path / "r.html", report)
    with pytest.raises(NotWritable, match="no report can be written"):
        write_report(tmp_path / "result.json" / "r.html", report)
