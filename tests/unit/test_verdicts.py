"""What the systems refuse is an error here, and what they take is none: the table that the lab holds against them."""

from __future__ import annotations

import pytest

from runnerops.commands.check import KINDS
from runnerops.model.inventory import FileSpec
from runnerops.planning.lint_file import lint_file
from tests.verdicts import VERDICTS, Verdict

UNKNOWN_HERE = ("${A:?set it}",)
"""Refused for what only the place where it runs knows: a warning."""


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda one: f"{one.kind} {one.file[:60]}")
def test_a_verdict(verdict: Verdict) -> None:
    service, template, form = KINDS[verdict.kind]
    found = lint_file(FileSpec(service, "file", template, form), verdict.file.encode())
    severities = {one.severity for one in found}
    if any(text in verdict.file for text in UNKNOWN_HERE):
        assert severities == {"warning"}
    else:
        assert ("error" in severities) is verdict.refused, found
