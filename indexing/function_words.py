"""Words of grammar alone, whose pairs are no phrases: "is the" says nothing of what is asked.

They would cost most of a search, too: nearly every passage has both.
"""

_WORDS = (
    "a an and any are as at be been but by for from if in into is it no not of on or so such that "
    "the their then there these they this to was were will with would could should can "
    "i me my you your we our he him his she her am have has had "
    "do does did what how"
)
FUNCTION_WORDS = frozenset(_WORDS.split())
"""English, lower case: Lucene's stop words, pronouns, auxiliaries and what questions start with."""
