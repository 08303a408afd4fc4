"""The services that bring links of the chain which `verify` goes along, in the order in which a pull meets them."""

from __future__ import annotations

from runnerops.services.chain import Chain
from runnerops.services.docker import chain as docker
from runnerops.services.registry import chain as registry

CHAIN: tuple[Chain, ...] = (docker, registry)
