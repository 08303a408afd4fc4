"""Why a text is no JSON, as a person would say it. Pure. Holds nothing of the text."""

from __future__ import annotations

_COMMENTS = ("//", "/*", "#")
_CURLY = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
_ODD_SPACES = "\u00a0\u200b\ufeff\u2007\u202f"


def explain(text: str, at: int, said: str) -> str:
    """The usual cause of what stands at a position; what the parser `said` where there is none."""
    here, before = text[at : at + 1], text[:at].rstrip()
    causes = (
        (text.startswith(_COMMENTS, at), "a comment stands here, and JSON knows none: take it out"),
        (here and here in _CURLY, "a curly quote stands here: write a straight one"),
        (
            here and here in _ODD_SPACES,
            "an invisible character stands here (a space that is none): type the space again",
        ),
        (here == "'", 'a single quote stands here: JSON takes " only'),
        (before.endswith(",") and here in {"}", "]"}, "the comma before this bracket is one too many: take it out"),
        (not text[at:].strip(), "the file ends too early: a bracket or a quote is not closed"),
    )
    usual = said.partition(":")[0]
    return next((cause for fits, cause in causes if fits), _SAID.get(usual, usual.lower()))


_SAID = {
    "Expecting value": "a value is missing here, or a text stands without quotes",
    "Expecting ',' delimiter": "a comma is missing before this",
    "Expecting property name enclosed in double quotes": "a key in double quotes is expected here",
    "Extra data": "the document has ended, and more stands behind it",
    "Unterminated string starting at": "this text has no closing quote on its line",
    "Invalid control character at": "a line break or a tab stands inside of a text: write \\n or \\t",
    "Invalid \\\\escape": "a backslash stands before a letter that it does not go with: write two",
    "Illegal trailing comma before end of object": "the comma before this bracket is one too many: take it out",
    "Illegal trailing comma before end of array": "the comma before this bracket is one too many: take it out",
}
"""By what Python's parser says."""
