"""Questions to and from SQuAD JSON, with a count of what it cannot hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eval.conversion.atomic import whole_file
from eval.conversion.report import Ledger
from eval.datasets.files import find, read_json
from eval.datasets.squad import squad_answers, squad_questions
from eval.records import ReadingQuestion

VERSIONS = {"squad-1.1": "1.1", "squad-2.0": "v2.0"}
_ASIDE = "annotators' 'no answer' beside other annotators' spans"
_REPEATED = "second and later annotators' 'no answer'"

_Paragraphs = dict[tuple[str, str], list[ReadingQuestion]]


def read_squad_losses(path: Path, ledger: Ledger) -> list[ReadingQuestion]:
    """The questions of a SQuAD file; plausible answers are counted as lost."""
    tree = read_json(find(path))
    questions = squad_questions(path, tree)
    for article in tree["data"]:
        for paragraph in article["paragraphs"]:
            for entry in paragraph["qas"]:
                plausible = entry.get("plausible_answers") or ()
                ledger.lost["plausible answers of unanswerable questions"] += len(plausible)
    return questions


def write_squad_json(
    path: Path,
    questions: Iterable[ReadingQuestion],
    ledger: Ledger,
    *,
    version: str = "squad-2.0",
    force: bool = False,
) -> None:
    """Write SQuAD 1.1 or 2.0, questions of one text together, in order of first mention.

    Ids of texts and products and all of ``meta`` are written as fields that others do not read.
    """
    articles: dict[tuple[str, str], _Paragraphs] = {}
    for question in questions:
        if version == "squad-1.1" and not question.gold():
            ledger.dropped["unanswerable, which SQuAD 1.1 cannot say"] += 1
            continue
        title = question.meta.get("title", question.product_id)
        paragraphs = articles.setdefault((title, question.product_id), {})
        paragraphs.setdefault((question.context_id, question.context), []).append(question)
        ledger.written["questions"] += 1
    tree = {
        "version": VERSIONS[version],
        "data": [_article(*key, found, version, ledger) for key, found in articles.items()],
    }
    with whole_file(path, force=force) as stream:
        stream.write(json.dumps(tree, indent=1, ensure_ascii=not _encodes(tree)) + "\n")


def _encodes(tree: Any) -> bool:
    try:
        json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _article(
    title: str, product: str, paragraphs: _Paragraphs, version: str, ledger: Ledger
) -> dict[str, Any]:
    made = []
    for ordinal, ((context_id, context), questions) in enumerate(paragraphs.items()):
        paragraph: dict[str, Any] = {"context": context}
        if context_id != f"{title}#{ordinal}":
            paragraph["review_id"] = context_id
        paragraph["qas"] = [_entry(question, version, ledger) for question in questions]
        made.append(paragraph)
    return {"title": title, **({} if product == title else {"product_id": product})} | {
        "paragraphs": made
    }


def _entry(question: ReadingQuestion, version: str, ledger: Ledger) -> dict[str, Any]:
    _count_losses(question, ledger)
    answers = squad_answers(question.annotations)
    entry: dict[str, Any] = {
        "id": question.id,
        "question": question.question,
        "answers": answers,
    }
    if version == "squad-2.0":
        entry["is_impossible"] = not answers
    return entry | _more(question.meta, entry, ledger)


def _more(meta: Mapping[str, str], entry: Mapping[str, Any], ledger: Ledger) -> dict[str, str]:
    reserved = {*entry, "title", "is_impossible", "context"}
    ledger.lost["details with the name of a field of SQuAD's"] += len(
        (meta.keys() & reserved) - {"title"}
    )
    return {key: value for key, value in meta.items() if key not in reserved}


def _count_losses(question: ReadingQuestion, ledger: Ledger) -> None:
    empty = sum(not marked for marked in question.annotations)
    if empty < len(question.annotations):
        ledger.lost[_ASIDE] += empty
    else:
        ledger.lost[_REPEATED] += empty - 1
