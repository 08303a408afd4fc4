"""The script that asks a cache from a container, before Docker restarts and after it, under each shell."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runnerops.services.scripts import content
from runnerops.services.shared import ways
from tests.shells import SHELLS
from tests.unit.services.builders import (
    BRIDGE,
)

OWN = f"http://{BRIDGE}:5000"


GUEST = "41"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("guest", "runs", "way", "before", "after", "status", "says", "expected"),
    [
        (GUEST, "", "bridge", "", "", 0, "", ""),
        (GUEST, "", "bridge", "", "drop", 1, "why\nmore\n", ""),
        (GUEST, "", "bridge", "drop", "drop", 0, "", "before the deploy none did, or none ran"),
        ("", "", "any", "", "", 0, "", "before the deploy none did, or none ran"),
        ("", "network=bridge 41 default", "bridge", "", "drop", 1, "why\nmore\n", ""),
        ("", "status=running 41 runnerops_default", "bridge", "", "", 0, "", "before the deploy none did, or none ran"),
        ("", "status=running 41 runnerops_default", "any", "", "drop", 1, "why\nmore\n", ""),
        ("", "status=running 41 host", "any", "", "", 0, "", "before the deploy none did, or none ran"),
        ("", "status=running 41 internal", "any", "", "", 0, "", "before the deploy none did, or none ran"),
        ("", "network=bridge 0 default", "any", "", "", 0, "", "before the deploy none did, or none ran"),
    ],
)
def test_a_cache_that_containers_reached_before_must_be_reached_after(
    shell: tuple[str, ...],
    guest: str,
    runs: str,
    way: str,
    before: str,
    after: str,
    status: int,
    says: str,
    expected: str,
    tmp_path: Path,
) -> None:
    call = scripted(tmp_path, shell, guest, runs)
    assert call("--note", way, before).returncode == 0
    completed = call("--compare", way, after, "why", "more")
    assert (completed.returncode, completed.stdout) == (status, says)
    tell = tmp_path / "notes"
    assert expected in (tell.read_text() if tell.exists() else "")
    assert tell.exists() is bool(expected)


@pytest.mark.parametrize("shell", SHELLS)
def test_report_writes_a_note_and_does_not_fail(shell: tuple[str, ...], tmp_path: Path) -> None:
    call = scripted(tmp_path, shell, GUEST, "")
    completed = call("--report", "bridge", "drop", "why", "more")
    assert (completed.returncode, completed.stdout) == (0, "")
    assert (tmp_path / "notes").read_text() == "why\nmore\n"
    (tmp_path / "notes").unlink()
    assert call("--report", "bridge", "", "why").returncode == 0
    assert not (tmp_path / "notes").exists()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("guest", "status", "says", "expected"),
    [(GUEST, 1, "why\n", ""), ("", 0, "", "no container could be started for the check: no sleep in image3")],
)
def test_every_present_image_is_tried_once_for_a_container(
    shell: tuple[str, ...], guest: str, status: int, says: str, expected: str, tmp_path: Path
) -> None:
    completed = scripted(tmp_path, shell, guest, "")("--verify", "bridge", "drop", "why")
    assert (completed.returncode, completed.stdout) == (status, says)
    tell = tmp_path / "notes"
    assert expected in (tell.read_text() if tell.exists() else "")
    images = (tmp_path / "begun").read_text().split()
    assert images == (["own"] if guest else ["own", "image1", "image2", "image3"])  # each once, and not for ever
    assert (tmp_path / "removed").exists() is bool(guest)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("url", "asks"),
    [
        (OWN, ""),
        ("http://far:5000", " --resolve far:5000:192.0.2.7 --resolve far:80:192.0.2.7 --resolve far:443:192.0.2.7"),
        ("https://far", " --resolve far:80:192.0.2.7 --resolve far:443:192.0.2.7"),
        ("http://nobody:5000", ""),
        ("http://localhost:5000", ""),
        ("http://[2001:db8::1]:5000", ""),
    ],
)
def test_a_name_is_asked_for_at_the_address_that_the_host_knows(
    shell: tuple[str, ...], url: str, asks: str, tmp_path: Path
) -> None:
    """A resolver on the host's loopback does not answer in the network of a container, which has another."""
    assert scripted(tmp_path, shell, GUEST, "")("--verify", "bridge", "", "why", url=url).returncode == 0
    assert (tmp_path / "asked").read_text() == f"-t {GUEST} -n curl {url}{asks}\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_name_that_is_the_hosts_own_loopback_shows_nothing_and_fails_nothing(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    """Containers do not read the host's /etc/hosts."""
    call = scripted(tmp_path, shell, GUEST, "")
    assert call("--verify", "bridge", "drop", "why", url="http://own:5000").returncode == 0
    assert (tmp_path / "notes").read_text().endswith("on the host itself, own is 127.0.1.1\n")
    assert call("--note", "bridge", "", url="http://own:5000").returncode == 0
    assert (tmp_path / "unreached.c").exists()
    assert not (tmp_path / "begun").exists()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("guest", "runs", "drops", "status", "expected"),
    [
        (GUEST, "", "", 0, ""),
        (GUEST, "", "drop", 1, ""),
        ("", "network=ci 41 ci", "drop", 1, ""),
        ("", "network=bridge 41 default", "", 0, "no container could be started"),
        ("", "status=running 41 other", "", 0, "no container could be started"),
    ],
)
def test_a_network_of_jobs_is_asked_from_in_place_of_the_default_bridge(
    shell: tuple[str, ...], guest: str, runs: str, drops: str, status: int, expected: str, tmp_path: Path
) -> None:
    completed = scripted(tmp_path, shell, guest, runs)("--verify", "network:ci", drops, "why")
    assert (completed.returncode, completed.stdout) == (status, "why\n" if status else "")
    assert (tmp_path / "network").read_text() == "ci\n"
    tell = tmp_path / "notes"
    assert expected in (tell.read_text() if tell.exists() else "")
    assert tell.exists() is bool(expected)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_network_that_is_not_there_shows_nothing_and_fails_nothing(shell: tuple[str, ...], tmp_path: Path) -> None:
    call = scripted(tmp_path, shell, GUEST, "")
    assert call("--verify", "network:none-such", "drop", "why").returncode == 0
    assert (tmp_path / "notes").read_text().endswith(": there is no network none-such\n")
    assert call("--note", "network:none-such", "").returncode == 0
    assert (tmp_path / "unreached.c.none-such").exists()
    assert not (tmp_path / "begun").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_container_that_ends_while_it_is_asked_from_shows_nothing(shell: tuple[str, ...], tmp_path: Path) -> None:
    """As those of jobs do."""
    call = scripted(tmp_path, shell, "", "network=bridge 41 default")
    completed = call("--verify", "bridge", "ends", "why")
    assert (completed.returncode, completed.stdout) == (0, "")
    assert (tmp_path / "notes").read_text().endswith(": the container from which it was checked has ended\n")


