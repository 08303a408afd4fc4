"""Hosts that no deploy may change: because of a hold on the host itself, or of `maintenance` in the inventory."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runnerops.commands.hold import hold
from runnerops.engine.exit_codes import exit_of
from runnerops.engine.hosts.maintenance import check_maintenance, in_maintenance, maintenance_texts
from runnerops.engine.options import Flags, Invocation
from runnerops.errors import HostError, UsageError
from runnerops.model.answers import Answer
from runnerops.model.common import Exit, Result
from runnerops.model.facts import Facts
from runnerops.model.host_state import Hold
from runnerops.model.inventory import Policy
from runnerops.parsing.moments import MomentError, moment, moment_or_span
from runnerops.remote.state import host_state
from runnerops.report.screen import Screen
from runnerops.report.status import status_document, status_lines
from tests.unit import inventory_texts as texts
from tests.unit.plan_builders import DOCKER_TREE, ask, observed, plan

KEPT = Hold(2_000_000_000, "anna@laptop", "disk swap: see #7\t'$(x)'")

MOMENTS = [
    ("2026-12-01 18:00 UTC", "2026-12-01T18:00:00+00:00"),
    ("2026-12-01T18:00Z", "2026-12-01T18:00:00+00:00"),
    ("2026-12-01 18:00:30 +01:00", "2026-12-01T17:00:30+00:00"),
    ("2026-12-01 8:00-0530", "2026-12-01T13:30:00+00:00"),
    ("2026-12-01 18:00 Europe/Berlin", "2026-12-01T17:00:00+00:00"),
]
NO_MOMENTS = [
    "",
    "tomorrow",
    "2026-12-01",
    "18:00",
    "2026-13-01 18:00",
    "2026-12-01 25:00",
    "2026-12-01 18:00 Mars/Base",
    "1.5h",
    "0001-01-01 10:00",
    "1970-01-01 00:00 +14:00",
    "9999-12-31 23:59 -12:00",
    "0000-01-01 10:00",
]


def test_a_point_in_time_is_read_with_its_zone() -> None:
    assert [moment(text).astimezone(UTC).isoformat() for text, _ in MOMENTS] == [text for _, text in MOMENTS]
    assert moment("2026-12-01 18:00") == datetime.fromisoformat("2026-12-01 18:00").astimezone()
    now = datetime(2026, 12, 1, tzinfo=UTC)
    assert [moment_or_span(text, now) - now for text in ("90m", "4h", "3d")] == [
        timedelta(minutes=90),
        timedelta(hours=4),
        timedelta(days=3),
    ]
    for text in NO_MOMENTS:
        with pytest.raises(MomentError):
            moment_or_span(text, now)


def test_a_hold_that_cannot_be_read_is_one() -> None:
    answers = {"kept": Answer(0, b"/var/lib/runnerops/hold:by hand\n")}
    assert host_state(answers, {}, Facts()).hold == Hold(0, "", "by hand")


def test_a_held_host_is_blocked_where_there_is_something_to_do() -> None:
    state_then = replace(observed({}, None), hold=KEPT)
    (blocker,) = (blocker for blocker in plan(ask(DOCKER_TREE, None), state_then).blockers if blocker.code == "held")
    assert blocker.overridable
    assert "held by anna@laptop until 2033-05-18 03:33 UTC: disk swap" in blocker.message
    allowed = plan(ask(DOCKER_TREE, None), state_then, Policy(allow=frozenset({"held"})))
    assert [blocker.code for blocker in allowed.overridden] == ["held"]
    in_sync = plan(ask(DOCKER_TREE, None), replace(observed(DOCKER_TREE, None), hold=KEPT))
    assert "held" not in [blocker.code for blocker in in_sync.blockers]


def test_status_tells_of_a_hold() -> None:
    state_then = replace(observed({}, None), hold=KEPT)
    lines = [text for _, text in status_lines("h", state_then, [])]
    assert any(text.startswith("  held by anna@laptop until 2033-05-18 03:33 UTC: ") for text in lines)
    assert any(text.endswith("(runnerops release h)") for text in lines)
    assert status_document("h", state_then, [])["hold"] == {"until": KEPT.until, "by": KEPT.by, "reason": KEPT.reason}
    assert status_document("h", replace(state_then, hold=None), [])["hold"] is None


BAD = [
    ("", "", "--reason"),
    ("a\nb", "", "--reason"),
    ("x", "tomorrow", "--until"),
    ("x", "2001-01-01 10:00", "has passed"),
    ("x", "9999-12-31 23:59", "not a valid time"),
    ("x" * 201, "", "has 201 characters"),
]


def test_a_hold_without_a_reason_or_with_no_time_is_usage() -> None:
    for reason, until, text in BAD:
        with pytest.raises(UsageError) as caught:
            hold(Invocation(Path("no.yml"), ["h"], {}, Screen(out=io.StringIO(), err=io.StringIO())), reason, until)
        assert text in caught.value.message
        assert caught.value.hint


MAINTENANCE = """
groups: {g: {maintenance: moving house}}
hosts:
  a: {maintenance: "until 2999-12-01 18:00 UTC, disk swap"}
  b: {maintenance: "until 2001-12-01 18:00, disk swap"}
  c: {groups: [g]}
  d: {groups: [g], maintenance: null}
"""


def test_a_host_in_maintenance_is_left_out_until_its_time_is_over(tmp_path: Path) -> None:
    hosts = texts.hosts(tmp_path, MAINTENANCE)
    assert [name for name, host in hosts.items() if in_maintenance(host, Flags({}))] == ["a", "c"]
    assert [*maintenance_texts(hosts["a"]), *maintenance_texts(hosts["b"])] == [
        "in maintenance until 2999-12-01 18:00 UTC, so deploys leave it out: disk swap"
    ]
    allowed = Flags({"maintenance": frozenset({"a"})})
    assert [name for name, host in hosts.items() if in_maintenance(host, allowed)] == ["c"]
    with pytest.raises(HostError) as caught:
        check_maintenance(hosts["a"], Flags({}))
    assert caught.value.message == "a: until 2999-12-01 18:00 UTC: disk swap"
    assert caught.value.hint == "`--allow maintenance@a` overrides that", "also for a rollback or a removal"
    assert exit_of([Result(caught.value.result)]) is Exit.OK
    check_maintenance(hosts["b"], Flags({}))


WRONG = [
    ("until tomorrow, x", "'tomorrow' is not a date and time"),
    ("until 2026-12-01 18:00", "must say why"),
    ("until 2026-12-01 18:00,", "must say why"),
    ("until 2026-02-30 18:00, x", "does not exist"),
    ("until 2030-03-31 02:30 Europe/Berlin, x", "does not exist, because clocks are set forward over it"),
]


def test_a_maintenance_that_cannot_be_read_is_reported_with_its_place(tmp_path: Path) -> None:
    for text, expected in WRONG:
        message, hint = texts.refusal(tmp_path, f'hosts: {{h: {{maintenance: "{text}"}}}}')
        assert message.startswith("inventory.yml:1:13: hosts.h.maintenance: ")
        assert expected in message
        assert hint
