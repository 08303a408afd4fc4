"""The checksum of a cache's config that its container carries. Pure.

Compose recreates a container when its definition changes, not when a mounted file does. With the checksum of the
config's *meaning* in a label, `up -d` recreates exactly when needed. It is taken over the masked tree, for anyone who
may read labels could guess a password from a hash over it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable

from runnerops.model.common import Tree, Value

_USERINFO = re.compile(r"(?<=://)[^/\s@]+(?=@)")


def config_sha256(config: Tree, secret_key: Callable[[str], bool]) -> str:
    """Equal for configs that differ in secrets and layout only."""
    text = json.dumps(_masked(config, secret_key), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _masked(value: Value, secret_key: Callable[[str], bool]) -> Value:
    if isinstance(value, dict):
        return {name: "*" if secret_key(name) else _masked(item, secret_key) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, secret_key) for item in value]
    return _USERINFO.sub("*", value) if isinstance(value, str) else value
