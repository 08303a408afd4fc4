"""The registry of codes: every code that is emitted has a row, every row is emitted, and the manual's pages are made
from it.
"""

from __future__ import annotations

import ast
import io
import json
import re
from collections.abc import Iterator

import pytest

from runnerops.codes.blockers import BLOCKERS
from runnerops.codes.rules import RULES
from runnerops.commands.explain import explain
from runnerops.errors import UsageError
from runnerops.model.common import Exit
from runnerops.report.reference import blockers_page, rules_page
from runnerops.report.screen import Screen
from tests.unit.source import MODULES, ROOT, nodes

DOCS = ROOT.parent / "docs"


def words() -> Iterator[str]:
    """Every string constant of the program outside of the registry itself."""
    for path in MODULES:
        if "codes" not in path.parts:
            for node in nodes(path):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def first_arguments() -> Iterator[str]:
    """What stands for the code in each call of Blocker."""
    for path in MODULES:
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Blocker":
                code = node.args[0]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    yield code.value


def test_every_blocker_is_a_row_and_every_row_is_emitted() -> None:
    assert set(first_arguments()) <= set(BLOCKERS)
    assert set(BLOCKERS) <= set(words())


def test_every_rule_is_a_row_and_every_row_is_emitted() -> None:
    emitted = {word for word in words() if re.fullmatch(r"[A-Z]\d{3}", word)}
    assert emitted == set(RULES)


@pytest.mark.parametrize(("name", "page"), [("blockers.md", blockers_page()), ("rules.md", rules_page())])
def test_the_pages_are_made_from_the_tables(name: str, page: str) -> None:
    assert (DOCS / name).read_text() == page, "run make docs"


def explanation(code: str) -> str:
    out = io.StringIO()
    assert explain(code, Screen(out=out, err=io.StringIO())) is Exit.OK
    return out.getvalue()


def test_explain_has_a_line_for_each_fact() -> None:
    wrong = {}
    for code in (*BLOCKERS, *RULES):
        first, *facts = explanation(code).splitlines()
        names = ("meaning", "what to do", "override") if code in BLOCKERS else ("severity", "why", "fix", "silence")
        texts = tuple(fact.strip().partition(": ")[0] for fact in facts)
        if not first.startswith(f"{code}: ") or texts != names:
            wrong[code] = [first, *facts]
    assert wrong == {}


def test_a_code_is_taken_as_it_was_printed() -> None:
    assert explanation("unmanaged-file@runner-1") == explanation("unmanaged-file")
    assert explanation("r001") == explanation("R001")


def test_each_as_json_has_the_same_facts() -> None:
    for code, fix in [
        *((row.code, row.remedy) for row in BLOCKERS.values()),
        *((row.id, row.fix) for row in RULES.values()),
    ]:
        out = io.StringIO()
        assert explain(code, Screen(out=out, err=io.StringIO()), as_json=True) is Exit.OK
        document = json.loads(out.getvalue())
        kind = "blocker" if code in BLOCKERS else "rule"
        assert {**document, "version": 1, "code": code, "kind": kind, "fix": fix} == document


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("unmanaged_file", "unmanaged_file: unknown code, did you mean 'unmanaged-file'?"),
        ("jobs-runing", "jobs-runing: unknown code, did you mean 'jobs-running'?"),
        ("k00", "k00: unknown code; these begin so: K001, K002, K003, K004, K005, K006, K007"),
        ("P006x", "P006x: unknown code, did you mean 'P006'?"),
        ("drop", "drop: unknown code; these begin so: drop-runner"),
        ("live", "live: unknown code; these begin so: live-restore-flag"),
        ("Q123", "Q123: unknown code"),
        ("", "'': unknown code"),
    ],
)
def test_an_unknown_code_is_usage(code: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(code, Screen(out=io.StringIO(), err=io.StringIO()))
    assert caught.value.message == message
    assert "docs/rules.md" in caught.value.hint
