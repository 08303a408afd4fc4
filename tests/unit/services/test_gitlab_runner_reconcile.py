"""Which keys of config.toml belong to the host, and which of them stay."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import ServiceName, Tree
from runnerops.model.facts import Facts, RunnerFacts, Unit
from runnerops.model.host_state import HostState, RemoteFile
from runnerops.model.inventory import Host, RenderedFile
from runnerops.services import GITLAB_RUNNER
from runnerops.services.gitlab_runner.format import PATH, config_path
from tests.unit.services.runner_builders import (
    HOST,
    OTHER,
    REWRITTEN,
    SPEC,
    TOKEN,
    config,
    observed,
    reconcile,
    runner,
)


def test_a_token_left_out_is_the_hosts_with_its_id() -> None:
    tree, blockers, _ = reconcile(config(runner(token=None, limit=3)), observed(config(runner(id=7))))
    assert tree["runners"] == [runner(limit=3, id=7)]
    assert blockers == []


@pytest.mark.parametrize(
    ("rendered", "host", "blockers"),
    [
        (config(runner(token=None)), None, ["no-token"]),
        (config(runner(token=None)), config(runner(name="two", executor="shell")), ["no-token"]),
        (config(runner(token=OTHER)), config(), ["replace-token"]),
        (config(runner(token=None)), config(runner(), runner(token=OTHER)), ["ambiguous-runner"]),
        (config(runner(token=OTHER)), config(runner(), runner(token=OTHER)), []),
        (config(), None, []),
    ],
)
def test_blockers_because_of_tokens(rendered: Tree, host: Tree | None, blockers: list[str]) -> None:
    assert reconcile(rendered, observed(host))[1] == blockers


def test_equal_meaning_is_the_hosts_own_bytes() -> None:
    state = observed(REWRITTEN)
    assert reconcile(config(runner(docker={"image": "alpine:3"})), state)[2] == state.file(PATH).content


def test_the_file_that_the_runner_was_started_with_is_managed() -> None:
    unit = Unit("gitlab-runner.service", "active", 1, "x", ("gitlab-runner", "run", "-c", "/srv/runner.toml"))
    state = HostState(facts=Facts(runner=RunnerFacts(unit)))
    files, _ = GITLAB_RUNNER.reconcile(HOST, [RenderedFile(SPEC, b"concurrent = 1\n")], state)
    assert files[0].spec.path == "/srv/runner.toml"


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        ((), PATH),
        (("-c", "relative.toml"), PATH),
        (("--config=/a.toml",), "/a.toml"),
        (("--config", "/a.toml", "-c", "/b.toml"), "/b.toml"),
    ],
)
def test_the_last_config_flag_of_the_process_names_the_file(argv: tuple[str, ...], path: str) -> None:
    unit = Unit("gitlab-runner.service", "active", 1, "x", ("gitlab-runner", "run", *argv))
    assert config_path(HostState(facts=Facts(runner=RunnerFacts(unit)))) == path


def test_a_token_that_was_emptied_on_the_host_is_given_back() -> None:
    tree, blockers, _ = reconcile(config(), observed(config(runner(token="", id=7))))
    assert (tree["runners"], blockers) == ([runner()], [])


def test_what_has_to_be_written_anew_keeps_the_order_and_the_heading_of_the_template() -> None:
    runner_text = b'[[runners]]\nurl = "https://gitlab.example.com"\nname = "one"\nexecutor = "shell"\n'
    rendered = b"# ours\n\nconcurrent = 2\n\n" + runner_text
    (file,), _ = GITLAB_RUNNER.reconcile(HOST, [RenderedFile(SPEC, rendered)], observed(config(runner(id=7))))
    assert file.content == rendered + f'id = 7\ntoken = "{TOKEN}"\n'.encode()


def test_dates_are_written_as_the_runner_writes_them() -> None:
    dates = tomllib.loads("a = 2026-01-02T03:04:05Z\nb = 2036-01-02T03:04:05.5+02:00")
    host_state = observed(config(runner(token_obtained_at=dates["a"], token_expires_at=dates["b"])))
    _, _, content = reconcile(config(runner(token=None), concurrent=8), host_state)
    assert b"token_obtained_at = 2026-01-02T03:04:05Z\n" in content
    assert b"token_expires_at = 2036-01-02T03:04:05.500000+02:00\n" in content


TWO = config(runner(), runner(name="two", token=OTHER))
UNNAMED = runner(name="new", token=None)


@pytest.mark.parametrize(
    ("rendered", "host_tree", "renamed", "tokens"),
    [
        ([UNNAMED], config(runner(id=7)), {}, [TOKEN]),
        ([UNNAMED], config(runner(id=7)), {"new": "one"}, [TOKEN]),
        ([{**UNNAMED, "id": 7}], config(runner(id=7)), {}, [TOKEN]),
        ([{**UNNAMED, "id": 8}], config(runner(id=7)), {}, [None]),
        ([UNNAMED], TWO, {}, [None]),
        ([UNNAMED], TWO, {"new": "two"}, [OTHER]),
        ([UNNAMED], TWO, {"new": "three"}, [None]),
        ([UNNAMED, runner(token=None)], TWO, {}, [OTHER, TOKEN]),
        ([UNNAMED, {**UNNAMED, "name": "newer"}], TWO, {}, [None, None]),
        ([UNNAMED, {**UNNAMED, "name": "newer"}], TWO, {"new": "two", "newer": "one"}, [OTHER, TOKEN]),
        ([UNNAMED, {**UNNAMED, "name": "newer"}], config(runner()), {}, [None, None]),
        ([{**UNNAMED, "executor": "shell"}], config(runner()), {}, [None]),
        ([{**UNNAMED, "executor": "shell"}], config(runner()), {"new": "one"}, [TOKEN]),
        ([{**UNNAMED, "url": "https://other.example.com"}], config(runner()), {"new": "one"}, [None]),
    ],
)
def test_a_runner_without_a_token_that_was_renamed(
    rendered: list[Tree], host_tree: Tree, renamed: dict[str, str], tokens: list[str | None]
) -> None:
    document, blockers, _ = reconcile(config(*rendered), observed(host_tree), replace(HOST, renamed=renamed))
    assert [table.get("token") for table in document["runners"]] == tokens
    assert blockers == ["no-token"] * tokens.count(None)


def equals(*runners: dict[str, Any]) -> list[dict[str, Any]]:
    """Runners of one name and url, without ids and, as the inventory has them, without tokens."""
    return [runner(token=None, **this_runner) for this_runner in runners]


A, B = {"limit": 1}, {"limit": 2, "output_limit": 9}
HAVE = config(runner(**A), runner(token=OTHER, **B))
C, D, E = {"limit": 5}, {"limit": 6}, {"limit": 7}
WHOSE = "ambiguous-runner"


@pytest.mark.parametrize(
    ("rendered", "present", "tokens", "blockers"),
    [
        ([A, B], [A, B], [TOKEN, OTHER], []),
        ([B, A], [A, B], [OTHER, TOKEN], []),  # moved, in the inventory or on the host
        ([{**A, "shell": "sh"}, {**B, "shell": "sh"}], [A, B], [TOKEN, OTHER], []),  # each is nearest to its own
        ([{**B, "shell": "sh"}, {**A, "shell": "sh"}], [A, B], [None, None], [WHOSE, WHOSE]),  # moved and changed
        ([C, D], [A, E], [None, None], [WHOSE, WHOSE]),
        ([C, E], [A, E], [TOKEN, OTHER], []),
        ([A, A], [A, A], [TOKEN, OTHER], []),
        ([A, E], [A, A], [TOKEN, OTHER], []),
        ([A, B], [B], [None, TOKEN], ["no-token"]),
        ([A, {**A, "shell": "sh"}], [E], [None, None], [WHOSE, WHOSE]),  # one has left, and nobody knows which
        ([B], [A, B], [OTHER], []),  # that the other would go is told of: drop-runner
        ([E], [A, B], [None], [WHOSE]),
        ([A, {**B, "id": 7}], [{**A, "id": 7}, B], [OTHER, TOKEN], []),  # an id says more than what it is else
    ],
)
def test_runners_of_one_name_never_get_each_others_tokens(
    rendered: list[Tree], present: list[Tree], tokens: list[str | None], blockers: list[str]
) -> None:
    have = config(*(runner(token=token, **table) for table, token in zip(present, (TOKEN, OTHER), strict=False)))
    document, texts, _ = reconcile(config(*equals(*rendered)), observed(have))
    ours = ("limit", "shell")
    of = {tuple(table.get(key) for key in ours): table.get("token") for table in document["runners"]}
    if rendered != [A, A]:
        assert [of[table.get("limit"), table.get("shell")] for table in rendered] == tokens
    else:
        assert [table["token"] for table in document["runners"]] == tokens
    assert texts == blockers


OWN = st.lists(
    st.fixed_dictionaries({"limit": st.integers(1, 2), "shell": st.sampled_from(["bash", "sh"])}),
    min_size=1,
    max_size=4,
)


@given(own=OWN, changed=st.sets(st.integers(0, 3)), data=st.data())
def test_blocks_that_were_moved_and_entries_that_were_changed_mix_no_tokens(
    own: list[dict[str, Any]], changed: set[int], data: st.DataObject
) -> None:
    """Whoever gets a token is what had it before, or that with the change."""
    tokens = [f"glrt-{letter * 20}" for letter in "abcd"[: len(own)]]
    asked = [{**table, "limit": 7 + index} if index in changed else table for index, table in enumerate(own)]
    present = data.draw(st.permutations([*zip(own, tokens, strict=True)]))
    have = config(*(runner(token=token, **table) for table, token in present))
    document, blockers, _ = reconcile(config(*equals(*asked)), observed(have))
    for table in document["runners"]:
        if token := table.get("token"):
            before = own[tokens.index(token)]
            fits = [before, *(new for old, new in zip(own, asked, strict=True) if old == before)]
            assert {key: table[key] for key in ("limit", "shell")} in fits
        else:
            assert WHOSE in blockers


def test_runners_of_one_name_get_names_of_their_own_one_by_one() -> None:
    renamed = [{**equal, "name": f"new-{index}"} for index, equal in enumerate(equals(A, B))]
    was = {"new-0": "one", "new-1": "one"}
    document, blockers, _ = reconcile(config(*renamed), observed(HAVE), replace(HOST, renamed=was))
    assert ([table["token"] for table in document["runners"]], blockers) == ([TOKEN, OTHER], [])


def test_keep_holds_the_hosts_value() -> None:
    host = Host(
        "h",
        "h",
        sections=HOST.sections,
        keep={ServiceName.GITLAB_RUNNER: ("log_level", "session_server.session_timeout")},
    )
    state = observed(config(log_level="debug", session_server={"session_timeout": 60}))
    tree, _, _ = reconcile(config(log_level="info", check_interval=9), state, host)
    assert tree["log_level"] == "debug"
    assert tree["session_server"] == {"session_timeout": 60}


def test_keep_holds_a_key_of_every_runner_and_what_the_host_has_not() -> None:
    host = Host(
        "h",
        "h",
        sections=HOST.sections,
        keep={ServiceName.GITLAB_RUNNER: ("runners.limit", "runners.docker.memory", "sentry_dsn")},
    )
    state = observed(config(runner(limit=3, docker={"memory": "2g"}), runner(name="two", token=OTHER)))
    rendered = config(
        runner(name="two", token=OTHER, limit=9),
        runner(limit=1, docker={"image": "a", "memory": "1g"}),
        sentry_dsn="https://sentry.example.com",
    )
    tree, blockers, _ = reconcile(rendered, state, host)
    assert tree["runners"] == [
        runner(name="two", token=OTHER),
        runner(docker={"image": "a", "memory": "2g"}, limit=3),
    ]
    assert "sentry_dsn" not in tree
    assert blockers == []


NAMES = st.sampled_from(["one", "two", "three"])
TOKENS = st.sampled_from([TOKEN, OTHER, None])
RUNNERS = st.lists(
    st.builds(lambda name, token, limit: runner(name=name, token=token, limit=limit), NAMES, TOKENS, st.integers(0, 2)),
    max_size=3,
)


@given(RUNNERS, RUNNERS, st.integers(1, 3))
def test_reconciling_is_idempotent_and_keeps_what_the_host_owns(
    rendered: list[Any], there: list[Any], concurrent: int
) -> None:
    state = observed({"concurrent": 2, "runners": there} if there else {"concurrent": 2})
    tree, blockers, content = reconcile({"concurrent": concurrent, "runners": rendered}, state)
    again = observed(None)
    again = HostState(files={PATH: RemoteFile(PATH, "file", content, "0600", "root:root")}, facts=again.facts)
    if "ambiguous-runner" in blockers:
        return
    assert reconcile(tree, again)[2] == content
    mine = {item.get("token") for item in tree.get("runners", [])}
    known = {item["name"] for item in rendered if not item.get("token")}
    tokens = {item["token"] for item in there if item.get("token") and item["name"] in known}
    if len({item["name"] for item in there}) == len(there) and len({item["name"] for item in rendered}) == len(
        rendered
    ):
        given_away = {item.get("token") for item in rendered}
        assert tokens - given_away <= mine
