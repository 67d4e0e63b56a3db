"""Reports as files: HTML, Markdown or JSON, by the name's ending."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from eval.errors import NotWritable
from eval.report.html import render_html
from eval.report.markdown import render_markdown
from eval.report.model import Report

FORMAT = "reviewqa-report/1"


def render_json(report: Report) -> str:
    """The same numbers, unrounded, as ``{"format": …, "title": …, "sections": […]}``."""
    tree = {"format": FORMAT, **asdict(report)}
    return json.dumps(tree, indent=1, ensure_ascii=False) + "\n"


RENDERERS: Mapping[str, Callable[[Report], str]] = {
    ".html": render_html,
    ".md": render_markdown,
    ".json": render_json,
}


def check_place(path: Path) -> None:
    """Make the folder that a report goes to.

    Raises:
        NotWritable: the path is a folder, or its folder cannot be made; also an unknown ending.
    """
    if path.suffix.lower() not in RENDERERS:
        known = ", ".join(RENDERERS)
        raise NotWritable(f"no report can be written to {path}: end its name in one of {known}")
    if path.is_dir():
        raise NotWritable(
            f"{path} is a folder: name a file for the report, such as {path / 'r.html'}"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritable(f"no report can be written to {path}: {error.strerror}") from error


def write_report(path: Path, report: Report) -> None:
    """Write a report in the form that the name's ending says, whole or not at all.

    Raises:
        NotWritable: as :func:`check_place`, or the file cannot be written.
    """
    check_place(path)
    partial = path.with_name(f"{path.name}.partial")
    try:
        # Lone surrogates cannot be written; JSON dumps may hold them.
        partial.write_text(RENDERERS[path.suffix.lower()](report), "utf-8", "replace")
        partial.replace(path)
    except OSError as error:
        raise NotWritable(f"no report can be written to {path}: {error.strerror}") from error
