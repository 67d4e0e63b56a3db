"""An answer on a terminal: the span marked in its sentence, and who else says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from api.cli.output import flat, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from indexing.records import Review
    from qa.records import Answer, AskResult, Support

_MARK, _DIM = "bold reverse", "dim"
_SUPPORTERS = 5


def show_result(console: Console, result: AskResult) -> None:
    """Print the answers, or that there are none and how near the nearest came."""
    if result.corrections:
        console.print(Text(_corrections(result.corrections), style=_DIM))
    if result.answered:
        for rank, answer in enumerate(result.answers, 1):
            _show_answer(console, f"{rank}. ", answer)
    else:
        chance = percent(result.no_answer_probability)
        console.print(Text(f"No review answers this ({chance} sure).", style="bold"))
        if result.below_threshold:
            needed = percent(result.threshold)
            console.print(f"The nearest miss, below the {needed} that an answer needs:\n")
            _show_answer(console, "?  ", result.below_threshold[0])
    console.print(Text(_footer(result), style=_DIM))


def percent(share: float) -> str:
    """A probability for reading; never 100 % for what is not certain."""
    shown = round(share * 100)
    if shown == 100 and share < 1:
        return "over 99 %"
    return "under 1 %" if shown == 0 and share > 0 else f"{shown} %"


def _show_answer(console: Console, label: str, answer: Answer) -> None:
    best, *others = answer.support
    head = Text.assemble(
        label, (flat(answer.text), "bold"), (f"  {percent(answer.confidence)} sure", _DIM)
    )
    console.print(head)
    console.print(Padding(marked(best), (0, 0, 0, 3)))
    console.print(Padding(Text(cited(best.review), style=_DIM), (0, 0, 0, 3)))
    if others:
        console.print(Padding(Text(_supporters(others), style=_DIM), (0, 0, 0, 3)))
    console.print()


def marked(support: Support) -> Text:
    """The sentence with the span marked; also for eyes that see no colour, by brackets."""
    low, high = support.sentence
    begin, end = support.start - low, support.end - low
    text = printable(support.review.text[low:high])
    before, span, after = text[:begin], text[begin:end], text[end:]
    return Text.assemble("“", before, (f"[{span}]", _MARK), after, "”")


def cited(review: Review) -> str:
    """Rating, date and id of a review."""
    parts = [
        f"rated {review.rating:g}" if review.rating is not None else "",
        review.date or "",
        "verified purchase" if review.verified else "",
        f"review {review.id}",
    ]
    return flat(" · ".join(part for part in parts if part))


def _supporters(others: list[Support]) -> str:
    shown = [f"{other.review.id} ({percent(other.confidence)})" for other in others[:_SUPPORTERS]]
    rest = len(others) - len(shown)
    more = f" and {rest} more" if rest else ""
    return flat(f"also in: {', '.join(shown)}{more}")


def _corrections(replaced: Mapping[str, str]) -> str:
    pairs = (f"{meant} instead of {typed}" for typed, meant in replaced.items())
    return flat(f"searched for {', '.join(pairs)}")


def _footer(result: AskResult) -> str:
    total = result.milliseconds.get("total", 0.0)
    passages = f"{len(result.passages)} passage{'s' if len(result.passages) != 1 else ''}"
    reviews = f"{result.reviews_read} review{'s' if result.reviews_read != 1 else ''}"
    return f"read {passages} of {reviews} in {total:.0f} ms"
