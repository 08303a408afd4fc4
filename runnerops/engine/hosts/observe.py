"""Observes a host: one exec that only reads, parsed into a `HostState`."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from runnerops.model.answers import Answers
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.remote import observation, state
from runnerops.remote.links import Reader
from runnerops.remote.observation import OBSERVATION_SECONDS
from runnerops.services import SERVICES


def observe(host: Host, rendered: Sequence[RenderedFile], reader: Reader) -> HostState:
    """Returns all that planning needs to know about this host. Raises HostError if it cannot be read."""
    return observe_and_ask(host, rendered, reader, (), ())[0]


def observe_and_ask(
    host: Host,
    rendered: Sequence[RenderedFile],
    reader: Reader,
    extra_calls: Sequence[tuple[str, ...]],
    functions: Sequence[str],
) -> tuple[HostState, Answers]:
    """Like `observe`, with the answers to `extra_calls` of further `functions` in the same exec."""
    nonce = secrets.token_hex(16)
    calls = [
        call
        for service in SERVICES
        for call in service.questions(host, [file for file in rendered if file.spec.service is service.NAME])
    ]
    functions = [*(service.OBSERVE for service in SERVICES), *functions]
    units = [unit for service in SERVICES for unit in service.UNITS]
    script = observation.build_script(
        nonce, [*calls, *observation.FACTS, *extra_calls], functions, units, OBSERVATION_SECONDS
    )
    answers, files = observation.decode_observation(nonce, reader.read(script))
    facts = state.facts(answers)
    for service in SERVICES:
        facts = service.facts(facts, answers)
    return state.host_state(answers, files, facts), answers


def ask(reader: Reader, calls: Sequence[tuple[str, ...]], functions: Sequence[str]) -> Answers:
    """Returns the answers to these calls only, of the services' functions and further ones. Raises HostError."""
    nonce = secrets.token_hex(16)
    script = observation.build_script(nonce, calls, [*(service.OBSERVE for service in SERVICES), *functions])
    return observation.decode_observation(nonce, reader.read(script))[0]
