"""Who made a difference: the content on the host, the desired content and the content of the last run decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.common import ABSENT, Result, Tree, key_text
from runnerops.model.host_state import HostState, sha256
from runnerops.model.plan import Plan
from runnerops.redact import Masker
from runnerops.report.document import plan_document
from runnerops.report.text import plan_lines
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from tests.unit.plan_builders import CONFIG, POLICY, RUNNER, ask, observed, plan
from tests.unit.services.builders import DAEMON, engine, json_bytes, state
from tests.unit.services.runner_builders import OTHER, REWRITTEN, TOKEN, config, runner

RUN = 41
WHEN = 1_795_528_920  # 2026-11-24 14:02 UTC


def edited_host(base: Tree | None, host_has: Tree | bytes | None, *, kept: bool = True) -> HostState:
    """A host whose run 41 applied `base` as daemon.json (None: took it away), and that has something else since."""
    content = host_has if isinstance(host_has, bytes | None) else json_bytes(host_has)
    files = {} if content is None else {DAEMON: content}
    host_state = state(files, engine(), applied={DAEMON: sha256(None if base is None else json_bytes(base))})
    files_there = {path: replace(file, mtime=WHEN) for path, file in host_state.files.items()}
    contents = {DAEMON: json_bytes(base)} if kept and base is not None else {}
    return replace(host_state, files=files_there, base=contents, since=RUN)


@pytest.mark.parametrize(
    ("base", "host_has", "rendered", "origins", "whole"),
    [
        ({"debug": True}, {"debug": True}, {"debug": False}, {"debug": "inventory"}, "inventory"),
        ({"mtu": 1400}, {"mtu": 1300}, {"mtu": 1400}, {"mtu": "host"}, "host"),
        ({"mtu": 1400}, {"mtu": 1300}, {"mtu": 1500}, {"mtu": "both"}, "both"),
        ({"mtu": 1400}, {}, {"mtu": 1400}, {"mtu": "host"}, "host"),
        ({}, {"mtu": 1300}, {}, {"mtu": "host"}, "host"),
        ({"mtu": 1400}, {"mtu": 1400, "ip": "192.0.2.1"}, {"mtu": 1500, "ip": "192.0.2.1"}, {"mtu": "inventory"}, "inventory"),
        ({"mtu": 1400}, {"mtu": 1400, "ip": "192.0.2.1"}, {"mtu": 1500}, {"mtu": "inventory", "ip": "host"}, "both"),
        ({}, {"log-opts": {"max-file": "2"}}, {"log-opts": {"max-size": "9m"}},
         {"log-opts.max-file": "host", "log-opts.max-size": "inventory"}, "both"),
        ({"log-opts": {"max-size": "9m"}}, {"log-opts": {"max-size": "8m"}}, {}, {"log-opts": "both"}, "both"),
        ({"debug": False}, {}, {"debug": True}, {"debug": "inventory"}, "inventory"),  # neutral: no edit on the host
        (None, {"mtu": 1300}, {"mtu": 1400}, {"mtu": "both"}, "both"),
    ],
)  # fmt: skip
def test_each_key_has_its_cause(
    base: Tree | None, host_has: Tree, rendered: Tree, origins: dict[str, str], whole: str
) -> None:
    (change,) = plan(ask(rendered, None), edited_host(base, host_has)).changes
    assert {key_text(key_change.key): key_change.origin for key_change in change.key_changes} == origins
    assert change.origin == whole


def codes(made: Plan) -> list[str]:
    return [blocker.code for blocker in made.blockers]


def test_an_edit_on_the_host_is_named_and_stops_the_deploy_until_allowed() -> None:
    made = plan(ask({"mtu": 1500}, None), edited_host({"mtu": 1400}, {"mtu": 1400, "ip": "192.0.2.1"}))
    (blocker,) = (blocker for blocker in made.blockers if blocker.code == "modified-on-host")
    assert (blocker.overridable, blocker.details) == (True, ("ip",))
    assert "since run 41" in blocker.message
    allowed = plan(
        ask({"mtu": 1500}, None),
        edited_host({"mtu": 1400}, {"mtu": 1400, "ip": "192.0.2.1"}),
        replace(POLICY, allow=frozenset({"modified-on-host"})),
    )
    assert "modified-on-host" not in codes(allowed)
    assert "modified-on-host" in [blocker.code for blocker in allowed.overridden]


def test_your_own_change_stops_nothing() -> None:
    assert codes(plan(ask({"mtu": 1500}, None), edited_host({"mtu": 1400}, {"mtu": 1400}))) == []


def test_an_edit_that_you_made_too_is_in_sync() -> None:
    made = plan(ask({"mtu": 1300}, None), edited_host({"mtu": 1400}, {"mtu": 1300}))
    assert (made.changes, codes(made)) == ((), [])


@pytest.mark.parametrize("content", [None, b"{"], ids=["removed", "broken"])
def test_a_file_that_was_removed_or_broken_by_hand(content: bytes | None) -> None:
    made = plan(ask({"mtu": 1400}, None), edited_host({"mtu": 1400}, content))
    assert [change.origin for change in made.changes] == ["host"]
    assert codes(made) == ["modified-on-host"]


def test_without_the_content_of_the_last_run_the_whole_file_counts_as_edited() -> None:
    made = plan(ask({"mtu": 1500}, None), edited_host({"mtu": 1400}, {"mtu": 1300, "ip": "192.0.2.1"}, kept=False))
    assert {key_change.origin for key_change in made.changes[0].key_changes} == {"both"}
    assert codes(made) == ["modified-on-host"]


def test_what_a_run_meant_to_put_there_is_ours_even_if_it_never_ended() -> None:
    half: Tree = {"mtu": 1300}
    host_state = replace(edited_host({"mtu": 1400}, half), staged={DAEMON: frozenset({sha256(json_bytes(half))})})
    made = plan(ask({"mtu": 1500}, None), host_state)
    assert (made.changes[0].origin, made.changes[0].drift, codes(made)) == ("inventory", None, [])


def test_a_file_that_a_run_took_away_and_did_not_live_to_record_is_ours() -> None:
    host_state = replace(edited_host({"mtu": 1400}, None), staged={DAEMON: frozenset({ABSENT})})
    assert codes(plan(ask({"mtu": 1400}, None), host_state)) == []


# ------------------------------------------------------------------------------------------------- config.toml


def runner_host(base: Tree, now: Tree) -> HostState:
    host_state = observed(None, to_toml(now).encode())
    file = replace(host_state.files[CONFIG], mtime=WHEN)
    text = to_toml(base).encode()
    return replace(host_state, files={CONFIG: file}, applied={CONFIG: sha256(text)}, base={CONFIG: text}, since=RUN)


def runner_plan(base: Tree, now: Tree, rendered: Tree) -> Plan:
    return plan(ask(None, to_toml(rendered).encode()), runner_host(base, now))


def rotated() -> Tree:
    """What the runner makes of `plain()` when it rotates its token."""
    tree = dict(REWRITTEN)
    runners = tree["runners"]
    assert isinstance(runners, list)
    tree["runners"] = [
        {**dict(this_runner), "token": OTHER, "id": 7} for this_runner in runners if isinstance(this_runner, dict)
    ]
    return tree


def plain(token: str | None = TOKEN) -> Tree:
    return config(runner(token=token, docker={"image": "alpine:3"}))


def test_what_the_runner_wrote_is_no_edit_by_hand() -> None:
    made = runner_plan(plain(), rotated(), {**plain(None), "concurrent": 9})
    (change,) = made.changes
    assert {key_text(key_change.key): key_change.origin for key_change in change.key_changes} == {
        "concurrent": "inventory"
    }
    assert change.drift
    assert (change.drift.by, codes(made)) == ("runner", [])


def test_the_defaults_that_the_runner_added_are_not_shown_as_yours() -> None:
    made = runner_plan(plain(), rotated(), {**plain(None), "concurrent": 9, "log_level": "debug"})
    lines = [line.strip() for line in text(made) if line.strip()[:1] in {"+", "-"} and "@@" not in line]
    assert lines == ["-concurrent = 4", "+concurrent = 9", '+log_level = "debug"']
    assert "by the runner" in " ".join(text(made))
    new = runner_plan(plain(), rotated(), config(runner(token=None), runner(name="two", token="glrt-" + "c" * 20)))
    assert any("shutdown_timeout" in line for line in text(new)), (
        "whole runners that come are shown against the whole file"
    )


def test_a_key_changed_by_hand_in_a_file_that_the_runner_wrote_too() -> None:
    made = runner_plan(plain(), {**rotated(), "concurrent": 5}, plain(None))
    (change,) = made.changes
    assert {key_text(key_change.key): key_change.origin for key_change in change.key_changes} == {"concurrent": "host"}
    assert change.drift
    assert (change.drift.by, codes(made)) == ("hand", ["modified-on-host"])


def test_runners_are_told_apart_by_what_they_are_not_by_their_place() -> None:
    one, two = runner(), runner(name="two", token=OTHER)
    base, now = config(one, two), config({**two, "limit": 3}, one)
    made = runner_plan(base, now, config({**one, "limit": 5}, two))
    (change,) = made.changes
    assert {key_text(key_change.key): key_change.origin for key_change in change.key_changes} == {
        "runners[0].limit": "inventory",
        "runners[1].limit": "host",
    }


@pytest.mark.parametrize(
    ("base", "now", "rendered", "origins"),
    [
        (["one"], ["one", "two"], ["one"], {"runners[1]": "host"}),  # registered there since
        (["one", "two"], ["one", "two"], ["one"], {"runners[1]": "inventory"}),
        (["one", "two"], ["one"], ["one", "two"], {"runners[1]": "host"}),  # unregistered there since
        (["one"], ["one"], ["one", "two"], {"runners[1]": "inventory"}),
    ],
)
def test_an_added_or_removed_runner_has_its_origin(
    base: list[str], now: list[str], rendered: list[str], origins: dict[str, str]
) -> None:
    def tree(names: list[str]) -> Tree:
        return config(*(runner(name=name, token=f"glrt-{name:0<20}") for name in names))

    (change,) = runner_plan(tree(base), tree(now), tree(rendered)).changes
    assert {key_text(key_change.key): key_change.origin for key_change in change.key_changes} == origins


def test_a_runner_whose_token_was_rotated_and_that_you_take_out_is_your_change() -> None:
    one, two = runner(), runner(name="two", token="glrt-" + "c" * 20)
    made = runner_plan(config(one, two), config(one, {**two, "token": "glrt-" + "d" * 20}), config(one))
    (change,) = made.changes
    assert change.origin == "inventory"
    assert codes(made) == ["drop-runner"]


# ----------------------------------------------------------------------------------------------- as people read it


def text(made: Plan) -> list[str]:
    return [line for _, line in plan_lines(made, Masker(), ())]


def test_the_text_says_whose_each_difference_is() -> None:
    made = plan(ask({"mtu": 1500}, None), edited_host({"mtu": 1400}, {"mtu": 1400, "ip": "192.0.2.1"}))
    lines = "\n".join(text(made))
    assert "your change: mtu" in lines
    assert "edited on the host since run 41 (2026-11-24 14:02 UTC, by hand): ip" in " ".join(lines.split())
    assert all(len(line) <= 80 for line in text(made) if " blocked: " not in line)
    mine = plan(ask({"mtu": 1500}, None), edited_host({"mtu": 1400}, {"mtu": 1400}))
    assert f"  ~ {DAEMON}  changed · your change" in text(mine)
    theirs = plan(ask({"mtu": 1500}, None), replace(edited_host({"mtu": 1400}, {"mtu": 1400}), applied={}))
    assert f"  ~ {DAEMON}  changed · not managed yet" in text(theirs)


def test_a_runner_s_keys_have_its_name_beside_them() -> None:
    one, two = runner(), runner(name="two", token=OTHER)
    made = runner_plan(config(one, two), config(one, two), config({**one, "limit": 2}, {**two, "limit": 3}))
    (change,) = made.changes
    assert [key_change.label for key_change in change.key_changes] == [
        "runners[0].limit (one)",
        "runners[1].limit (two)",
    ]
    lines = "\n".join(text(made))
    assert "(runners[0].limit (one), runners[1].limit (two))" in lines
    document = plan_document(made, Result.PENDING, Masker(), ())
    assert document["files"][0]["keys"] == ["runners[0].limit", "runners[1].limit"]
    assert document["files"][0]["names"] == {"runners[0].limit": "one", "runners[1].limit": "two"}
    assert document["actions"][0]["because"] == ["runners[0].limit", "runners[1].limit"]
    gone = runner_plan(config(one, two), config(one, two), config(two))
    assert [key_change.label for key_change in gone.changes[0].key_changes] == ["runners[0] (one)"]


def test_a_rollback_s_differences_are_not_called_yours() -> None:
    made = plan(ask({"mtu": 1500}, None), edited_host({"mtu": 1400}, {"mtu": 1400, "ip": "192.0.2.1"}))
    shown = "\n".join(text(replace(made, change_name="as before run 3")))
    assert "as before run 3: mtu" in shown
    assert "your change" not in shown


def test_the_document_says_it_too() -> None:
    made = plan(ask({"mtu": 1500}, None), edited_host({"mtu": 1400}, {"mtu": 1400, "ip": "192.0.2.1"}))
    (file,) = plan_document(made, Result.PENDING, Masker(), ())["files"]
    assert (file["origin"], file["origins"]) == ("both", {"mtu": "inventory", "ip": "host"})
    assert file["edited"] == {"since_run": 41, "at": WHEN, "by": "hand"}


def test_every_content_goes_with_a_run() -> None:
    made = plan(ask({"mtu": 1500}, RUNNER), observed({"mtu": 1400}, RUNNER))
    assert made.contents == {DAEMON: "new.1", CONFIG: "same.2"}
    assert made.files[made.contents[DAEMON]] == made.changes[0].new.content
    assert made.files[made.contents[CONFIG]] == RUNNER


def test_what_is_not_asked_for_any_more_is_still_known() -> None:
    host_state = replace(observed({"mtu": 1400}, RUNNER), base={"/else": b"x"})
    made = plan(ask({"mtu": 1500}, None), host_state)
    assert made.files[made.contents["/else"]] == b"x"
