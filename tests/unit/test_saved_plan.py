"""A saved plan: what it contains, for which differences it is refused, and files that are not saved plans."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from runnerops import __version__
from runnerops.commands.diff import DiffOptions, diff
from runnerops.engine.options import Flags, Invocation
from runnerops.engine.plans.planned import Planned, Plans
from runnerops.engine.plans.review import plans_summary
from runnerops.engine.saved_plan import (
    Origin,
    block_stale_plans,
    check_plan,
    hosts_of_plan,
    make_saved_plan,
    origin_of,
    read_plan,
    write_plan,
)
from runnerops.errors import HostError, PlanError, RunneropsError, UsageError
from runnerops.model.common import Exit, Result
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Policy, RenderedFile, Requester
from runnerops.model.saved_plan import SavedHost
from runnerops.redact import Redactor
from runnerops.report.plan_differences import differences
from runnerops.report.saved_plan import Digests, saved_host
from runnerops.report.screen import Screen
from tests.unit.plan_builders import CONFIG, POLICY, RUNNER, ask, plan
from tests.unit.saved_plan_builders import ASKED, HOST, KEY, LAST, LOADED, NEW, PROJECT, WAS, host_after, planned
from tests.unit.services.builders import DAEMON


def saved_plan_of(state: HostState, files: tuple[RenderedFile, ...], policy: Policy = POLICY) -> SavedHost:
    made = plan(files, state, policy, key=state.secret_fingerprints.key or "77" * 32)
    digests = Digests(state.secret_fingerprints.key, frozenset(), Redactor().text)
    return saved_host(made, files, "a-machine", state.last, digests)


SAVED = saved_plan_of(host_after(), ask(ASKED, NEW))


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (saved_plan_of(host_after(jobs=3), ask(ASKED, NEW)), ()),
        (saved_plan_of(host_after(), ask(ASKED, NEW), Policy(drain_s=60, verify_s=5)), ()),
        (
            saved_plan_of(
                host_after(config=RUNNER + b"id = 7\ntoken_obtained_at = 2026-01-01T00:00:00Z\n"), ask(ASKED, NEW)
            ),
            (),
        ),
        (saved_plan_of(host_after(config=b"# by hand\n" + RUNNER), ask(ASKED, NEW)), ()),
        (
            saved_plan_of(host_after(WAS | {"debug": True}), ask(ASKED, NEW)),
            ("edited on the host", "would change too", "debug"),
        ),
        (
            saved_plan_of(host_after(WAS | {"log-opts": {"max-size": "9m"}}), ask(ASKED, NEW)),
            ("the host has another value (edited on the host): log-opts.max-size", "newly blocked: modified-on-host"),
        ),
        (saved_plan_of(host_after(ASKED), ask(ASKED, NEW)), (f"{DAEMON}: would not change any more",)),
        (
            saved_plan_of(host_after(), ask(WAS | {"log-opts": {"max-size": "9m"}}, NEW)),
            ("a template or a secret asks for something else", "the inventory has another value: log-opts.max-size"),
        ),
        (
            saved_plan_of(host_after(), ask(ASKED, RUNNER)),
            ("asks for something else", f"{CONFIG}: would not change any more", "gitlab-runner: ", "step "),
        ),
        (
            saved_plan_of(host_after(), ask(ASKED, NEW.replace(b"glrt-a", b"glrt-b"))),
            ("asks for something else", "runners[0].token (one)", "newly blocked: replace-token"),
        ),
        (
            saved_plan_of(host_after(last=replace(LAST, number=5)), ask(ASKED, NEW)),
            ("another run came between: run 5 by anna from laptop",),
        ),
        (saved_plan_of(host_after(last=replace(LAST, result="failed")), ask(ASKED, NEW)), ("run 4 by anna",)),
        (replace(SAVED, machine="another"), ("another machine answers",)),
        (replace(SAVED, keyed=False), ("something that the plan depends on",)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) and value else "",
)
def test_what_is_a_difference_and_whose(now: SavedHost, says: tuple[str, ...]) -> None:
    last = replace(LAST, number=now.last_run.number, result=now.last_run.end)
    message = "\n".join(differences(SAVED, now, last))
    assert bool(message) == bool(says), message
    assert [text for text in says if text not in message] == [], message


def test_before_a_hosts_first_run_keys_count_and_a_secret_alone_does_not() -> None:
    fresh = saved_plan_of(host_after(key=""), ask(ASKED, NEW.replace(b"glrt-a", b"glrt-b")))
    assert not fresh.keyed
    assert not differences(
        fresh, saved_plan_of(host_after(key=""), ask(ASKED, NEW.replace(b"glrt-a", b"glrt-c"))), LAST
    )
    assert differences(fresh, saved_plan_of(host_after(key=""), ask(ASKED, NEW)), LAST)


@pytest.mark.parametrize("key", [KEY, ""])
def test_no_value_can_be_tried_out_on_what_is_saved(key: str) -> None:
    """No digest depends on a secret, unless it depends on what only the host keeps too."""
    secrets = [b"glrt-cccccccccccc", b"glrt-dddddddddddd"]
    one, other = (
        saved_plan_of(host_after(key=key), ask(ASKED, NEW.replace(b"glrt-aaaaaaaaaaaa", secret))) for secret in secrets
    )
    if key:
        assert one != other  # or a change of a secret would not be seen
        assert one != saved_plan_of(
            host_after(key="6b" * 32), ask(ASKED, NEW.replace(b"glrt-aaaaaaaaaaaa", secrets[0]))
        )
    else:
        assert one == other
    text = json.dumps(asdict(one))
    assert "glrt-" not in text
    assert "8m" not in text


# ------------------------------------------------------------------------------------------------------- files

ORIGIN = Origin("inventory.yml", Requester("anna", "laptop", "c" * 40))


NO_FLAGS = Flags({})


def write(path: Path, plans: Plans, flags: Flags = NO_FLAGS, origin: Origin = ORIGIN) -> None:
    write_plan(path, make_saved_plan(PROJECT, plans, flags, origin, Redactor()))


@pytest.fixture(name="saved")
def fixture_saved(tmp_path: Path) -> Path:
    path = tmp_path / "new" / "plan.json"
    flags = Flags({"data-root": frozenset({"h"})})
    write(path, {"h": planned(host_after())}, flags)
    return path


def test_what_is_written_is_read_and_holds(saved: Path) -> None:
    saved_plan = read_plan(saved)
    check_plan(saved, saved_plan, ORIGIN, 3600)
    assert (saved_plan.allow, saved_plan.kill_jobs) == ({"data-root": ("h",)}, False)
    assert hosts_of_plan(saved, saved_plan, LOADED, frozenset()) == ("h",)
    plans = {"h": planned(host_after(jobs=2))}
    assert block_stale_plans(saved_plan, PROJECT, plans, Redactor()) == plans


def test_a_difference_on_one_host_holds_the_others_and_a_job_that_is_tried_again_goes_on(saved: Path) -> None:
    saved_plan = read_plan(saved)
    second = replace(HOST, name="i")
    both = replace(PROJECT, hosts=(HOST, second), rendered={**PROJECT.rendered, "i": PROJECT.rendered["h"]})
    two = replace(saved_plan, hosts=(*saved_plan.hosts, replace(saved_plan.hosts[0], host="i")))
    here = planned(host_after())
    plans = {"h": planned(host_after(WAS | {"debug": True})), "i": replace(here, plan=replace(here.plan, host="i"))}
    held = block_stale_plans(two, both, plans, Redactor())
    (blocker, other) = (each.plan.blockers[0] for each in held.values() if isinstance(each, Planned))
    assert (blocker.code, other.code) == ("plan-differs", "plan-differs")
    assert any("debug" in detail for detail in blocker.details)
    assert "is outdated on h" in other.message

    run_record = replace(LAST, number=5, digest=here.plan.digest)
    done = planned(host_after(ASKED, NEW, last=run_record), Result.UNCHANGED)
    assert block_stale_plans(saved_plan, PROJECT, {"h": done}, Redactor()) == {"h": done}
    written = planned(host_after(config=RUNNER + b"id = 7\n", last=replace(run_record, result="failed")))
    assert block_stale_plans(saved_plan, PROJECT, {"h": written}, Redactor(), {"h"}) == {"h": written}
    for plan_now, again in (
        (written, ()),
        (planned(host_after(WAS | {"debug": True}, last=written.last or LAST)), ("h",)),
    ):
        stale = block_stale_plans(saved_plan, PROJECT, {"h": plan_now}, Redactor(), again)["h"]
        assert isinstance(stale, Planned)
        assert [blocker.code for blocker in stale.plan.blockers if blocker.code == "plan-differs"]

    lost = {"h": HostError("h", "no answer")}
    assert block_stale_plans(saved_plan, PROJECT, lost, Redactor()) == lost


def test_a_host_in_maintenance_is_no_part_of_a_plan(tmp_path: Path) -> None:
    plans: dict[str, Planned | Exception] = {"h": planned(host_after()), "m": HostError("m", "swap", "", "maintenance")}
    write(tmp_path / "p", plans)
    assert [host.host for host in read_plan(tmp_path / "p").hosts] == ["h"]
    assert plans_summary(plans).endswith("1 in maintenance")


def test_no_plan_is_saved_without_all_hosts(tmp_path: Path) -> None:
    with pytest.raises(RunneropsError, match="there is no plan for h") as caught:
        write(tmp_path / "p", {"h": HostError("h", "no answer")})
    assert "'!h'" in caught.value.hint
    resting = HostError("m", "disk swap", "", "maintenance")
    with pytest.raises(RunneropsError, match="all hosts are in maintenance"):
        write(tmp_path / "p", {"m": resting})
    (tmp_path / "file").touch()
    for path, says in (
        (tmp_path, "directory"),
        (tmp_path / "file/p", "file/p: "),
        (tmp_path / ("p" * 256), "too long"),
    ):
        with pytest.raises(RunneropsError, match=says):
            write(path, {"h": planned(host_after())})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_names_that_are_no_utf_8_are_written_all_the_same(tmp_path: Path) -> None:
    origin = replace(ORIGIN, requester=Requester("j\udcf6rg", "laptop", "c" * 40))
    write(tmp_path / "p", {"h": planned(host_after())}, origin=origin)
    assert read_plan(tmp_path / "p").requested_by.user == "j?rg"
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")  # as /dev/stdout may be, and root may replace it
    for path in (tmp_path, tmp_path / "fifo", Path("/dev/null")):
        with pytest.raises(UsageError, match="this is"):
            diff(Invocation(tmp_path / "i.yml", (), {}, Screen()), Flags({}), DiffOptions(save_plan=path))


def test_a_plan_without_a_host_does_not_mean_all_of_them_and_none_is_there_twice(saved: Path) -> None:
    saved_plan = read_plan(saved)
    for hosts, says in (((), "without hosts"), (saved_plan.hosts * 2, "duplicate hosts: h")):
        with pytest.raises(PlanError, match=says):
            hosts_of_plan(saved, replace(saved_plan, hosts=hosts), LOADED, frozenset())


def test_files_that_are_no_plan(saved: Path, tmp_path: Path) -> None:
    text = saved.read_text()
    bad: dict[str, tuple[bytes, str]] = {
        "empty": (b"", "not JSON, or is incomplete"),
        "cut off": (text[: len(text) // 2].encode(), "is incomplete, line"),
        "binary": (b"\xff\xfe\x00", "not JSON"),
        "deep": (b"[" * 100_000, "not JSON"),
        "another": (b'{"version": 4, "hosts": []}', 'no "format"'),
        "newer": (text.replace('"version": 1', '"version": 2').encode(), "a newer runnerops (format 2"),
        "release": (text.replace(__version__, "99.0").encode(), "by runnerops 99.0"),
        "shape": (text.replace('"keyed": true', '"keyed": "yes"').encode(), "hosts.0.keyed: "),
        "less": (re.sub(r'"rendered": "[^"]*",', "", text).encode(), "hosts.0.rendered: "),
    }
    for name, (content, says) in bad.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(PlanError) as caught:
            read_plan(path)
        assert says in caught.value.message, name
        assert caught.value.exit is Exit.STALE_PLAN
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(UsageError):
            read_plan(path)


def test_plans_of_something_else(saved: Path) -> None:
    saved_plan = read_plan(saved)
    now = int(time.time())
    cases: list[tuple[dict[str, Any], Origin, str]] = [
        ({}, replace(ORIGIN, inventory="b/inventory.yml"), "a plan of inventory.yml, but this is b/inventory.yml"),
        ({}, replace(ORIGIN, requester=Requester("a", "b", "d" * 40)), "commit cccccccccccc, but this is commit ddd"),
        ({}, replace(ORIGIN, requester=Requester("a", "b")), "but this is no commit"),
        ({"created_at": now - 7300}, ORIGIN, "2 h old, but may be at most 60 min"),
        ({"created_at": now + 7200}, ORIGIN, "from the future"),
        ({"created_at": 10**400}, ORIGIN, "from the future"),
    ]
    for keys, origin, says in cases:
        with pytest.raises(PlanError) as caught:
            check_plan(saved, replace(saved_plan, **keys), origin, 3600)
        assert says in caught.value.message
    for loaded, targets in ((replace(LOADED, hosts=()), frozenset[str]()), (LOADED, frozenset({"h", "i"}))):
        with pytest.raises(PlanError, match="a plan of "):
            hosts_of_plan(saved, saved_plan, loaded, targets)


def test_an_inventory_is_known_by_its_place_in_the_repository(tmp_path: Path) -> None:
    (tmp_path / "prod").mkdir()
    environ = {"CI_COMMIT_SHA": "c" * 40, "GITLAB_USER_LOGIN": "anna"}
    for path, name in ((tmp_path / "prod/inventory.yml", "prod/inventory.yml"), (tmp_path / "../i.yml", "i.yml")):
        assert origin_of(path, environ, tmp_path).inventory == name
