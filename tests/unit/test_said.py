"""Texts that tests on hosts expect are still printed by the program. These tests run rarely, so rewordings are found
here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from tests.unit.source import MODULES, ROOT, nodes, text_of

TESTS = ROOT.parent / "tests"
WORD = re.compile(r"\0|[A-Za-z][\w'-]*")
RUN = re.compile(r"(?<!\w)[a-z][a-z'-]*(?: [a-z][a-z'-]*){2,}(?!\w)")
EXPECTED = re.compile(r'(?<![\w"])f?"((?:[^"\\\n]|\\.)*)" (?:not )?in ')
PUT_TOGETHER = {
    *("and start gitlab-runner", "restart docker since", "job runs on", "only docker by", "dockerhub of demo"),
    *("deploy h deletes", "remove demo deletes", "deploy by anna", "by anna on"),
    *("gitlab-runner to take", "to take no", "skipped not touched", "stopped at drains"),
}
"""By the program, from more than one text or value."""
SAID_BY_OTHERS = {
    *("out of order", "no such thing", "password is required", "received stop signal"),
    *("json schema validated", "table ip docker-bridges"),
    *("t open user", "open user config", "user config file"),
}

Three = tuple[str, ...]


def threes(text: str) -> Iterator[Three]:
    """Every three words that follow one another; a NUL is a word too."""
    words = WORD.findall(text)
    return zip(words, words[1:], words[2:], strict=False)


def texts_in_threes() -> set[Three]:
    """What the program and its scripts can print, in threes."""
    texts = [text_of(node) for path in MODULES for node in nodes(path)]
    texts += [re.sub(r"\$\{.*?\}|\$\w+", "\0", path.read_text()) for path in ROOT.rglob("*.sh")]
    return {three for text in texts if text.count(" ") > 1 for three in threes(text)}


def expected() -> Iterator[tuple[str, Three]]:
    """What the tests look for in what is printed, in threes, with the test's file."""
    for path in sorted(path for folder in ("lab", "integration") for path in (TESTS / folder).rglob("*.py")):
        for text in EXPECTED.findall(path.read_text()):
            runs = RUN.findall(re.sub(r"\{.*?\}", " 0 ", text))
            yield from ((path.name, three) for run in runs for three in threes(run))


def test_what_tests_on_hosts_expect_is_said() -> None:
    known_texts = texts_in_threes()
    pairs = list(expected())
    assert len(pairs) > 400
    missing = {
        (file, " ".join(three))
        for file, three in pairs
        if not any(form in known_texts for form in product(*((word, "\0") for word in three)) if form.count("\0") < 2)
    }
    assert {pair for pair in missing if pair[1] not in PUT_TOGETHER | SAID_BY_OTHERS} == set()
    assert {text for _, text in missing} == PUT_TOGETHER | SAID_BY_OTHERS, "an exception is needed no more"
