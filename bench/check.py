"""What `check` costs, as ratios against a bare interpreter that imports PyYAML: the machine's own speed cancels out.

Processor time of whole processes, medians of pairs taken in turn; no host and no network. `python bench/check.py --runs 15`.
Fails on nothing, since a time is no test. Aims on an idle machine: 200 hosts under 1.5 s, a single file under 0.3 s,
`--help` under 0.1 s.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HEAD = """
defaults:
  docker: {live-restore: true, log-driver: json-file, log-opts: {max-size: 10m, max-file: "3"}}
groups:
  builders:
    gitlab_runner:
      concurrent: 8
      runners:
        - {name: "{host}-docker", url: https://gitlab.example.com, executor: docker, token: !env TOKEN,
           docker: {image: "alpine:3", privileged: true, volumes: [/cache]}, docker_in_docker: true}
        - {name: "{host}-shell", url: https://gitlab.example.com, executor: shell}
hosts:
  cache-1:
    address: 192.0.2.1
    registry: {caches: [{listen: "192.0.2.1:5000"}]}
"""
FILES = {
    "daemon.json": '{"live-restore": true, "log-opts": {"max-size": "10m"}, "registry-mirrors": ["http://192.0.2.1:5000"]}\n',
    "config.toml": 'concurrent = 4\n[[runners]]\nname = "a"\nurl = "https://gitlab.example.com"\n'
    'token = "glrt-aaaaaaaaaaaaaaaaaaaa"\nexecutor = "docker"\n[runners.docker]\nimage = "alpine:3"\n',
    "registry.yml": "version: 0.1\nstorage: {filesystem: {}, delete: {enabled: true}}\nhttp: {addr: ':5000'}\n"
    "proxy: {remoteurl: 'https://registry-1.docker.io'}\n",
    "compose.yml": "services:\n  hub:\n    image: registry:3.0.0\n    ports: ['127.0.0.1:5000:5000']\n"
    "    volumes: ['data:/var/lib/registry']\nvolumes: {data: {}}\n",
}
ENVIRON = {**os.environ, "TOKEN": "glrt-aaaaaaaaaaaaaaaaaaaa"}
ENVIRON.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled, and here the warm-up does it


def inventory(hosts: int) -> str:
    """One host with a cache, and so many with Docker and two runners each."""
    return HEAD + "".join(f"  runner-{n}: {{groups: [builders]}}\n" for n in range(hosts - 1))


def caches(hosts: int) -> str:
    """So many hosts with a cache that all of them pull through, so that each has as many mirrors."""
    address = (f"192.0.{n // 250 + 2}.{n % 250 + 1}" for n in range(hosts))
    return "hosts:\n" + "".join(
        f"  h{n}: {{address: {one}, docker: {{}}, registry: {{caches: [{{listen: '{one}:5000'}}]}}}}\n"
        for n, one in enumerate(address)
    )


def seconds(argv: Sequence[str], folder: Path) -> float:
    """Processor time of one process and all that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, cwd=folder, env=ENVIRON, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def compare(name: str, argv: Sequence[str], folder: Path, runs: int) -> None:
    """Print the medians and the spread, after one warm-up of each."""
    bare = (sys.executable, "-c", "import yaml")
    seconds(argv, folder), seconds(bare, folder)
    pairs = [(seconds(argv, folder), seconds(bare, folder)) for _ in range(runs)]
    ours, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
    both = statistics.median(one / other for one, other in pairs)
    least, most = min(pairs)[0], max(pairs)[0]
    print(
        f"{name:22} {ours:6.3f} s ({least:.3f} to {most:.3f}); import yaml: {theirs:.3f} s; ratio {both:5.1f}",
        flush=True,
    )


def main() -> None:
    """Every figure."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=int, default=9)
    given = words.parse_args()
    runnerops = (sys.executable, "-m", "runnerops")
    check = (*runnerops, "check")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compare("--help", (*runnerops, "--help"), folder, given.runs)
        for file, text in FILES.items():
            (folder / file).write_text(text)
            compare(f"check {file}", (*check, file), folder, given.runs)
        for hosts in (1, 50, 200):
            (folder / "inventory.yml").write_text(inventory(hosts))
            compare(f"check, {hosts} hosts", check, folder, given.runs)
        for hosts in (100, 200, 400):
            (folder / "inventory.yml").write_text(caches(hosts))
            compare(f"check, {hosts} caches", check, folder, given.runs)


if __name__ == "__main__":
    main()
