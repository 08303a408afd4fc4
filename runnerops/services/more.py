"""What services bring beside what every deploy needs: links of the chain (`verify`), how they stand (`status`)."""

from __future__ import annotations

from runnerops.services.chain import Chain
from runnerops.services.docker import chain as docker
from runnerops.services.docker import standing as docker_standing
from runnerops.services.gitlab_runner import standing as runner_standing
from runnerops.services.registry import chain as registry
from runnerops.services.registry import standing as registry_standing
from runnerops.services.standing import Stands

CHAIN: tuple[Chain, ...] = (docker, registry)
"""In the order in which a pull meets them."""

STANDS: tuple[Stands, ...] = (docker_standing, registry_standing, runner_standing)
