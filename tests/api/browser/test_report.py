"""The report of the sample in a real browser: every plot, the filter, a phone, the dark, paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.cli.main import main

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
expect = sync_api.expect
pytestmark = pytest.mark.browser
SECTIONS = ("summary", "retrieval", "answers", "confidence", "breakdowns", "latency", "figures",
            "failures", "words")  # fmt: skip


@pytest.fixture(scope="module")
def page_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Retriever, reader and pipeline measured on the sample, and their report."""
    folder = tmp_path_factory.mktemp("report")
    for kind in ("retriever", "reader", "pipeline"):
        assert main(["eval", kind, "sample", "--limit", "150", "--out", str(folder / "runs")]) == 0
    page = folder / "report.html"
    assert main(["eval", "report", str(folder / "runs"), "--out", str(page)]) == 0
    return page.as_uri()


@pytest.fixture
def open_report(open_page: Callable[..., Any], page_url: str) -> Iterator[Callable[..., Any]]:
    """Opens the report, and fails the test on anything the console has to complain about."""
    complaints: list[str] = []

    def open_(**options: Any) -> Any:
        page = open_page("about:blank", **options)
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(page_url)
        return page

    yield open_
    assert not complaints


def overflow(page: Any) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width


def test_every_part_is_there_and_every_plot_has_a_size(
    open_report: Callable[..., Any], page_url: str
) -> None:
    page = open_report(viewport={"width": 1200, "height": 900})
    assert [one.get_attribute("id") for one in page.locator("main > section").all()] == [*SECTIONS]
    plots = page.locator("figure > svg").all()
    assert len(plots) >= 11
    for plot in plots:
        box = plot.bounding_box()
        assert box["width"] > 300
        assert box["height"] > 60
        drawn = plot.evaluate("(e) => { const b = e.getBBox(); return [b.width, b.height] }")
        assert min(drawn) > 50
    assert overflow(page) <= 0
    local = [url for url in page.asked if not url.startswith(("about:", "data:"))]
    assert local == [page_url], "the page asks for nothing but itself"


def test_plots_say_the_same_to_a_screen_reader(open_report: Callable[..., Any]) -> None:
    page = open_report()
    plot = page.get_by_role("img", name="Success@k")
    assert "random order" in plot.locator("desc").text_content()
    figure = page.locator("figure", has=plot)
    figure.locator("summary").click()
    table = figure.get_by_role("table", name="Success@k")
    expect(table.get_by_role("columnheader")).to_have_text(["k", "retriever bm25", "random order"])
    assert table.get_by_role("row").count() == 6


def test_failures_are_filtered_by_kind_system_and_words(open_report: Callable[..., Any]) -> None:
    page = open_report()
    shown, every = page.locator(".failure:visible"), page.locator(".failure").count()
    assert every > 50
    expect(shown).to_have_count(50)
    while page.locator(".more").is_visible():
        page.click(".more")
    expect(shown).to_have_count(every)
    for kind in ("span", "abstained", "answered"):
        page.select_option("select[name=kind]", kind)
        kinds = shown.evaluate_all("(all) => [...new Set(all.map((e) => e.dataset.kind))]")
        assert kinds == [kind]
        count = page.locator(f".failure[data-kind={kind}]").count()
        assert page.inner_text(".filter output") == f"{count} of {every}"
        expect(shown).to_have_count(min(count, 50))
    page.select_option("select[name=kind]", "")
    page.select_option("select[name=run]", "pipeline bm25")
    runs = shown.evaluate_all("(all) => [...new Set(all.map((e) => e.dataset.run))]")
    assert runs == ["pipeline bm25"]
    page.select_option("select[name=run]", "")
    page.fill("input[name=words]", "no such words anywhere")
    expect(shown).to_have_count(0)
    assert page.inner_text(".filter output") == f"0 of {every}"


def test_failures_come_by_loss_with_gold_and_answer_marked(
    open_report: Callable[..., Any],
) -> None:
    page = open_report()
    losses = [float(text) for text in page.locator(".failure .loss").all_inner_texts()]
    assert losses == sorted(losses, reverse=True)
    wrong = page.locator(".failure[data-kind=span]").first
    wrong.locator("summary").click()
    said = wrong.locator("dt:text-is('said') + dd").inner_text()
    gold = wrong.locator("dt:text-is('gold') + dd").inner_text()
    marked = wrong.locator("mark.said").all_inner_texts()
    assert "".join(marked) == said
    assert wrong.locator("mark.gold").first.inner_text() in gold


def test_it_is_read_on_a_phone(open_report: Callable[..., Any]) -> None:
    page = open_report(viewport={"width": 360, "height": 740}, is_mobile=True)
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert overflow(page) <= 0
    for plot in page.locator("figure > svg").all():
        box = plot.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def test_it_is_read_without_scripts_in_the_dark_and_on_paper(
    open_report: Callable[..., Any],
) -> None:
    page = open_report(java_script_enabled=False, color_scheme="dark")
    assert page.locator(".filter").is_hidden()
    page.locator(".failure summary").first.click()
    assert page.locator(".failure blockquote").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.locator("figure > svg").first.is_visible()
