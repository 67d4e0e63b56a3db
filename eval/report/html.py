"""A report as one HTML file: no asset from anywhere, nothing in it runs but our own lines."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from eval.report import numbers, plots
from eval.report.failures import KINDS
from eval.report.model import Number, Plot, Report

_ASSETS = Path(__file__).parent / "assets"
# Characters that HTML forbids or UTF-8 cannot hold; reviews may have them.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def render_html(report: Report) -> str:
    """The page; every text of the report is escaped, and what HTML cannot hold is replaced."""
    environment = Environment(
        loader=FileSystemLoader(_ASSETS),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = _unbroken
    environment.tests["number"] = lambda cell: isinstance(cell, Number)
    style, script = ((_ASSETS / name).read_text("utf-8") for name in ("report.css", "report.js"))
    page = environment.get_template("report.html.j2").render(
        report=report,
        kinds=KINDS,
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        style_hash=_hash(style),
        script_hash=_hash(script),
        svg=_svg,
        legend=_legend,
        printed=numbers.printed,
        between=numbers.between,
    )
    return _FORBIDDEN.sub("\ufffd", page)


def _svg(plot: Plot, name: str) -> Markup:
    return Markup(plots.draw(plot, name))  # noqa: S704


def _legend(plot: Plot) -> list[tuple[Markup, str]]:
    return [(Markup(swatch), name) for swatch, name in plots.legend(plot)]  # noqa: S704


def _unbroken(line: str) -> str:
    """Without line breaks inside an interval and before a percent sign."""
    return line.replace("–", "\u2060–\u2060").replace(" %", "\u00a0%")


def _hash(source: str) -> str:
    """What the page's content security policy knows its own style and script by."""
    return "sha256-" + b64encode(sha256(source.encode()).digest()).decode()
