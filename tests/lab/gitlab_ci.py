"""Runs a project's .gitlab-ci.yml with gitlab-ci-local: rules, stages, artifacts, exit codes; jobs in a shell of this machine.

It has no `workflow`, `resource_group` or protected variables, and reads no reports. The first run of a project holds the
file against GitLab's JSON schema.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.install import GITLAB_CI_LOCAL
from tests.lab.machine import NODE, missing_packages
from tests.lab.shell import run

TREE = Path(__file__).parents[2]
NO_DEPENDENCY = re.compile(r"pip(-|$)|.*runnerops|.*\.pth$")
ENDED = re.compile(r"^ (PASS|WARN|FAIL) +(\S+) *(?:pre_script)?$", re.MULTILINE)
STATE = ".gitlab-ci-local"


def no_gitlab_ci_local() -> str | None:
    """Why no pipeline can run here, or None."""
    if missing := missing_packages(NODE):
        return f"no pipelines: missing Debian packages: {' '.join(missing)} (python -m tests.lab.install)"
    return None if GITLAB_CI_LOCAL.exists() else "no pipelines: no gitlab-ci-local (python -m tests.lab.install)"


@dataclass(frozen=True, slots=True)
class Ran:
    """A pipeline that ended: how each job did that ran (`PASS`, `WARN`, `FAIL`), and the whole log."""

    jobs: Mapping[str, str]
    log: str
    folder: Path

    def log_of(self, job: str) -> str:
        """A job's own log."""
        return (self.folder / STATE / f"output/{job}.log").read_text()

    def artifact(self, job: str, path: str) -> Path:
        """Where an artifact of a job lies."""
        return self.folder / STATE / "artifacts" / job / path


@dataclass(frozen=True, slots=True)
class Ci:
    """A project's pipelines. `image` stands for the jobs' image: runnerops' dependencies, and a pip."""

    folder: Path
    image: Path
    home: Path

    def push(self, *words: str, **variables: str) -> Ran:
        """The default branch's pipeline, or jobs of it by name. Each has a folder of its own, with artifacts of others."""
        return self.run("--shell-isolation", *words, CI_PIPELINE_SOURCE="push", **variables)

    def scheduled(self, **variables: str) -> Ran:
        """The pipeline of a schedule."""
        return self.run("--shell-isolation", CI_PIPELINE_SOURCE="schedule", **variables)

    def merge_request(self, **variables: str) -> Ran:
        """The pipeline of a merge request. Its jobs share a folder, else an after_script would miss what its job made."""
        values = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7"}
        return self.run("--unset-variable", "CI_COMMIT_BRANCH", **values, **variables)

    def run(self, *words: str, **variables: str) -> Ran:
        """Let it run."""
        place = self.folder / STATE / "builds/$CI_JOB_NAME" if "--shell-isolation" in words else self.folder
        values = {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(place), "RUNNEROPS": "runnerops", **variables}
        argv = [str(GITLAB_CI_LOCAL), "--force-shell-executor", "--no-color", "--no-artifacts-to-source", *words]
        argv += ["--no-json-schema-validation"] if (self.folder / STATE).exists() else []
        for name, value in values.items():
            argv += ["--variable", f"{name}={value}"]
        completed = subprocess.run(
            argv, cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=400, check=False,
        )  # fmt: skip
        return Ran({job: how for how, job in ENDED.findall(completed.stdout)}, completed.stdout, self.folder)

    @property
    def environ(self) -> dict[str, str]:
        """A runner's own, with an index of packages that has this tree's wheel alone."""
        path = f"{self.image / 'bin'}:{os.environ['PATH']}"
        index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.image / "wheels")}
        return {"PATH": path, "HOME": str(self.home), "LC_ALL": "C.UTF-8", **index}


def make_image(folder: Path) -> Path:
    """A Python environment with what runnerops depends on, a pip, and a wheel of this tree to install."""
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    libraries = Path(sysconfig.get_path("purelib"))
    file = folder / libraries.relative_to(sys.prefix)
    for path in libraries.iterdir():
        if not NO_DEPENDENCY.match(path.name):
            (file / path.name).symlink_to(path)
    pip = folder / "bin/pip"
    words = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python")]
    pip.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    pip.chmod(0o755)
    built = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "wheels"), str(TREE)]
    run([sys.executable, "-m", "pip", *built], seconds=300)
    return folder
