"""Which token is deployed: three values decide, and the host's own token is never lost without an override."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.answers import Answer
from runnerops.model.common import Tree, key_text
from runnerops.model.host_state import HostState, RemoteFile, SecretFingerprints, fingerprint
from runnerops.model.plan import Plan
from runnerops.remote import protocol, state
from runnerops.services import GITLAB_RUNNER
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.reconcile.tokens import names_of
from tests.unit.plan_builders import CONFIG, POLICY, ask, observed, plan
from tests.unit.services.runner_builders import OTHER, REWRITTEN, TOKEN, config, reconcile, runner
from tests.unit.services.runner_builders import observed as there

KEY = "5a" * 32
THIRD = "glrt-" + "c" * 20
NAME = "one https://gitlab.example.com"


def fingerprint_of(token: str | None) -> SecretFingerprints:
    """What a host remembers after a deploy that gave this token."""
    return SecretFingerprints(KEY, {NAME: fingerprint(KEY, token)}) if token else SecretFingerprints()


@pytest.mark.parametrize(
    ("inventory", "last", "on_host", "goes", "with_id", "blockers"),
    [
        (TOKEN, None, TOKEN, TOKEN, True, []),  # one and the same, known or not
        (TOKEN, OTHER, TOKEN, TOKEN, True, []),
        (TOKEN, TOKEN, OTHER, OTHER, True, []),  # the runner replaced it: the host's stays
        (OTHER, TOKEN, TOKEN, OTHER, False, []),  # really new in the inventory: it goes out, without id and dates
        (OTHER, TOKEN, THIRD, OTHER, False, ["replace-token"]),  # all three differ
        (OTHER, None, TOKEN, OTHER, False, ["replace-token"]),  # the first deploy on this host
        (None, TOKEN, TOKEN, TOKEN, True, []),  # left out: whatever the host has
        (None, TOKEN, OTHER, OTHER, True, []),
        (None, None, OTHER, OTHER, True, []),
        ("", TOKEN, OTHER, "", False, ["empty-token"]),
        (TOKEN, None, None, TOKEN, False, []),
        (TOKEN, TOKEN, "", TOKEN, False, []),  # emptied on the host: given back
    ],
)
def test_which_token_is_written_depends_on_inventory_host_and_last_run(
    inventory: str | None, last: str | None, on_host: str | None, goes: str | None, with_id: bool, blockers: list[str]
) -> None:
    now = replace(there(config(runner(token=on_host, id=7))), secret_fingerprints=fingerprint_of(last))
    tree, texts, _ = reconcile(config(runner(token=inventory)), now)
    (table,) = tree["runners"]
    assert (table.get("token"), table.get("id") == 7, texts) == (goes, with_id, blockers)


@pytest.mark.parametrize("now", [None, config(runner(token=None)), config(runner(token=""))])
def test_a_token_left_out_with_none_on_the_host_says_what_to_do(now: Tree | None) -> None:
    made = plan(
        ask(None, to_toml(config(runner(token=None))).encode()), observed(None, to_toml(now).encode() if now else None)
    )
    (blocker,) = made.blockers
    assert (blocker.code, blocker.overridable) == ("no-token", False)
    assert "create it in GitLab and give its token" in blocker.message


def test_a_host_without_the_runner_gets_the_token_that_is_given() -> None:
    tree, blockers, _ = reconcile(config(), replace(there(None), secret_fingerprints=fingerprint_of(OTHER)))
    assert (tree["runners"], blockers) == ([runner()], [])


def test_two_candidates_stop_whether_a_token_is_given_or_not() -> None:
    now = there(config(runner(), runner(token=OTHER)))
    for token in (None, THIRD):
        assert reconcile(config(runner(token=token)), now)[1] == ["ambiguous-runner"]


def test_one_that_is_recognised_by_its_token_is_no_candidate_for_another() -> None:
    now = there(config(runner(), runner(token=OTHER)))
    assert reconcile(config(runner(), runner(token=OTHER)), now)[1] == []
    tree, blockers, _ = reconcile(config(runner(), runner(token=None)), now)
    assert ([table["token"] for table in tree["runners"]], blockers) == ([TOKEN, OTHER], [])


def test_runners_of_one_name_are_remembered_in_their_order() -> None:
    assert names_of([runner(), runner(name="two"), runner(), runner(url="https://GitLab.example.com/")]) == (
        NAME,
        "two https://gitlab.example.com",
        f"{NAME} #2",
        f"{NAME} #3",
    )


# ------------------------------------------------------------------------------- from deploy to deploy, as on a host


def deployed(made: Plan, before: HostState) -> HostState:
    """The host after this plan's run, as the next observation reads it."""
    content = made.files[made.contents[CONFIG]]
    meta = protocol.meta_text(made)
    answers = {
        "numbers": Answer(0, str(made.run).encode()),
        "kept": Answer(0, f"/var/lib/runnerops/runs/{made.run}/meta:{meta}\n".encode()),
        "walked": Answer(0, f"/var/lib/runnerops/runs/{made.run}/log:1.0\t\t-1\tend\tapplied\n".encode()),
    }
    file = RemoteFile(CONFIG, "file", content, "0600", "root:root")
    host_state = state.host_state(answers, {CONFIG: file}, before.facts)
    return replace(host_state, base={CONFIG: content})


