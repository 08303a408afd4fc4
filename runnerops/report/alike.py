"""Shows hosts with the same content as one block: their names in short, and what differs between them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from runnerops.frozen import frozen
from runnerops.model.host_names import brief
from runnerops.patterns import late_pattern
from runnerops.redact import MASK
from runnerops.report.wrap import wrap_at_words

Line: TypeAlias = "tuple[str, str]"

MIN_BLOCK = 3
"""The fewest hosts that form a block. Two are read as quickly one after the other."""
_WIDTH = 80
_FINGERPRINT = late_pattern(re.escape(MASK) + r" \([0-9a-f]{4}\)")
_RUN = late_pattern(r"(\b(?:as before|of before|as it was before|last:|since|by) run|^  run) [0-9]+\b")
_LAST = late_pattern(r"(  last: .*, at|^  run \ue002 [a-z -]+) [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC")
"""Each host numbers its runs separately, and its last run has a different time."""
_UNKNOWN_KEY = late_pattern(r"(the host key of \S+ is unknown: ).+")
"""`runnerops trust` shows the keys of many hosts."""
_PLACE = late_pattern(r"\[?([^\[\]]*?)\]?:([0-9]+)")
"""An address with its port, as in `root@ADDRESS:22`. An IPv6 address is in brackets."""
_NAMES_A_HOST = r"\brunnerops [a-z]+ |@|\bhosts\."
"""After these, a word is the name or address of a host, whatever it is."""
_SIGNS = {"\ue000": "HOST", "\ue001": "ADDRESS", "\ue002": "RUN", "\ue003": "TIME", "\ue004": "KEY"}
"""Signs for values that differ from host to host, and how they are shown."""


@frozen
class HostText:
    """What is said about one host, line by line. `address` includes the port if the lines show both."""

    name: str
    address: str
    lines: Sequence[Line]

    def normalized(self) -> tuple[Line, ...]:
        """The lines with signs for the name and address, and secrets without fingerprints, whose keys differ from host
        to host.

        The name may be part of another one, such as a runner's `ci-{host}`. Values that are only similar by chance
        remain different.
        """
        owns = {_split_port(self.address)[0]: "\ue001", self.address: "\ue001", self.name: "\ue000"}
        joined = "\n".join(text for _, text in self.lines)  # the patterns of many hosts take long to compile
        signs = [
            (_pattern(identity), rf"\g<1>{owns[identity]}")
            for identity in sorted(owns, key=len, reverse=True)
            if identity and identity in joined
        ]

        def plain(text: str) -> str:
            for pattern, sign in signs:
                text = pattern.sub(sign, text)
            text = _UNKNOWN_KEY.sub("\\1\ue004", text)
            text = _LAST.sub("\\1 \ue003", _RUN.sub("\\1 \ue002", text))
            return _FINGERPRINT.sub(MASK, text)

        return tuple((style, plain(text)) for style, text in self.lines)


def _pattern(identity: str) -> re.Pattern[str]:
    """Where a name or address is. A host may be called `docker`: a common word only counts where nothing else is
    possible.
    """
    distinct = re.search(r"[0-9.-]", identity) and not identity.isdigit()
    before = r"(?<!\w)" if distinct else _NAMES_A_HOST
    return re.compile(rf"({before}){re.escape(identity)}(?!\w)")


def _split_port(address: str) -> tuple[str, str]:
    """An address and its port; the port is empty if there is none."""
    match = _PLACE.fullmatch(address)
    return (match[1], match[2]) if match and ("[" in address or ":" not in match[1]) else (address, "")


def _with_signs(block: Sequence[HostText], shown: Sequence[Line]) -> tuple[Line, ...]:
    """`shown`, the lines of the first host, with signs. A port that all hosts have stays."""
    first = block[0]
    alike = len({_split_port(text.address)[1] for text in block}) == 1
    return HostText(first.name, _split_port(first.address)[0] if alike else first.address, shown).normalized()


def block_lines(block: Sequence[HostText], shown: Sequence[Line], title: Line = ("host", "alike")) -> Iterator[Line]:
    """A heading, and what is said about all of them (`shared_lines`)."""
    yield from ((title[0], text) for text in heading([text.name for text in block], title[1]))
    yield from shared_lines(block, shown)


def shared_lines(block: Sequence[HostText], shown: Sequence[Line]) -> Iterator[Line]:
    """`shown` are the first host's lines in their final form, parallel to those of all hosts. Lines that differ get
    signs.
    """
    signed = _with_signs(block, shown)
    used = ""
    for index, line in enumerate(shown):
        if len({text.lines[index] for text in block}) == 1:
            yield line
        else:
            used += signed[index][1]
            yield signed[index][0], _signs_as_words(signed[index][1])
    if words := [word for sign, word in _SIGNS.items() if sign in used]:
        yield "dim", f"  {' and '.join([', '.join(words[:-1])] * (len(words) > 1) + words[-1:])}: each host's own"


def common_text(block: Sequence[HostText], texts: Sequence[str]) -> str:
    """What each of these texts says about its host, if the hosts are alike."""
    return texts[0] if len(set(texts)) == 1 else _signs_as_words(_with_signs(block, [("plain", texts[0])])[0][1])


def job_lines(jobs: Mapping[str, int]) -> Iterator[Line]:
    """A line for each host that has jobs."""
    if busy := [f"{name} {count}" for name, count in jobs.items() if count]:
        yield from (("plain", text) for text in wrap_at_words(f"  jobs: {', '.join(busy)}", _WIDTH))


def _signs_as_words(text: str) -> str:
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    return text


def heading(names: Sequence[str], quality: str = "alike") -> list[str]:
    """`40 hosts alike: runner-[01:40]`, with ranges as in the inventory, in lines that fit any terminal."""
    return wrap_at_words(f"{len(names)} hosts {quality}: {', '.join(brief(names))}", _WIDTH)