def scripted(
    tmp_path: Path, shell: tuple[str, ...], guest: str, runs: str
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The script, and a docker with a cache, three images besides, and perhaps a guest or a container that runs."""
    tools = tmp_path / "bin"
    tools.mkdir()
    filters, _, containers = runs.partition(" ")
    for name, text in {
        "docker": f"""case $1 in
          ps) [ ! -e ended ] || exit 0
            case $* in *service=c*) echo id1 ;; *={filters.rpartition("=")[2] or "none"}*) echo id2 ;; esac ;;
          network) case $3 in none-such) exit 1 ;; esac; case $5 in internal) echo true ;; *) echo false ;; esac ;;
          image) for i in 1 2 3 4 5; do echo image$i; done ;;
          run) echo "$7" >network; shift 11; echo "$1" >>begun
            if [ "{guest}" ]; then echo guest; else echo "no sleep in $1" >&2; exit 127; fi ;;
          rm) [ "$2" = -fv ] && echo "$3" >>removed ;;
          inspect) case $5$6 in *Image*) echo own ;; *guest) echo {guest} ;; *id2) echo "{containers}" ;; *) exit 1 ;; esac ;;
        esac""",
        "nsenter": 'echo "$*" >>asked; [ "$DROPS" != ends ] || : >ended; [ "$2" = 41 ] || exit 9; [ -z "$DROPS" ]',
        "getent": '[ "$1" = ahostsv4 ] && case $2 in far) echo "192.0.2.7 STREAM far" ;; own) echo "127.0.1.1  STREAM" ;; esac',
        "sleep": ":",
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    script = tmp_path / ways.SCRIPT
    script.write_bytes(content(ways.SCRIPT))

    def call(what: str, way: str, drops: str, *texts: str, url: str = OWN) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": f"{tools}:/usr/bin:/bin", "RUNNEROPS_SCRATCH": str(tmp_path), "DROPS": drops}
        command = [*shell, str(script), what, "c", url, way, *texts, "--", "curl", url]
        return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)

    return call
