"""Six reviews of two products, and a question that the first of them answers."""

from __future__ import annotations

TEXTS = (
    "The battery lasts nine hours on one charge.",
    "The strap holds a heavy camera well.",
    "It arrived late and the box was torn.",
    "I love the colour of the strap.",
    "Batteries are not included, sadly.",
    "My camera fits.",
)
QUESTION = "How long does the battery last?"
