"""Checks whether Compose can split a command that is written as one text into words. Pure.

Source: `Parse` of mattn/go-shellwords, which reads on to the first unquoted `;`, `&`, `|`, `<` or `>` and takes all before.
"""

from __future__ import annotations

_ENDS = ";&|<>"


def is_command(text: str) -> bool:
    """`text`: after variables are replaced, with `$$` still for a dollar sign."""
    text = text.replace("$$", "$")
    quote, skip = "", False
    for at, letter in enumerate(text):
        if skip:
            skip = False
        elif letter == "\\":
            skip = quote != "'"
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"`":
            quote = letter
        elif letter == "(":
            if text[:at].endswith("\\$") or not text[:at].endswith("$"):
                return False
            quote = ")"
        elif letter == ")":
            return False
        elif letter in _ENDS:
            return True
    return not quote and not skip
