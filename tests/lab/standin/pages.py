"""The runner's HTTP pages: its metrics, its list of jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .config import short
from .log import LEVELS, fatal, log
from .version import VERSION
from .wire import listen

if TYPE_CHECKING:
    from .runner import Runner

METRICS_PORT = 9252


def serve(address: str, pages: dict[str, Callable[[], str]]) -> str:
    """Answer on that address until the process ends; the address with its port."""
    host, _, port = address.rpartition(":") if ":" in address else (address, "", "")

    def page(path: str) -> str | None:
        return pages[path]() if path in pages else None

    try:
        listen(host.strip("[]"), int(port or METRICS_PORT), page)
    except OSError as error:
        fatal("Failed to create listener for metrics server", builds=0, error=error)
    return f"{host}:{port or METRICS_PORT}"


def metrics(of: Runner) -> str:
    """What Prometheus reads."""
    lines = [
        f"gitlab_runner_concurrent {of.config.concurrent}",
        f"gitlab_runner_configuration_loaded_total {of.loaded}",
        f"gitlab_runner_configuration_loading_error_total {of.loading_errors}",
        *(f'gitlab_runner_errors_total{{level="{level}"}} {log.errors[level]}' for level in LEVELS[:4]),
        f'gitlab_runner_version_info{{name="gitlab-runner",version="{VERSION}"}} 1',
    ]
    running = [short(work.runner["token"]) for work in of.jobs.alive()]
    for name in sorted({*running, *(short(runner.get("token", "")) for runner in of.config.runners)}):
        labels = f'runner="{name}",stage="step_script",state="running",system_id="{of.system_id}"'
        lines.append(f'gitlab_runner_jobs{{executor_stage="prepare",{labels}}} {running.count(name)}')
    return "".join(f"{line}\n" for line in lines)


def job_list(of: Runner) -> str:
    """One line a running job."""
    return "".join(
        f"url={work.url} state=running stage=step_script executor_stage=prepare "
        f"duration={time.monotonic() - work.began:.3f}s\n"
        for work in of.jobs.alive()
    )
