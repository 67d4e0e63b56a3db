"""Misspelt words of a question give way to the product's own, and no other words do."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.document_store import ReviewDocumentStore
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.records import Review
from qa.components.bm25_retriever import BM25PassageRetriever
from qa.spelling import LONGEST, MAX_WORDS, SHORTEST, corrected, corrections, english

REVIEWS = (
    Review("r1", "lamp", "The battery of this lamp lasts. Battery life, gooseneck, lumens."),
    Review("r2", "lamp", "Its gooseneck wobbles; the batterie is the maker's own word."),
    Review("r3", "lamp", "Lumens, lumens, lumens! A sixth lumen. X200bright, usb3port, café."),
    Review("r4", "tent", "Its guylines and the groundsheet are fine, the gooseneckk is a brand."),
)
STORED = {word for one in REVIEWS for word in re.findall(r"\w+", one.text.lower())}
OF_LAMP = Counter(
    word
    for one in REVIEWS
    if one.product_id == "lamp"
    for word in re.findall(r"\w+", one.text.lower())
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(tmp_path_factory.mktemp("spelling"), create=True)) as opened:
        opened.write(REVIEWS)
        yield opened


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("Is the batery good?", "Is the battery good?"),  # left out
        ("Is the battrery good?", "Is the battery good?"),  # put in
        ("Is the gooseneek good?", "Is the gooseneck good?"),  # replaced
        ("IS THE LUMNES, GOOD", "IS THE lumens, GOOD"),  # swapped
        ("the gooseneek's end, 'wobblse'", "the gooseneck's end, 'wobbles'"),
        ("lumems or lumems?", "lumens or lumens?"),
        ("is it a lamq or lam", "is it a lamq or lam"),  # short
        ("lumens2 x200brigth lumnes_", "lumens2 x200brigth lumnes_"),  # no letters alone
        ("it wouldnd't, o'lumnes", "it wouldnd't, o'lumnes"),  # more than a word
        ("goosenekc and goosnkec", "gooseneck and goosnkec"),  # two edits
        ("groundshete, guylins", "groundshete, guylins"),  # what only another product has
        ("gooseneckk of a tent", "gooseneckk of a tent"),  # another product's word
        ("the lumened light", "the lumened light"),  # the store's by its stem
        ("lasting, latter, littery", "lasting, latter, littery"),
        ("", ""),
        ("?!", "?!"),
    ],
)
def test_only_misspelt_words_give_way(store: EmbeddedEngine, question: str, searched: str) -> None:
    assert corrected(question, corrections(store, question, "lamp")) == searched


def test_the_commonest_word_is_taken_and_of_equal_ones_the_first(tmp_path: Path) -> None:
    text = "blorkers blorkert blorkert blorkera. blarkens blarkent."
    with closing(EmbeddedEngine(tmp_path / "store", create=True)) as store:
        store.write([Review("r", "p", text)])
        found = corrections(store, "blorkerz blarkenz", "p")
    assert found == {"blorkerz": "blorkert", "blarkenz": "blarkens"}


def test_words_that_are_english_stay_however_small_the_store(tmp_path: Path) -> None:
    with closing(EmbeddedEngine(tmp_path / "store", create=True)) as store:
        store.write([Review("r", "p", "Right, the table and the holder; five stars for books.")])
        question = "Is it stable, bright and older? Would ebooks or scars, or which would?"
        assert corrections(store, question, "p") == {}
        assert corrections(store, "Is the tabel right?", "p") == {"tabel": "table"}


def test_an_unknown_product_has_no_words(store: EmbeddedEngine) -> None:
    assert corrections(store, "batery", "no-such") == {}


def test_a_long_question_is_corrected_at_its_beginning(store: EmbeddedEngine) -> None:
    junk = [f"qq{a}{b}zz" for a in string.ascii_lowercase for b in "xyz"][:MAX_WORDS]
    question = " ".join(["batery", *junk[1:], "lumnes"])
    assert corrections(store, question, "lamp") == {"batery": "battery"}
    assert corrections(store, " ".join(["batery"] * 100 + ["lumnes"]), "lamp") == {
        "batery": "battery",
        "lumnes": "lumens",
    }


def _edits(word: str) -> set[str]:
    """All strings one edit away, spelt out."""
    cuts = [(word[:n], word[n:]) for n in range(len(word) + 1)]
    letters = string.ascii_lowercase
    return {
        *(a + b[1:] for a, b in cuts if b),
        *(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1),
        *(a + c + b[1:] for a, b in cuts if b for c in letters),
        *(a + c + b for a, b in cuts for c in letters),
    } - {word}


_near = st.sampled_from(sorted(OF_LAMP)).flatmap(lambda word: st.sampled_from(sorted(_edits(word))))
_words = st.sampled_from(sorted(STORED)) | _near | st.text("aeblmn'3_ ", max_size=8)


@given(st.lists(_words, max_size=8).map(" ".join) | st.text(max_size=40))
def test_no_word_gives_way_but_to_the_commonest_near_one(
    store: EmbeddedEngine, question: str
) -> None:
    found = corrections(store, question, "lamp")
    for word, other in found.items():
        assert SHORTEST <= len(word) <= LONGEST
        assert word.isalpha()
        assert word not in STORED
        assert word not in english()
        assert store.search_bm25(word, k=1) == []
        near = {one: OF_LAMP[one] for one in _edits(word) if one in OF_LAMP}
        assert near[other] == max(near.values())
    assert corrections(store, question, "lamp") == found
    rest = re.compile("|".join(map(re.escape, [*found, *found.values()])) or "$^", re.IGNORECASE)
    assert rest.sub("", corrected(question, found)) == rest.sub("", question)


@given(_near)
def test_an_edit_of_a_word_finds_it_again_unless_something_else_is_known(
    store: EmbeddedEngine, word: str
) -> None:
    found = corrections(store, f"is the {word} fine", "lamp")
    plain = re.fullmatch(r"[^\W\d_]{5,}", word)
    known = word in english() or word.removesuffix("s") in english()
    if plain and not known and not store.search_bm25(word, k=1):
        assert set(found) == {word}
    else:
        assert found == {}


def test_within_a_product_the_retriever_searches_for_its_words(store: EmbeddedEngine) -> None:
    retriever = BM25PassageRetriever(
        ReviewDocumentStore("unused"), top_k=2, rewrite=True, spelling=True
    )
    retriever.bind(store)
    question = "How long does the batery last?"
    found = retriever.run(question, "lamp")
    assert found["corrections"] == {"batery": "battery"}
    assert found["documents"][0].meta["review_id"] == "r1"
    assert found["documents"][0].meta["origin"]["bm25"]["query"] == "long the battery last?"
    everywhere = retriever.run(question)
    assert everywhere["corrections"] == {}
    assert "batery" in everywhere["documents"][0].meta["origin"]["bm25"]["query"]
    retriever.spelling = False
    assert retriever.run(question, "lamp")["corrections"] == {}
