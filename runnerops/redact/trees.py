"""Which values of a parsed file or of the inventory are secret, and the tree with those masked. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from runnerops.frozen import frozen
from runnerops.memo import remembered
from runnerops.model.common import Key, Secret, Tree, Value
from runnerops.model.inventory import Host
from runnerops.patterns import late_pattern
from runnerops.redact.names import key_file, secret_place
from runnerops.redact.texts import HARMLESS, MASK, prefix_of, replace_spans, secret_items, secret_spans

PRIVATE = "0600"
"""The mode of a file that holds a secret. The programs that read managed files (dockerd, a registry, Compose) run as
root.
"""

_NO_SECRET = late_pattern(r"-{1,2}[a-z][a-z-]*=?|(?:/[\w.@-]+)+/?|[a-z._-]{1,15}")
"""Free text that is likely to occur in other messages: flags, paths, a short word."""


class KnowsFreeText(Protocol):
    """A service, of which this package uses one method."""

    def free(self, key: Key) -> bool:
        """Whether a value at this place of a file is free text, in which anything may stand."""


def is_secret(key: Key, value: Value) -> bool:
    """Whether the leaf at `key` is secret by its place: a name on the way to it marks a secret, and the value can be
    one.
    """
    if isinstance(value, bool) or value is None or (isinstance(value, str) and (not value or key_file(value))):
        return False
    return secret_place(key)


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
    """The texts that the inventory has in clear: every plain value, and `NAME=value` for every pair. Secrets are not
    included.
    """
    return frozenset(text for section in host.sections.values() for text in _clear(leaves(section)))


def rendered_texts(tree: Tree, secrets: Iterable[str]) -> frozenset[str]:
    """The texts that a rendered file has in clear, including those of its template, but none that contain one of
    `secrets`.
    """
    secret_lines = [line for secret in secrets for line in secret.splitlines() if line.strip()]
    return frozenset(text for text in _clear(leaves(tree)) if not any(line in text for line in secret_lines))


def _clear(tree_leaves: Iterable[tuple[Key, Value]]) -> Iterator[str]:
    for key, value in tree_leaves:
        if key and not isinstance(value, Secret) and not is_secret(key, value):
            yield str(value)
            yield f"{key[-1]}={value}"


@frozen
class Masker:
    """Masks trees. `key` is kept by the host, or is random and used for one run. A fingerprint only tells that a value
    has changed.

    Without a key all secrets look the same. `clear` has the texts of the inventory in clear. Any other free text is
    masked.
    """

    key: bytes = b""
    clear: frozenset[str] = frozenset()

    def fingerprint(self, text: str) -> str:
        """`********`, with four hex digits that differ when the value differs."""
        if not self.key:
            return MASK
        return f"{MASK} ({hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:4]})"

    def tree(self, service: KnowsFreeText, tree: Tree) -> Tree:
        """The tree with every secret masked."""
        masked = self.value(service, (), tree)
        assert isinstance(masked, dict)
        return masked

    def value(self, service: KnowsFreeText, key: Key, value: Value) -> Value:
        """One value (leaf or not) at its place, masked."""
        return _map(_Judge(service, self.clear), key, value, self.fingerprint)

    def of_inventory(self, key: Key, value: Value) -> Value:
        """One value of the inventory, masked by the names on the way to it and by its form."""
        return _map(_Judge(None, None), key, value, self.fingerprint)

    def whole(self, value: Value) -> Value:
        """A value of which nothing may be shown, masked. Switches and `null` tell nothing."""
        if isinstance(value, dict):
            return {name: self.whole(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.whole(item) for item in value]
        return value if isinstance(value, bool | None) else self.fingerprint(str(value))

    def text(self, text: str) -> str:
        """A text of any kind, with the secrets in it masked."""
        return replace_spans(text, secret_spans(text), self.fingerprint)


def secret_values(service: KnowsFreeText, tree: Tree, clear: frozenset[str]) -> frozenset[str]:
    """All values that `Masker` would mask in this tree, which no message may contain. Common free text is left out."""
    return frozenset(_masked_texts(_Judge(service, clear, learns=True), (), tree))


@remembered
def holds_secret(tree: Tree, service: KnowsFreeText) -> bool:
    """Whether a file contains a known secret. Free text does not count."""
    return bool(_masked_texts(_Judge(service, None), (), tree))


def secrets_in(key: Key, value: Value) -> list[str]:
    """What `Masker.of_inventory` would mask in this value."""
    return _masked_texts(_Judge(None, None), key, value)


def _masked_texts(judge: _Judge, key: Key, value: Value) -> list[str]:
    """Every text that is masked."""
    texts: list[str] = []

    def note(text: str) -> str:
        texts.append(text)
        return MASK

    _map(judge, key, value, note)
    return texts


Mask = Callable[[str], str]


@frozen
class _Judge:
    """Decides about leaves. With `clear` None, free text is shown."""

    service: KnowsFreeText | None
    clear: frozenset[str] | None
    learns: bool = False

    def leaf(self, key: Key, value: Value, mask: Mask, *, after_flag: bool) -> Value:
        if isinstance(value, Secret):
            return f"!{value.source} {replace_spans(value.argument, secret_spans(value.argument), mask)}"
        if is_secret(key, value) or after_flag:
            return mask(str(value))
        if not isinstance(value, str):
            return value
        if not self._doubtful(key, value):
            return replace_spans(value, secret_spans(value), mask)
        before = prefix_of(value)
        rest = value[len(before) :]
        if self.learns and "environment" not in key and _NO_SECRET.fullmatch(rest):
            return value
        return before + mask(rest)

    def _doubtful(self, key: Key, value: str) -> bool:
        """Whether this is free text that the inventory does not have in clear."""
        if self.clear is None or not self._is_free(key) or value.partition("=")[2].lower() in HARMLESS - {""}:
            return False
        return not {value, f"{key[-1]}={value}"} & self.clear and value.lower() not in HARMLESS

    def _is_free(self, key: Key) -> bool:
        return bool(self.service and self.service.free(key))


def _map(judge: _Judge, key: Key, value: Value, mask: Mask, *, after_flag: bool = False) -> Value:
    if isinstance(value, dict):
        return {name: _map(judge, (*key, name), item, mask) for name, item in value.items()}
    if isinstance(value, list):
        behind = secret_items(value)
        return [_map(judge, (*key, at), item, mask, after_flag=at in behind) for at, item in enumerate(value)]
    return judge.leaf(key, value, mask, after_flag=after_flag)
