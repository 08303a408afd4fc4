"""What is secret, and how it is shown: canonical dumps of masked trees, and the one Redactor of texts. Pure.

Three nets, each for what the others miss: by key (`is_secret`), by shape (userinfo in URLs, the value part of
`environment` entries), by value (`Redactor`: whatever was masked or resolved anywhere, in any text).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runnerops.model.common import Key, Secret, Tree, Value
from runnerops.model.inventory import FileSpec, Host

if TYPE_CHECKING:  # services use this module's names of secrets
    from runnerops.services.base import Service

MASK = "********"

_SECRET_WORDS = frozenset({"token", "secret", "password", "passphrase", "key", "credential", "credentials"})
_NOT_SECRET = frozenset({"public_key", "server_side_encryption_key"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_USERINFO = re.compile(r"(?<=://)[^/\s@\"']+(?=@)")
_SHORTEST = 4
"""Values shorter than this are not searched for in texts: `on` would mask half of every message."""


def secret_name(name: str) -> bool:
    """Whether a key of this name holds a secret: its last word says so (`db-password`, `SecretKey`, `CI_TOKEN`)."""
    words = [word.lower() for word in _WORD.findall(name)]
    return bool(words) and words[-1] in _SECRET_WORDS and "_".join(words) not in _NOT_SECRET


def is_secret(service: Service, spec: FileSpec, key: Key, value: Value) -> bool:
    """Whether the leaf at `key` is secret by its place: a secret name anywhere on the way, or the system's own rule."""
    if isinstance(value, bool) or value is None:
        return False
    return any(isinstance(part, str) and secret_name(part) for part in key) or service.secret(spec, key, value)


def leaves(value: Value, key: Key = ()) -> Iterator[tuple[Key, Value]]:
    """Every leaf of a tree with its place."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*key, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*key, index))
    else:
        yield key, value


def clear_texts(host: Host) -> frozenset[str]:
    """What stands in the inventory in clear: every plain string, and `NAME=value` for every pair."""
    found: set[str] = set()
    for section in host.sections.values():
        for key, value in leaves(section):
            if isinstance(value, Secret) or not key:
                continue
            found |= {str(value), f"{key[-1]}={value}"}
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Masker:
    """Masks trees of one run. `key` is random and made for the run: a fingerprint tells *changed*, and nothing else.

    Without a key every secret looks alike, which is what a hash over a masked tree needs.
    """

    key: bytes = b""
    clear: frozenset[str] = frozenset()

    def fingerprint(self, text: str) -> str:
        """`********`, with four hex digits that differ when the value differs."""
        if not self.key:
            return MASK
        return f"{MASK} ({hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:4]})"

    def tree(self, service: Service, spec: FileSpec, tree: Tree) -> Tree:
        """The same tree with every secret masked."""
        masked = self._walk(service, spec, tree, ())
        assert isinstance(masked, dict)
        return masked

    def value(self, service: Service, spec: FileSpec, key: Key, value: Value) -> Value:
        """One value (leaf or not) at its place, masked."""
        return self._walk(service, spec, value, key)

    def _walk(self, service: Service, spec: FileSpec, value: Value, key: Key) -> Value:
        if isinstance(value, dict):
            return {name: self._walk(service, spec, item, (*key, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self._walk(service, spec, item, (*key, index)) for index, item in enumerate(value)]
        if is_secret(service, spec, key, value):
            return self.fingerprint(str(value))
        return self._shape(key, value)

    def _shape(self, key: Key, value: Value) -> Value:
        if not isinstance(value, str):
            return value
        entry = environment_entry(key, value)
        if entry is not None and value not in self.clear and entry not in self.clear:
            name = value.partition("=")[0] + "=" if _in_list(key) else ""
            return name + self.fingerprint(value)
        return _USERINFO.sub(lambda match: self.fingerprint(match.group()), value)


def environment_entry(key: Key, value: str) -> str | None:
    """`NAME=value` where the leaf is an entry of an `environment` (list or mapping) or an `env`; None elsewhere."""
    if len(key) < 2 or key[-2] not in {"environment", "env"}:
        return None
    return value if _in_list(key) else f"{key[-1]}={value}"


def _in_list(key: Key) -> bool:
    return isinstance(key[-1], int)


def secret_values(service: Service, spec: FileSpec, tree: Tree, clear: frozenset[str]) -> frozenset[str]:
    """All that `Masker` would mask in this tree, as texts: what no message may hold."""
    found: set[str] = set()
    for key, value in leaves(tree):
        if is_secret(service, spec, key, value):
            found.add(str(value))
        elif isinstance(value, str):
            entry = environment_entry(key, value)
            if entry is not None and value not in clear and entry not in clear:
                found.add(value.partition("=")[2] if _in_list(key) else value)
            found.update(_USERINFO.findall(value))
    return frozenset(found)


class Redactor:
    """Takes known secret values out of texts. Made where values become known; used where texts enter from a host."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lines: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(values)

    def learn(self, values: Iterable[str]) -> None:
        """More values; of a value of several lines each line counts."""
        lines = {line.strip() for value in values for line in value.splitlines()}
        self._lines |= {line for line in lines if len(line) >= _SHORTEST}
        longest_first = sorted(self._lines, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """`text` without any of the values, and without userinfo in URLs."""
        if self._pattern:
            text = self._pattern.sub(MASK, text)
        return _USERINFO.sub(MASK, text)

    @property
    def lines(self) -> tuple[str, ...]:
        """The values, one line each, for the host's own filter."""
        return tuple(sorted(self._lines))
