"""The systems' own programs on the table of verdicts: which files they refuse or die of, and which they take.

dockerd and Compose run on one host, each dockerd in a network of its own; the registries and gitlab-runner need no host.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.hub import registry_argv
from tests.lab.registry3 import ensure_binary, has_go
from tests.lab.roots import BOOKWORM, ensure_root
from tests.lab.runner import ARGV, REAL, version
from tests.verdicts import (
    COMPOSE,
    DAEMON,
    DAEMON_BY_RELEASE,
    REGISTRY,
    REGISTRY_BY_RELEASE,
    RUNNER,
    Verdict,
    refused_by,
)

PATIENCE = 60
"""Seconds in which a program says that it is ready, or ends; both take one or two."""

DOCKERD = """
ip link set lo up
mkdir -p /tmp/verdicts
cd /tmp/verdicts
for file in *.json; do
  rm -rf run; mkdir run
  dockerd --config-file "$file" --data-root /tmp/verdicts/run/data --exec-root /tmp/verdicts/run/exec -p /tmp/verdicts/run/pid \
    -H unix:///tmp/verdicts/run/sock --containerd /run/containerd/containerd.sock \
    --containerd-namespace verdicts --containerd-plugins-namespace verdicts-plugins >run/log 2>&1 &
  pid=$! word=ends
  for _ in $(seq 300); do
    kill -0 $pid 2>/dev/null || break
    if [ -S run/sock ] && timeout 5 docker -H unix:///tmp/verdicts/run/sock version >/dev/null 2>&1; then
      word=starts; break
    fi
    sleep 0.2
  done
  kill $pid 2>/dev/null; wait $pid
  [ $word = starts ] || cp run/log "${file%.json}.log"
  ip link delete docker0 2>/dev/null
  echo "$file $word"
done
"""

COMPOSE_CONFIG = """
cd /tmp/verdicts
for file in *.yml; do
  if COMPOSE -p verdicts -f "$file" config -q >"${file%.yml}.log" 2>&1; then echo "$file starts"; else echo "$file ends"; fi
done
"""


def put(host: LabHost, verdicts: Sequence[Verdict], suffix: str) -> dict[str, Verdict]:
    host.run("rm -rf /tmp/verdicts; mkdir -p /tmp/verdicts")
    files = {f"{index:02}{suffix}": verdict for index, verdict in enumerate(verdicts)}
    for name, verdict in files.items():
        host.write(f"/tmp/verdicts/{name}", verdict.file.encode())
    return files


def wrong(files: Mapping[str, Verdict], output: str, version: str) -> list[str]:
    """The files of which the program, of this release, says otherwise than the table."""
    words = dict(line.split() for line in output.splitlines() if line.endswith((" starts", " ends")))
    assert words.keys() == files.keys(), output
    expected = {name: "ends" if refused_by(verdict, version) else "starts" for name, verdict in files.items()}
    return [f"{name} {words[name]}: {file.file}" for name, file in files.items() if words[name] != expected[name]]


def fail_if(problems: Sequence[str], output: str) -> None:
    if problems:
        pytest.fail("\n".join(("the program says otherwise:", *problems, output)), pytrace=False)


def dockerd(host: LabHost, verdicts: Sequence[Verdict]) -> None:
    files = put(host, verdicts, ".json")
    host.write("/tmp/verdicts.sh", DOCKERD.encode())
    completed = host.run("unshare --net --mount sh /tmp/verdicts.sh", seconds=900)
    problems = wrong(files, completed.stdout, host.versions()["docker"])
    fail_if(problems, host.run("tail -n 3 /tmp/verdicts/*.log", check=False).stdout)
    host.run("rm -rf /tmp/verdicts /tmp/verdicts.sh")


def test_dockerd_of_each_release(host: LabHost) -> None:
    dockerd(host, DAEMON_BY_RELEASE)


@pytest.mark.hosts("trixie")
def test_dockerd_and_compose(host: LabHost) -> None:
    dockerd(host, DAEMON)
    files = put(host, COMPOSE, ".yml")
    host.write("/tmp/verdicts.sh", COMPOSE_CONFIG.replace("COMPOSE", " ".join(host.compose)).encode())
    completed = host.run("sh /tmp/verdicts.sh", seconds=300)
    problems = wrong(files, completed.stdout, host.versions()["compose"])
    fail_if(problems, host.run("tail -n 3 /tmp/verdicts/*.log", check=False).stdout)
    host.run("rm -rf /tmp/verdicts /tmp/verdicts.sh")


def word_of(argv: Sequence[str], log: Path, ready: str) -> str:
    """Whether a program says that it is ready, a regular expression, or ends before."""
    with log.open("wb") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            ends = time.monotonic() + PATIENCE
            while time.monotonic() < ends:
                if re.search(ready, log.read_text(errors="replace")):
                    return "starts"
                if process.poll() is not None:
                    return "ends"
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()
    raise AssertionError(f"{argv}: neither ready nor ended: {log.read_text(errors='replace')}")


def check(folder: Path, verdicts: Sequence[Verdict], argv: Sequence[str], ready: str, version: str) -> None:
    files = {f"{index:02}": verdict for index, verdict in enumerate(verdicts)}
    lines = []
    for name, verdict in files.items():
        path = folder / f"{name}.conf"
        path.write_text(verdict.file)
        lines.append(
            f"{name} {word_of([word.replace('FILE', str(path)) for word in argv], folder / f'{name}.log', ready)}"
        )
    problems = wrong(files, "\n".join(lines), version)
    fail_if(problems, "\n".join((folder / f"{line[:2]}.log").read_text(errors="replace")[-400:] for line in problems))


def test_registry_2(tmp_path: Path) -> None:
    argv = registry_argv(ensure_root(BOOKWORM), Path("FILE"))
    check(tmp_path, (*REGISTRY, *REGISTRY_BY_RELEASE), argv, "listening on", "2.8")


if has_go():

    def test_registry_3(tmp_path: Path) -> None:
        argv = ["env", "OTEL_TRACES_EXPORTER=none", str(ensure_binary()), "serve", "FILE"]
        check(tmp_path, (*REGISTRY, *REGISTRY_BY_RELEASE), argv, "listening on", "3.0")


if REAL:

    def test_gitlab_runner(tmp_path: Path) -> None:
        argv = ["env", f"HOME={tmp_path}", *ARGV, "run", "--config", "FILE"]
        major, minor = version()
        check(tmp_path, RUNNER, argv, "Checking for jobs|marking Runner as unhealthy", f"{major}.{minor}")
