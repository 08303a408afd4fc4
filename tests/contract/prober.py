"""Runs the probes on a host as `host.sh` runs a step: aside, for a shell that leads its group would not learn the status."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from runnerops.model.steps import Step
from runnerops.services.scripts import named_by
from tests.contract.probes import PLACE, Probe

SECONDS = 30
_PLACE = "${RUNNEROPS_ROOT-}" + PLACE
_RUN = f'mkdir -p "{_PLACE}" && cd "{_PLACE}" || exit; setsid timeout -s KILL "$@" </dev/null & wait $!'


class Runs(Protocol):
    """What is executed on the host: exit status, standard output, standard error."""

    def __call__(self, command: Sequence[str]) -> tuple[int, str, str]: ...


class Puts(Protocol):
    """Writes a file there; None takes it away."""

    def __call__(self, path: str, text: str | None) -> None: ...


def failures(probes: Sequence[Probe], run: Runs, put: Puts, words: Mapping[str, str]) -> Iterator[str]:
    """What did not end or print as it must, in words."""
    for probe in probes:
        if probe.needs and "not found" in "".join(map(str, run(("gitlab-runner", probe.needs, "--config", "/none")))):
            continue
        variables = {**words, "LIFE": run(("systemctl", "show", "-p", "InvocationID", "--value", "docker"))[1].strip()}
        scripts = named_by([Step("run", ("60", *probe.argv))])
        for path, text in {
            **{f"{PLACE}/{name}": text.decode() for name, text in scripts.items()},
            **probe.files,
        }.items():
            put(path, None if text is None else _fill(text, variables))
        argv = [_fill(word, variables) for word in probe.argv]
        ends = time.monotonic() + SECONDS
        while True:
            status, output, error = run(("sh", "-c", _RUN, "sh", "60", *argv))
            fits = (status == 0) == (probe.status == 0) and re.fullmatch(probe.says, output)
            if fits or not probe.until or time.monotonic() > ends:
                break
            time.sleep(0.3)
        if not fits:
            problem = f"{status} (not {probe.status}) {output!r} (not {probe.says!r}) {error[:300]!r}"
            yield f"{' '.join(word[:50] for word in argv)}\n  {problem}"


def _fill(text: str, words: Mapping[str, str]) -> str:
    return re.sub("@([A-Z]+)@", lambda match: words[match[1]], text)
