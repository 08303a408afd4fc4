"""Which names of keys, variables, flags and headers say that their value is secret. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from runnerops.model.common import Key, word_set
from runnerops.patterns import late_pattern

_SECRET = word_set("""
    auth authorization bearer cookie credential credentials creds dsn jwt key pass passcode passphrase passwd password
    passwords pat psk pswd pw pwd secret secrets token tokens webhook
    accesskey accountkey apikey authkey encryptionkey licensekey masterauth masterkey privatekey requirepass rootpass
    secretkey sessionkey sharedkey signingkey sshpass userpass
""")
"""Last words of names that hold a secret. The second half are names written as one word."""

_ENDS = ("password", "passwd", "passphrase", "secret", "token")
"""Endings of single words that hold a secret (`PGPASSWORD`, `authtoken`)."""

_BEHIND = word_set("base base64 data default dev hash new old prod raw staging string test value")
"""Words that may follow the one that marks a secret (`SECRET_KEY_BASE`, `password-hash`)."""

_PAIRS = frozenset({("auth", "config"), ("connection", "string"), ("secret", "id"), ("webhook", "url")})

_ORDINARY = frozenset(
    {(word, "key") for word in ("cache", "foreign", "partition", "primary", "public", "sort")}
    | {("pull", "secrets"), ("pull", "secret"), ("volumes", "secret")}
)
"""Pairs of words that mean something else. Kubernetes' pull secrets and secret volumes are names of objects."""

_WORD = late_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name. `SecretKey`, `secret-key` and `SECRET_KEY` have the same words."""
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=8192)
def secret_name(name: str, above: str = "") -> bool:
    """Whether the value of this name is secret, by its last word (`db-password`, `SecretKey`, `CI_TOKEN_2`).

    `above` is the name of the table around it: a `key` in `cache` is not a cryptographic key.
    """
    words = [*words_of(above), *words_of(name)]
    count = len(words_of(name))
    while count > 1 and (words[-1] in _BEHIND or words[-1].isdecimal()) and tuple(words[-2:]) not in _PAIRS:
        words, count = words[:-1], count - 1
    last = tuple(words[-2:])
    if not count or last in _ORDINARY:
        return False
    return words[-1] in _SECRET or words[-1].endswith(_ENDS) or (last in _PAIRS and count > 1)


@lru_cache(maxsize=8192)  # many hosts have the same keys
def secret_place(key: Key) -> bool:
    """Whether a name on the way to `key` says that everything below it is secret."""
    names = [part for part in key if isinstance(part, str)]
    return any(secret_name(name, above) for above, name in zip(["", *names], names, strict=False))


def key_file(value: str) -> bool:
    """Whether a text is the path of a file that holds a key, rather than a key."""
    return (
        "/" in value
        and re.fullmatch(r"(?:~|\.{0,2})(?:/[\w@.+-]+)+\.(?:crt|json|jks|key|p12|pem|pfx|pub)", value) is not None
    )
