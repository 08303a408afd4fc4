"""The checksum of a cache's config, which its container has as a label. Pure.

Compose recreates a container when its definition changes, not when a mounted file does. With the checksum of the
config's *meaning* in a label, `up -d` recreates exactly when needed. Secrets are masked first, because anyone who can
read the label could guess a password from a checksum that includes it.
"""

from __future__ import annotations

import hashlib
import json

from runnerops.model.common import Tree, Value
from runnerops.redact.names import secret_name
from runnerops.redact.texts import replace_spans, secret_spans


def config_sha256(config: Tree) -> str:
    """Equal for configs that differ in secrets and layout only."""
    text = json.dumps(_masked(config), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _masked(value: Value) -> Value:
    if isinstance(value, dict):
        return {name: "*" if secret_name(name) else _masked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return replace_spans(value, secret_spans(value), lambda _: "*") if isinstance(value, str) else value
