"""Many hosts: their order, which are held back, and the exit code for all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from runnerops.engine.exit_codes import exit_of
from runnerops.engine.runs.scheduling import HoldReason, HostTask, Judge, PriorRounds, run_in_order
from runnerops.engine.threads import side_by_side
from runnerops.model.common import Exit, Result
from runnerops.model.rollout import Rollout

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


def _held_for(name: str, whom: str, why: HoldReason) -> str:
    assert name
    return f"held for {whom}" + (f" ({why})" if why in {"canary", "failures"} else "")


def _is_done(result: object) -> bool:
    return result == "done"


DONE: Judge[str] = Judge(_is_done)


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
    results = run_in_order(tasks, _held_for, DONE)
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
    assert run_in_order(tasks, _held_for, DONE)["client"] == "done"


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

    run_in_order({str(n): HostTask(work, disturbs=True) for n in range(8)}, _held_for, Judge(lambda _: True))
    assert most == 2


@pytest.mark.parametrize(("quiet", "lasting"), [(4, False), (0, True), (4, True), (0, False)])
def test_a_drain_that_goes_on_by_itself_counts_for_the_share(quiet: int, lasting: bool) -> None:
    """Of eight hosts two may be disturbed at a time: with both taken for good the others are held, a quiet one is not."""
    tasks = {f"quiet-{n}": HostTask(lambda: "done") for n in range(quiet)}
    tasks |= {f"host-{n}": HostTask(lambda: "going on" if lasting else "done", disturbs=True) for n in range(8)}
    results = run_in_order(tasks, _held_for, Judge(lambda _: True, lambda result: result == "going on"))
    texts = [str(result) for result in results.values()]
    assert sum(text.startswith("held for host-") for text in texts) == (6 if lasting else 0)
    assert texts.count("going on") == (2 if lasting else 0)
    assert texts[:quiet] == ["done"] * quiet


class Fleet:
    """Hosts whose runs are noted as they begin and end; those in `bad` fail."""

    def __init__(self, bad: str = "") -> None:
        self.events: list[str] = []
        self.times: dict[str, float] = {}
        self._bad = bad.split()
        self._lock = threading.Lock()

    def work(self, name: str) -> str:
        with self._lock:
            self.events.append(f"+{name}")
            self.times[f"+{name}"] = time.monotonic()
        time.sleep(0.01)
        with self._lock:
            self.events.append(f"-{name}")
            self.times[f"-{name}"] = time.monotonic()
        return "failed" if name in self._bad else "done"

    def roll(
        self, names: str, rollout: Rollout, quiet: str = "", after: dict[str, set[str]] | None = None
    ) -> dict[str, str]:
        """Those of `quiet` disturb nobody; `after` has the hosts whose caches others use."""
        tasks = {
            name: HostTask(
                partial(self.work, name), frozenset((after or {}).get(name, ())), disturbs=name not in quiet.split()
            )
            for name in names.split()
        }
        judge: Judge[str] = Judge(_is_done, failed=lambda result: result == "failed")
        return {name: str(result) for name, result in run_in_order(tasks, _held_for, judge, rollout).items()}

    @property
    def begun(self) -> list[str]:
        return [event[1:] for event in self.events if event.startswith("+")]


def test_a_batch_ends_before_the_next_begins_where_health_is_asked() -> None:
    fleet = Fleet()
    fleet.roll("a b c d", Rollout(batch="2", health=True))
    assert {event[1:] for event in fleet.events[:4]} == {"a", "b"}


@pytest.mark.parametrize("bad", ["", "a", "b", "c", "d", "e", "b d"])
def test_after_a_failure_the_rest_is_untouched(bad: str) -> None:
    """One at a time, in order; a host that fails is the last one begun."""
    fleet = Fleet(bad)
    results = fleet.roll("a b c d e", Rollout(batch="1"))
    first = bad.split()[:1]
    until = "abcde".index(first[0]) + 1 if first else 5
    assert fleet.begun == list("abcde"[:until])
    assert [results[name] for name in "abcde"[until:]] == [f"held for {bad[:1]} (failures)"] * (5 - until)


@pytest.mark.parametrize(
    ("after", "begun", "by_name"),
    [
        ({}, "b c d a", {"a": "failed", "b": "done", "c": "done", "d": "done"}),
        ({"b": {"a"}}, "c d a", {"a": "failed", "b": "held for a", "c": "done", "d": "done"}),
    ],
    ids=["alone", "with a cache that another uses"],
)
def test_a_canary_that_cannot_be_mended_goes_last(
    after: dict[str, set[str]], begun: str, by_name: dict[str, str]
) -> None:
    fleet = Fleet("a")
    assert fleet.roll("a b c d", Rollout(batch="1", last="a"), after=after) == by_name
    assert fleet.begun == begun.split()


def test_more_failures_may_be_allowed() -> None:
    results = Fleet("a c").roll("a b c d e", Rollout(batch="1", max_failures=2))
    assert list(results.values()) == [
        "failed",
        "done",
        "failed",
        "held for a, c (failures)",
        "held for a, c (failures)",
    ]


@pytest.mark.parametrize(("end", "third"), [("failed", "held for a (failures)"), ("done", "done")])
def test_nobody_begins_while_a_host_is_rolled_back_that_may_end_the_deploy(end: str, third: str) -> None:
    """`a` has failed already when `b` ends, but is not back yet. Only its end decides about `c`."""
    b_has_ended, begun, failing = threading.Event(), list[str](), set[str]()

    def failed(result: object) -> bool:
        if result == "done of b":
            b_has_ended.set()
        return result == "failed"

    def slow() -> str:
        assert b_has_ended.wait(30)
        begun.append("a is over")
        return end

    def quick() -> str:
        failing.add("a")
        return "done of b"

    def third_one() -> str:
        begun.append("c")
        return "done"

    judge: Judge[str] = Judge(lambda _: True, failed=failed, failing=failing.__contains__)
    works = {"a": slow, "b": quick, "c": third_one}
    tasks = {name: HostTask(work, disturbs=True) for name, work in works.items()}
    assert run_in_order(tasks, _held_for, judge, Rollout(batch="2"))["c"] == third
    assert begun == ["a is over", "c"][: 1 + (third == "done")]


@pytest.mark.parametrize(
    ("earlier", "most", "found"),
    [
        (PriorRounds(("x",)), 1, ["held for x (failures)"] * 3),
        (PriorRounds(("x",)), 2, ["failed", "held for x, a (failures)", "held for x, a (failures)"]),
        (PriorRounds(lasting=("x",), disturbing=4), 9, ["held for x"] * 3),
        (PriorRounds(lasting=("x",), disturbing=8), 9, ["failed", "done", "done"]),
    ],
    ids=["stopped before", "stops now", "a quarter drains on", "half of it"],
)
def test_what_rounds_before_left_counts_in_the_next(earlier: PriorRounds, most: int, found: list[str]) -> None:
    """Hosts that met another run are planned anew; the limits are those of the whole deploy."""
    judge: Judge[str] = Judge(_is_done, failed=lambda result: result == "failed")
    results = {"a": "failed", "b": "done", "c": "done"}
    tasks = {name: HostTask(partial(str, result), disturbs=True) for name, result in results.items()}
    rollout = Rollout(batch="1" if most < 9 else "25%", max_failures=most)
    assert list(run_in_order(tasks, _held_for, judge, rollout, earlier).values()) == found


@pytest.mark.parametrize(
    ("batch", "hosts", "most"), [("25%", 8, 2), ("25%", 3, 1), ("50%", 8, 4), ("100%", 5, 5), ("3", 8, 3), ("9", 2, 9)]
)
def test_how_many_are_disturbed_at_a_time(batch: str, hosts: int, most: int) -> None:
    assert Rollout(batch=batch).at_once(hosts) == most


@pytest.mark.parametrize("pause", [0, 0.2])
def test_the_canary_goes_first_after_what_it_needs_itself(pause: float) -> None:
    """With a pause behind it, and behind each batch; what disturbs nobody waits for the canary too, and for no batch."""
    fleet = Fleet()
    rollout = Rollout(canary="canary", batch="2", pause_s=pause)  # type: ignore[arg-type]  # users say whole seconds
    results = fleet.roll("x a b c d canary cache", rollout, quiet="x cache", after={"canary": {"cache"}})
    assert set(results.values()) == {"done"}
    assert fleet.events[:4] == ["+cache", "-cache", "+canary", "-canary"]
    starts = sorted(fleet.times[f"+{name}"] - fleet.times["-canary"] for name in "abcd")
    assert fleet.times["+x"] - fleet.times["-canary"] >= pause
    assert starts[0] >= pause
    if pause:
        assert starts[1] < starts[2] - pause / 2


@pytest.mark.parametrize("bad", ["canary", "cache"])
def test_a_bad_canary_leaves_all_others_alone(bad: str) -> None:
    fleet = Fleet(bad)
    results = fleet.roll("x a canary cache", Rollout(canary="canary"), quiet="x cache", after={"canary": {"cache"}})
    assert fleet.begun == ["cache", "canary"][: 2 if bad == "canary" else 1]
    assert results["x"] == results["a"]
    assert results["x"].startswith("held for canary")


def test_a_canary_that_is_no_target_or_has_nothing_to_do_holds_back_nobody() -> None:
    assert Fleet().roll("a b", Rollout(canary="elsewhere")) == {"a": "done", "b": "done"}
    tasks = {"canary": HostTask(lambda: "done", changes=False), "a": HostTask(lambda: "done", disturbs=True)}
    assert set(run_in_order(tasks, _held_for, DONE, Rollout(canary="canary", pause_s=60)).values()) == {"done"}


def test_a_run_in_progress_is_followed_at_once_and_counts_for_the_share() -> None:
    """Neither a canary nor a failure holds it back: it was begun long ago."""
    barrier, begun = threading.Barrier(3, timeout=20), list[str]()

    def follow() -> str:
        barrier.wait()
        return "done"

    def begin(name: str) -> str:
        begun.append(name)
        return "failed"

    tasks = {name: HostTask(follow, disturbs=True, already_running=True) for name in ("x", "y", "z")}
    tasks |= {name: HostTask(partial(begin, name), disturbs=True) for name in ("canary", "a")}
    judge: Judge[str] = Judge(_is_done, failed=lambda result: result == "failed")
    results = run_in_order(tasks, _held_for, judge, Rollout(canary="canary", batch="1"))
    assert results == {
        "x": "done", "y": "done", "z": "done", "canary": "failed", "a": "held for canary (canary)",
    }  # fmt: skip
    assert begun == ["canary"]


@pytest.mark.parametrize(("bad", "most", "told"), [("", 1, [4, 2]), ("canary", 1, []), ("a", 1, [4]), ("a", 2, [4, 2])])
def test_a_pause_is_reported_with_how_many_hosts_come_after_it(bad: str, most: int, told: list[int]) -> None:
    pauses = list[tuple[float, int]]()
    rollout = Rollout("canary", "2", most, 0.01)  # type: ignore[arg-type]  # users say whole seconds
    judge: Judge[str] = Judge(_is_done, failed=lambda one: one == "failed", pauses=lambda *said: pauses.append(said))
    tasks = {
        name: HostTask(partial(str, "failed" if name == bad else "done"), disturbs=True)
        for name in ("canary", "a", "b", "c", "d")
    }
    run_in_order(tasks, _held_for, judge, rollout)
    assert pauses == [(0.01, left) for left in told]
