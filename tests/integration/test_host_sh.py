"""`host.sh`: when each verb succeeds, the rollback after every step, and a run that is killed anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runnerops.engine.runs.outcome import CUT_OFF
from runnerops.model.host_state import sha256
from runnerops.model.steps import Step
from runnerops.remote import protocol
from tests.integration.host_sh_runs import FILES, NEW_A, NEW_B, OLD, A, B, as_it_was, each_on_its_own, whole_run
from tests.integration.walker import HOST_SH, Walker, sh, stage, swap
from tests.shells import SH, SHELLS


@pytest.fixture(params=SHELLS, name="walker")
def fixture_walker(request: pytest.FixtureRequest, tmp_path: Path) -> Walker:
    walker = Walker(tmp_path, request.param)
    walker.put(A, OLD.decode())
    return walker


# ------------------------------------------------------------------------------------------------ verbs, true and false

VERBS = [
    (Step("guard", ("yes", "echo", "yes")), True),
    (Step("guard", ("inactive", "sh", "-c", "echo inactive; exit 3")), True),
    (Step("guard", ("yes", "echo", "no")), False),
    (Step("guard", ("yes", "no-such-command")), False),
    (Step("run", ("5", "true")), True),
    (Step("run", ("5", "false")), False),
    (Step("await", ("1", "ok", "true")), True),
    (Step("await", ("1", "=a b", "echo", "a b")), True),
    (Step("await", ("1", "=", "true")), True),
    (Step("await", ("1", "~ b", "echo", "a b c")), True),
    (Step("intend", ("docker", "restart 1 abc")), True),
    (Step("complete", ("docker",)), True),
    (Step("phase", ("docker",)), True),
    (swap(A, OLD, OLD), False),  # nothing was staged for it
    (swap(A, b"other", NEW_A), False),
    (swap(A, OLD, None), True),
    (swap("/etc/nothing", None, None), True),
    (Step("stage", ("new.1", A, "0644", "0:0", "0" * 64)), False),
]


@pytest.mark.parametrize(
    ("step", "holds"),
    VERBS,
    ids=lambda value: " ".join((value.verb, *value.args))[:40] if isinstance(value, Step) else "",
)
def test_every_verb_succeeds_and_fails_as_documented(walker: Walker, step: Step, holds: bool) -> None:
    walker.prepare([step], files={"new.1": NEW_A})
    assert walker.walk() == ("applied" if holds else "failed")


def test_a_staged_file_is_whole_private_and_beside_its_target(walker: Walker) -> None:
    walker.prepare(
        [
            stage("new.1", B, NEW_B, "0600"),
            sh(f"cp -p {walker.root}/srv/deep/er/.b.conf.runnerops.* {walker.root}/tmp/seen"),
        ],
        files={"new.1": NEW_B},
    )
    assert walker.walk() == "applied"
    seen = walker.at("/tmp/seen")
    assert seen.read_bytes() == NEW_B
    assert seen.stat().st_mode & 0o777 == 0o600
    assert walker.debris() == []


def test_owner_and_mode_are_not_set_where_others_may_put_a_link_meanwhile(walker: Walker) -> None:
    """The folder may belong to the user of CI jobs, and `chown` and `chmod` follow links."""
    walker.prepare([stage("new.1", B, NEW_B, "0640")], files={"new.1": NEW_B})
    for tool in ("chown", "chmod"):
        walker.at(f"/bin/{tool}").unlink(missing_ok=True)
        walker.put(f"/bin/{tool}", f'#!/bin/sh\necho "$*" >>{walker.root}/calls\nexec /bin/{tool} "$@"\n', 0o755)
    assert walker.walk() == "applied"
    calls = (walker.read("/calls") or "").splitlines()
    assert len(calls) == 2
    assert not [call for call in calls if str(walker.at("/srv")) in call]


def test_a_swap_gives_mode_owner_and_a_later_mtime(walker: Walker) -> None:
    future = 4_000_000_000
    os.utime(walker.at(A), (future, future))
    walker.prepare([stage("new.1", A, NEW_A, "0640"), swap(A, OLD, NEW_A)], files={"new.1": NEW_A})
    assert walker.walk() == "applied"
    stat = walker.at(A).stat()
    assert walker.read(A) == NEW_A.decode()
    assert stat.st_mode & 0o777 == 0o640
    assert stat.st_mtime > future


def test_an_edited_file_stays_also_where_the_reason_cannot_be_written(walker: Walker) -> None:
    """On a full disk the output of a step goes nowhere."""
    walker.at("/run").mkdir()
    full = sh(f"rm -f {walker.root}/run/*/out && ln -s /dev/full {walker.root}/run/runnerops-1/out")
    walker.prepare([stage("new.1", A, NEW_A), full, swap(A, b"another", NEW_A)], files={"new.1": NEW_A})
    assert walker.walk() == "failed"
    assert walker.read(A) == OLD.decode()


def test_an_edit_while_a_busy_disk_syncs_is_not_lost(walker: Walker) -> None:
    """gitlab-runner may replace its token at any time."""
    walker.prepare(*whole_run(), FILES)
    walker.at("/bin/sync").unlink(missing_ok=True)
    edit = f'#!/bin/sh\n[ "$*" != swapped ] || echo edited >{walker.at(A)}\nexec /bin/sync "$@"\n'
    walker.put("/bin/sync", edit, 0o755)
    assert walker.walk() == "rolled-back"
    assert walker.read(A) == "edited\n"
    assert (walker.folder / "swapped").read_text() == ""


def test_a_file_that_is_new_already_is_left_alone(walker: Walker) -> None:
    inode = walker.at(A).stat().st_ino
    walker.prepare([swap(A, NEW_A, OLD)])
    assert walker.walk() == "applied"
    assert walker.at(A).stat().st_ino == inode


def test_a_file_edited_meanwhile_is_not_lost(walker: Walker) -> None:
    edit = sh(f"echo edited >{walker.at(A)}")
    walker.prepare(
        [stage("new.1", A, NEW_A), edit, Step("phase", ("x",)), swap(A, OLD, NEW_A)],
        [Step("phase", ("x",)), swap(A, NEW_A, OLD)],
        {"new.1": NEW_A},
    )
    assert walker.walk() == "rolled-back"
    assert walker.read(A) == "edited\n"
    assert any("edited meanwhile" in event.text for event in walker.events())


def test_an_intent_is_on_disk_until_it_is_completed(walker: Walker) -> None:
    intents = walker.at("/var/lib/runnerops/intents/docker")
    walker.prepare(
        [
            Step("intend", ("docker", "restart 1 abc")),
            sh(f"cp {intents} {walker.root}/tmp/seen"),
            Step("complete", ("docker",)),
        ]
    )
    assert walker.walk() == "applied"
    assert walker.read("/tmp/seen") == "restart 1 abc\n"
    assert not intents.exists()


# --------------------------------------------------------------------------------------------------- the way back


LENGTH = len(whole_run()[0])


STOPPING = "#!/bin/sh\n[ $1 != is-system-running ] || echo stopping\n"
"""systemctl of a host that shuts down."""


@pytest.mark.parametrize("at", range(LENGTH))
def test_a_shutdown_ends_a_run_at_once_with_its_files_swapped_back(walker: Walker, at: int) -> None:
    """Whatever step it cuts off; nothing is acted on any more, and nothing is unfinished, for the boot loads the old files."""
    walker.prepare(*whole_run(at, "exit 1"), FILES)
    walker.put("/bin/systemctl", STOPPING, 0o755)
    swapped = any(step.verb == "swap" for step in whole_run(at)[0][:at])
    assert walker.walk() == ("rolled-back" if swapped else "shutdown")
    as_it_was(walker)
    assert [event.text for event in walker.events() if event.kind == "note"][-1] == CUT_OFF
    assert "undid" not in (walker.read("/var/lib/runnerops/runs/acts") or "")


@pytest.mark.parametrize("at", [8, 12, LENGTH])
def test_a_boot_does_not_create_containers_anew_so_their_action_is_unfinished(walker: Walker, at: int) -> None:
    """Also if their phase was completed already, because their files are swapped back like all others."""
    forward, rollback = whole_run(at, "exit 1")
    up = Step("intend", ("two", "up 1 abc"))
    forward = [up if step.verb == "intend" and step.args[0] == "two" else step for step in forward]
    rollback.insert(5, Step("intend", ("two", "up 1 any")))
    walker.prepare(forward, rollback, FILES)
    walker.put("/bin/systemctl", STOPPING, 0o755)
    assert walker.walk() == "rolled-back"
    assert (walker.read(A), walker.read(B)) == (OLD.decode(), None)
    assert walker.read("/var/lib/runnerops/intents/one") is None
    assert walker.read("/var/lib/runnerops/intents/two") == ("up 1 any\n" if at > 8 else None)


def test_a_run_that_a_shutdown_killed_is_swapped_back_too(walker: Walker) -> None:
    walker.prepare(*whole_run(8, "kill -9 $(cat holder)"), FILES)
    walker.put("/bin/systemctl", STOPPING, 0o755)
    walker.call("walk", str(walker.folder))
    assert walker.back() == "rolled-back"
    as_it_was(walker)


def test_a_run_without_a_fault_is_applied(walker: Walker) -> None:
    walker.prepare(*whole_run(), FILES)
    assert walker.walk() == "applied"
    assert (walker.read(A), walker.read(B)) == (NEW_A.decode(), NEW_B.decode())
    assert walker.debris() == []


def test_a_step_that_fails_anywhere_leaves_all_as_it_was(walker: Walker) -> None:
    def check(disk: Walker, at: int) -> None:
        forward, rollback = whole_run(at)
        disk.prepare(forward, rollback, FILES)
        begun = sum(step.verb == "phase" for step in forward[:at])
        assert (at, disk.walk()) == (at, "rolled-back" if begun else "failed")
        as_it_was(disk)
        acts = (disk.read("/var/lib/runnerops/runs/acts") or "").splitlines()
        assert [act for act in acts if act.startswith("undid")] == ["undid one", "undid two"][:begun]

    each_on_its_own(walker, LENGTH + 1, check)


KILL = "kill -9 $(cat holder)"
"""Strikes the walker in the middle of a step."""


def test_a_run_that_is_killed_at_any_step_is_rolled_back(walker: Walker) -> None:
    def check(disk: Walker, at: int) -> None:
        forward, rollback = whole_run()
        forward.insert(at, sh(KILL))
        disk.prepare(forward, rollback, FILES)
        assert (at, disk.walk()) == (at, "")
        begun = sum(step.verb == "phase" for step in forward[:at])
        assert (at, disk.back()) == (at, "rolled-back" if begun else "interrupted")
        as_it_was(disk)
        log = (disk.folder / "log").read_bytes()
        disk.back()
        assert (disk.folder / "log").read_bytes() == log

    each_on_its_own(walker, LENGTH + 1, check)


def test_a_rollback_with_a_failed_step_continues_and_needs_attention(walker: Walker) -> None:
    forward, rollback = whole_run(LENGTH)
    rollback.insert(1, sh("false"))
    walker.prepare(forward, rollback, FILES)
    assert walker.walk() == "needs-attention"
    as_it_was(walker)


MIDDLE = b"middle\n"


def sticky_run(walker: Walker, *last: Step) -> None:
    """A way back over a content in between, looked at after each of its swaps."""
    part, diagnostics = Step("phase", ("x",)), sh(f"cat {walker.at(A)} >>../seen")
    staged = [stage("old.1", A, OLD), stage("new.1", A, NEW_A), stage("mid", A, MIDDLE)]
    rollback = [part, swap(A, NEW_A, MIDDLE), diagnostics, swap(A, MIDDLE, OLD), diagnostics]
    walker.prepare([*staged, part, swap(A, OLD, NEW_A), *last], rollback, {"old.1": OLD, "new.1": NEW_A, "mid": MIDDLE})


def test_a_sticky_key_goes_back_over_a_file_in_between(walker: Walker) -> None:
    sticky_run(walker, sh("false"))
    assert walker.walk() == "rolled-back"
    assert walker.read("/var/lib/runnerops/runs/seen") == "middle\nold a\n"
    as_it_was(walker)


@pytest.mark.parametrize("now", [OLD, NEW_A, MIDDLE], ids=["not-moved-yet", "moved", "half-way-back"])
def test_the_rollback_starts_from_wherever_the_run_was_killed(walker: Walker, now: bytes) -> None:
    """Also when it was cut off between noting a swap and doing it, and when the way back itself was cut off."""
    sticky_run(walker, sh(KILL))
    assert walker.walk() == ""
    walker.put(A, now.decode())
    assert walker.back() == "rolled-back"
    as_it_was(walker)


def test_a_rollback_that_is_killed_at_any_step_can_be_repeated(walker: Walker) -> None:
    forward, rollback = whole_run(LENGTH)
    once = "[ -e ../struck ] || { : >../struck; " + KILL + "; }"

    def check(disk: Walker, at: int) -> None:
        disk.prepare(forward, [*rollback[: at + 1], sh(once), *rollback[at + 1 :]], FILES)
        assert (at, disk.walk()) == (at, "")
        assert (at, disk.back()) == (at, "rolled-back")
        as_it_was(disk)

    each_on_its_own(walker, len(rollback), check)


def test_a_run_that_was_killed_while_it_tidied_up_stays_applied(walker: Walker) -> None:
    forward, rollback = whole_run()
    walker.prepare(forward, rollback, FILES)
    assert walker.walk() == "applied"
    log = walker.folder / "log"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))
    assert walker.back() == "applied"
    assert (walker.read(A), walker.read(B)) == (NEW_A.decode(), NEW_B.decode())


def test_a_run_without_its_list_of_steps_is_not_applied(walker: Walker) -> None:
    walker.prepare([sh("true")])
    (walker.folder / "forward").unlink()
    assert walker.walk() == "failed"


# ------------------------------------------------------------------------------------------- lock, log, secrets, argv


def test_lines_with_a_secret_never_reach_the_log(walker: Walker) -> None:
    walker.prepare([sh("echo before; echo 'it is s3cr.t*!'; echo after; exit 1")], files={"secrets": b"s3cr.t*\n"})
    assert walker.walk() == "failed"
    notes = [event.text for event in walker.events() if event.kind == "note"]
    assert notes == ["before", "after"]


def test_follow_prints_the_log_from_a_byte_on(walker: Walker) -> None:
    walker.prepare([sh("echo 'for 5 \u20ac'; exit 1")])
    walker.walk()
    log = (walker.folder / "log").read_bytes()
    for byte in (0, 5, log.index("\u20ac".encode()) + 1, len(log) - 3, len(log)):
        completed = walker.call("follow", str(walker.folder), str(byte))
        assert (completed.returncode, completed.stdout) == (0, log[byte:])


def test_follow_waits_for_the_log_and_for_the_rest_of_a_line(walker: Walker) -> None:
    """What is written while it waits comes at once, whole lines only, and the end ends it."""
    walker.prepare([sh("true")])
    walker.put("/bin/systemctl", "#!/bin/sh\necho active\n", 0o755)
    log = walker.folder / "log"
    following = walker.begin("follow", str(walker.folder), "3")
    assert following.stdout
    log.write_text("1.0\t\t-1\tnote\tclock 1\n2.0\tforward\t0\tst")
    assert following.stdout.readline() == b"\t\t-1\tnote\tclock 1\n"
    for text, expected in (
        ("ep\t\n", b"2.0\tforward\t0\tstep\t\n"),
        ("3.0\t\t-1\tend\tfailed\n", b"3.0\t\t-1\tend\tfailed\n"),
    ):
        with log.open("a") as file:
            file.write(text)
        assert following.stdout.readline() == expected
    assert following.communicate(timeout=20)[0] == b""
    assert following.returncode == 0


def test_follow_sees_by_the_file_of_a_unit_that_the_run_goes_on(walker: Walker) -> None:
    """Systemd is not asked, whose answer costs its host more, until that file is gone."""
    walker.prepare([sh("true")])
    walker.put("/bin/systemctl", '#!/bin/sh\necho asked >>"$RUNNEROPS_ROOT/asked"\necho inactive\n', 0o755)
    unit = f"/run/systemd/transient/runnerops-{walker.folder.name}.service"
    walker.put(unit, "")
    following = walker.begin("follow", str(walker.folder), "0")
    with pytest.raises(subprocess.TimeoutExpired):  # it looks for the file twice a second
        following.wait(1.5)
    assert not walker.at("/asked").exists()
    walker.at(unit).unlink()
    assert following.wait(timeout=20) == protocol.NO_END
    assert walker.at("/asked").exists()
    following.communicate()


def test_following_a_run_that_is_over_without_an_end(walker: Walker) -> None:
    walker.prepare([sh("true")])
    (walker.folder / "log").write_bytes(b"1.0\t\t-1\tnote\tclock 1\n")
    completed = walker.call("follow", str(walker.folder), "0")
    assert completed.returncode == protocol.NO_END
    assert completed.stdout == b"1.0\t\t-1\tnote\tclock 1\n"


def test_events_have_the_hosts_time(walker: Walker) -> None:
    walker.prepare([sh("true")])
    before = walker.folder.stat().st_mtime
    walker.walk()
    assert all(abs(event.at - before) < 30 for event in walker.events())


FIELD = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="\x7f", exclude_categories=["Cs"]), min_size=1, max_size=12
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        FIELD | st.sampled_from(["*", "$HOME", "`id`", "a b", "-n", "'", '"', "\\", "~", "#x", "!x", "é"]),
        min_size=1,
        max_size=5,
    )
)
def test_arguments_reach_commands_unchanged(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    walker = Walker(tmp_path_factory.mktemp("root"), SH)
    walker.prepare([sh(r'for word; do printf "%s\n" "$word"; done >seen', *words)])
    assert walker.walk() == "applied"
    assert (walker.folder / "seen").read_text().removesuffix("\n").split("\n") == words


def test_it_is_posix_sh() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")  # the project's own; its folder need not be in PATH
    completed = subprocess.run(
        [shellcheck, "--shell=sh", HOST_SH, HOST_SH.with_name("observe.sh")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout


def test_the_shas_are_those_of_the_plan(walker: Walker) -> None:
    assert sha256(None) == "absent"
    walker.prepare([Step("guard", (f"{sha256(OLD)}  {walker.at(A)}", "sha256sum", str(walker.at(A))))])
    assert walker.walk() == "applied"


def test_what_a_run_that_lost_its_power_left_is_cleared_by_the_next(walker: Walker) -> None:
    walker.prepare([stage("new.1", A, NEW_A)], files={"new.1": NEW_A})
    left = walker.at("/etc") / f".a.conf.runnerops.{sha256(NEW_A)[:12]}"
    left.write_bytes(NEW_A)
    following = Walker(walker.root, walker.shell, 2)
    following.prepare([sh("true")])
    assert following.walk() == "applied"
    assert not left.exists()


# ------------------------------------------------------------------------------------------------------- a full disk


def test_what_commands_print_and_note_needs_no_disk_where_there_is_run(walker: Walker) -> None:
    walker.at("/run").mkdir()
    noted = sh('cd "$RUNNEROPS_SCRATCH" && echo x >noted')
    read = ("sh", "-c", 'cat "$RUNNEROPS_SCRATCH/noted"')
    walker.prepare([noted, Step("await", ("1", "=x", *read)), Step("guard", ("x", *read)), sh("[ -s forward ]")])
    for name in ("out", "err", "noted"):
        (walker.folder / name).mkdir()  # nothing could be written there
    assert walker.walk() == "applied"
    assert list(walker.at("/run").iterdir()) == []


def test_a_run_begins_only_where_there_is_room_for_its_log(walker: Walker) -> None:
    forward, rollback = whole_run()
    walker.prepare(forward, rollback, FILES)
    (walker.folder / "reserve").mkdir()
    completed = walker.call("walk", str(walker.folder))
    assert completed.returncode == 0
    assert walker.end() == "failed"
    assert any("no space left" in event.text for event in walker.events())
    as_it_was(walker)


def test_the_disk_space_reserved_for_the_log_is_freed(walker: Walker) -> None:
    walker.prepare([sh('[ "$(wc -c <reserve)" = 65536 ]')])
    assert walker.walk() == "applied"
    assert not (walker.folder / "reserve").exists()


# ------------------------------------------------------------------------------------------------ words for a person


def notes(walker: Walker) -> list[str]:
    return [event.text for event in walker.events() if event.kind == "note"]


def test_a_successful_step_may_write_a_note(walker: Walker) -> None:
    walker.prepare([sh('echo "not observable" >"$RUNNEROPS_SCRATCH/notes"'), sh("true")])
    assert walker.walk() == "applied"
    assert notes(walker) == ["not observable"]
    assert walker.events()[1].step == 0


LOOK = protocol.encode(
    [
        Step("phase", ("one",)),
        sh("echo one says"),
        Step("phase", ("two",)),
        sh("echo two says s3cret; echo more; false"),
    ]
)


def test_diagnostics_of_a_service_are_logged_when_a_step_of_its_phase_fails(walker: Walker) -> None:
    forward = [Step("phase", ("one",)), sh("true"), Step("phase", ("two",)), sh("echo why; false")]
    walker.prepare(forward, [Step("phase", ("one",)), sh("true")], {"diagnostics": LOOK, "secrets": b"s3cret\n"})
    assert walker.walk() == "rolled-back"
    assert notes(walker) == ["why", "more"]


def test_when_a_rollback_fails_all_begun_phases_are_diagnosed(walker: Walker) -> None:
    forward = [Step("phase", ("one",)), Step("phase", ("two",)), sh("echo why; false")]
    walker.prepare(forward, [Step("phase", ("one",)), sh("echo stuck; false")], {"diagnostics": LOOK})
    assert walker.walk() == "needs-attention"
    assert notes(walker) == ["why", "two says s3cret", "more", "stuck", "one says", "two says s3cret", "more"]


def test_before_the_first_phase_there_are_no_diagnostics(walker: Walker) -> None:
    walker.prepare([sh("echo why; false")], files={"diagnostics": LOOK})
    assert walker.walk() == "failed"
    assert notes(walker) == ["why"]


MUTE = [
    (sh("exit 3"), "exit status 3, and it printed nothing"),
    (Step("guard", ("yes", "sh", "-c", "exit 4")), "exit status 4, and it printed nothing"),
    (Step("await", ("1", "=yes", "sh", "-c", "exit 5")), "exit status 5, and it printed nothing"),
    (Step("stage", ("new.1", A, "0644", "0:0", "0" * 64)), "/etc/.a.conf.runnerops.000000000000 is not what was sent"),
    (Step("stage", ("none", A, "0644", "0:0", "0" * 64)), "No such file or directory"),
    (swap(A, OLD, NEW_A), "is not what was staged"),
    (swap(A, b"other", NEW_A), "/etc/a.conf was edited meanwhile"),
    (Step("complete", ("a-folder",)), "directory"),
    (Step("intend", ("no-room", "reload 1 abc")), "directory"),
]


@pytest.mark.parametrize(("step", "why"), MUTE, ids=lambda value: value.verb if isinstance(value, Step) else "")
def test_every_step_that_does_not_hold_says_why(walker: Walker, step: Step, why: str) -> None:
    for name in ("a-folder", ".no-room"):
        walker.at(f"/var/lib/runnerops/intents/{name}").mkdir(parents=True)
    walker.prepare([step], files={"new.1": NEW_A})
    assert walker.walk() == "failed"
    assert any(why in note for note in notes(walker)), notes(walker)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, which takes nothing, as a full disk")
@pytest.mark.parametrize("what", ["swapped", "begun"])
def test_a_full_disk_is_named_by_what_records_how_far_a_run_is(walker: Walker, what: str) -> None:
    part, change = Step("phase", ("one",)), [stage("new.1", A, NEW_A), swap(A, OLD, NEW_A)]
    walker.prepare([*change, part] if what == "begun" else [*change[:1], part, change[1]], [part], {"new.1": NEW_A})
    (walker.folder / what).symlink_to("/dev/full")
    walker.walk()
    shown_notes = notes(walker)
    assert any("No space left on device" in note for note in shown_notes), shown_notes
    assert any(note.endswith(f"/{what} cannot be written") for note in shown_notes), shown_notes


def test_where_no_other_record_can_be_written_the_older_one_will_do_in_the_rollback(walker: Walker) -> None:
    part, intents = Step("phase", ("one",)), Step("intend", ("one", "restart 1 any"))
    full = sh(f"mkdir {walker.at('/var/lib/runnerops/intents/.one')}; false")  # nothing can be written there
    walker.prepare([part, Step("intend", ("one", "reload 1 abc")), full], [part, intents])
    walker.call("walk", str(walker.folder))  # and complains
    assert walker.end() == "rolled-back"
    assert walker.read("/var/lib/runnerops/intents/one") == "reload 1 abc\n"


def test_an_intent_that_a_power_cut_left_half_written_is_removed_by_the_next_run(walker: Walker) -> None:
    folder = walker.at("/var/lib/runnerops/intents")
    folder.mkdir(parents=True)
    (folder / ".other").write_text("reload 1")
    (folder / "other").write_text("reload 1 abc\n")
    walker.prepare(*whole_run(), FILES)
    assert walker.walk() == "applied"
    assert [path.name for path in folder.iterdir()] == ["other"]


def test_a_way_back_that_can_owe_nothing_asks_for_a_person(walker: Walker) -> None:
    part, intents = Step("phase", ("one",)), Step("intend", ("one", "restart 1 any"))
    full = sh(f"mkdir -p {walker.at('/var/lib/runnerops/intents/.one')}; false")
    walker.prepare([part, full], [part, intents])
    walker.call("walk", str(walker.folder))
    assert walker.end() == "needs-attention"
