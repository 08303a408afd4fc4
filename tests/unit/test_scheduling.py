"""Many hosts: order, holding back, and the exit code of them all."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from runnerops.engine.scheduling import HostTask, exit_of, in_order, side_by_side
from runnerops.model.common import Exit, Result

R = Result


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([], Exit.OK),
        ([R.UNCHANGED, R.APPLIED], Exit.OK),
        ([R.PENDING, R.UNCHANGED], Exit.PENDING),
        ([R.IN_PROGRESS], Exit.PENDING),
        ([R.PENDING, R.REFUSED], Exit.FAILED),
        ([R.SKIPPED], Exit.FAILED),
        ([R.LOCKED], Exit.FAILED),
        ([R.UNREACHABLE, R.ROLLED_BACK], Exit.ROLLED_BACK),
        ([R.FAILED], Exit.FAILED),
        ([R.ROLLED_BACK, R.NEEDS_ATTENTION], Exit.NEEDS_ATTENTION),
        ([R.UNKNOWN, R.APPLIED], Exit.NEEDS_ATTENTION),
    ],
)
def test_the_worst_result_is_the_exit_code(results: list[Result], code: Exit) -> None:
    assert exit_of(results) is code


def test_every_result_has_an_exit_code() -> None:
    assert all(exit_of([result]) in Exit for result in Result)


def test_one_hosts_exception_is_its_own() -> None:
    def work(name: str) -> str:
        if name == "b":
            raise OSError("down")
        return name.upper()

    results = side_by_side(["a", "b", "c"], work)
    assert list(results) == ["a", "b", "c"]
    assert (results["a"], results["c"]) == ("A", "C")
    assert isinstance(results["b"], OSError)


def _go(after: dict[str, set[str]], bad: frozenset[str] = frozenset()) -> tuple[list[str], dict[str, object]]:
    order: list[str] = []

    def work(name: str) -> Callable[[], str]:
        def run() -> str:
            order.append(name)
            if name in bad:
                raise OSError(name)
            return "done"

        return run

    tasks = {name: HostTask(work(name), frozenset(before)) for name, before in after.items()}
    results = in_order(tasks, lambda name, whom: f"held for {whom}", lambda result: result == "done")
    return order, dict(results)


def test_a_cache_goes_before_those_who_use_it() -> None:
    order, results = _go({"client": {"cache"}, "cache": set()})
    assert order == ["cache", "client"]
    assert set(results.values()) == {"done"}


def test_a_failed_cache_holds_back_its_clients_and_no_one_else() -> None:
    order, results = _go({"client": {"cache"}, "cache": set(), "other": set()}, bad=frozenset({"cache"}))
    assert sorted(order) == ["cache", "other"]
    assert results["client"] == "held for cache"
    assert results["other"] == "done"


def test_a_client_that_has_no_need_of_the_failed_cache_goes_after_it_all_the_same() -> None:
    def fail() -> str:
        raise OSError("down")

    tasks = {"cache": HostTask(fail), "client": HostTask(lambda: "done", frozenset({"cache"}), frozenset())}
    assert in_order(tasks, lambda *_: "held", lambda result: result == "done")["client"] == "done"


def test_a_host_that_is_no_target_holds_back_nobody() -> None:
    assert _go({"client": {"elsewhere"}})[1] == {"client": "done"}


def test_hosts_in_a_circle_all_get_their_turn() -> None:
    assert sorted(_go({"a": {"b"}, "b": {"a"}})[0]) == ["a", "b"]


def test_only_a_share_of_the_fleet_is_disturbed_at_a_time() -> None:
    lock, now, most = threading.Lock(), 0, 0
    barrier = threading.Barrier(2, timeout=5)

    def work() -> str:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        barrier.wait()
        with lock:
            now -= 1
        return "done"

    in_order({str(n): HostTask(work, disturbs=True) for n in range(8)}, lambda *_: "held", lambda _: True)
    assert most == 2


@pytest.mark.parametrize(("quiet", "lasting"), [(4, False), (0, True), (4, True), (0, False)])
def test_a_drain_that_goes_on_by_itself_counts_for_the_share(quiet: int, lasting: bool) -> None:
    """Of eight hosts two may be disturbed at a time: with both taken for good the others are held, a quiet one is not."""
    tasks = {f"quiet-{n}": HostTask(lambda: "done") for n in range(quiet)}
    tasks |= {f"host-{n}": HostTask(lambda: "going on" if lasting else "done", disturbs=True) for n in range(8)}
    found = in_order(tasks, lambda name, whom: f"held by {whom}", lambda _: True, lambda result: result == "going on")
    said = [str(result) for result in found.values()]
    assert sum(text.startswith("held by host-") for text in said) == (6 if lasting else 0)
    assert said.count("going on") == (2 if lasting else 0)
    assert said[:quiet] == ["done"] * quiet
