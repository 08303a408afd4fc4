"""The parts of the services that `verify` and `status` use. A deploy needs none of them."""

from __future__ import annotations

from runnerops.services.docker import status as docker_standing
from runnerops.services.docker import verify as docker
from runnerops.services.gitlab_runner import status as runner_standing
from runnerops.services.gitlab_runner import verify as runner
from runnerops.services.registry import status as registry_standing
from runnerops.services.registry import verify as registry
from runnerops.services.status import StatusProvider
from runnerops.services.verify import VerifyProvider

VERIFY_PROVIDERS: tuple[VerifyProvider, ...] = (docker, registry, runner)
"""In the order in which a pull passes them; last the service that runs the jobs."""

STATUS_PROVIDERS: tuple[StatusProvider, ...] = (docker_standing, registry_standing, runner_standing)
