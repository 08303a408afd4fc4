"""Numbers and logins of `[runners.autoscaler]` with which no job gets a machine. Pure.

Source: `validateConnectorConfig` of fleeting's `options.go`, and `WithMaxInstances` of taskscaler's, as gitlab-runner 16.0
to 19.3 uses them.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree, Value
from runnerops.services.gitlab_runner.rules.found import Found

_JOBS = "every job would fail"
_LAST_PORT = 65535


def autoscalers(runner: Tree, key: Key) -> Found:
    """Checks the autoscaler of the runner at `key`, and how it connects to its machines."""
    autoscaler = runner.get("autoscaler")
    if not isinstance(autoscaler, dict):
        return
    most = autoscaler.get("max_instances")
    if isinstance(most, int) and most < 0:
        text = f"must not be negative: {_JOBS}"
        yield "R012", "error", (*key, "autoscaler", "max_instances"), text, "write 0 for no limit"
    yield from _connector(autoscaler.get("connector_config"), (*key, "autoscaler", "connector_config"))


def _connector(value: Value, key: Key) -> Found:
    connector = value if isinstance(value, dict) else {}
    port = connector.get("protocol_port")
    if isinstance(port, int) and not 0 <= port <= _LAST_PORT:
        text = f"must be a port, up to {_LAST_PORT}: {_JOBS}"
        yield "R012", "error", (*key, "protocol_port"), text, "write for example 22, or take it out for the default"
    if connector.get("use_static_credentials") is True and not connector.get("username"):
        text = f"needs a username too: {_JOBS}"
        yield "R012", "error", (*key, "use_static_credentials"), text, "add username, and password or key_path"