def deploy(rendered: Tree, before: HostState) -> Plan:
    return plan(ask(None, to_toml(rendered).encode()), before, key=KEY)


def rotate(before: HostState, token: str) -> HostState:
    """The runner rewrites its file with a new token."""
    tree = dict(REWRITTEN)
    runners = tree["runners"]
    assert isinstance(runners, list)
    tree["runners"] = [
        {**dict(this_runner), "token": token, "id": 7} for this_runner in runners if isinstance(this_runner, dict)
    ]
    file = replace(before.files[CONFIG], content=to_toml(tree).encode())
    return replace(before, files={CONFIG: file})


def rendered(token: str | None, **keys: object) -> Tree:
    return config(runner(token=token, docker={"image": "alpine:3"}), **keys)


def codes(made: Plan) -> list[str]:
    return [blocker.code for blocker in made.blockers]


def test_a_token_that_the_runner_replaced_survives_every_deploy() -> None:
    now = deployed(deploy(rendered(TOKEN), observed(None, None)), observed(None, None))
    now = rotate(now, OTHER)
    for token in (TOKEN, TOKEN, None, TOKEN):
        same = deploy(rendered(token), now)
        assert (same.changes, same.actions, codes(same)) == ((), (), [])
        assert ["replaced its token" in note for note in same.notes] == ([True] if token else [])
        changed = deploy(rendered(token, check_interval=9), now)
        assert [key_text(key_change.key) for key_change in changed.changes[0].key_changes] == ["check_interval"]
        assert OTHER.encode() in (changed.changes[0].new.content or b"")
        assert codes(changed) == []
        now = deployed(changed, now)
        now = deployed(deploy(rendered(token), now), now)


def test_a_token_that_is_really_new_in_the_inventory_goes_out_as_your_change() -> None:
    now = deployed(deploy(rendered(TOKEN), observed(None, None)), observed(None, None))
    made = deploy(rendered(OTHER), now)
    (change,) = made.changes
    assert {key_text(key_change.key): key_change.origin for key_change in change.key_changes} == {
        "runners[0].token": "inventory"
    }
    assert codes(made) == []
    assert deploy(rendered(OTHER), deployed(made, now)).empty


def test_new_in_the_inventory_and_replaced_on_the_host_stops() -> None:
    now = rotate(deployed(deploy(rendered(TOKEN), observed(None, None)), observed(None, None)), OTHER)
    made = deploy(rendered(THIRD), now)
    assert codes(made) == ["replace-token"]
    (change,) = made.changes
    assert change.key_changes[0].origin == "both"
    allowed = plan(
        ask(None, to_toml(rendered(THIRD)).encode()),
        now,
        replace(POLICY, allow=frozenset({"replace-token"})),
    )
    assert codes(allowed) == []


def test_a_deploy_that_gives_none_leaves_what_is_remembered() -> None:
    now = deployed(deploy(rendered(TOKEN), observed(None, None)), observed(None, None))
    now = deployed(deploy(rendered(None, check_interval=9), now), now)
    assert now.secret_fingerprints == fingerprint_of(TOKEN)
    rotated = rotate(now, OTHER)
    assert codes(deploy(rendered(TOKEN), rotated)) == []


def test_a_token_found_equal_is_remembered_though_nothing_else_is_to_do() -> None:
    now = observed(None, to_toml(rendered(TOKEN)).encode())
    made = deploy(rendered(TOKEN), now)
    assert (made.changes, made.actions, made.empty) == ((), (), False)
    assert deploy(rendered(TOKEN), deployed(made, now)).empty


def test_the_key_of_the_host_is_kept_and_neither_it_nor_a_token_is_shown() -> None:
    now = deployed(deploy(rendered(TOKEN), observed(None, None)), observed(None, None))
    again = plan(ask(None, to_toml(rendered(OTHER)).encode()), now, key="77" * 32)
    assert again.secret_fingerprints.key == KEY
    assert KEY not in repr(again)
    assert fingerprint(KEY, OTHER) not in repr(again.secret_fingerprints)
    assert OTHER not in protocol.meta_text(again)


def test_the_runners_own_id_file_is_in_no_step() -> None:
    now = rotate(deployed(deploy(rendered(TOKEN), observed(None, None)), observed(None, None)), OTHER)
    made = deploy(rendered(TOKEN, check_interval=9, listen_address=":9252"), now)
    assert all(".runner_system_id" not in word for step in (*made.forward, *made.rollback) for word in step.args)


def test_the_system_says_what_it_writes_itself() -> None:
    assert GITLAB_RUNNER.owns(("runners", 0, "token_expires_at"))
    assert not GITLAB_RUNNER.owns(("runners", 0, "limit"))
