"""Finds secrets in a text: by the name of a variable, flag or header before them, or by their form. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

from runnerops.patterns import late_pattern
from runnerops.redact.names import key_file, secret_name, words_of

MASK = "********"

Span: TypeAlias = "tuple[int, int]"

_MAY_HOLD = late_pattern(r"[=:@]|\s|[\w+/.-]{12}")
"""A text that could hold a secret. Most texts are short words, and every text of a file is checked several times."""
_TOKENS = late_pattern(
    r"""(?<![A-Za-z0-9])(?:
        gl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|rtr|soat|wt)-[\w.=-]{8,}   # https://docs.gitlab.com/security/tokens/
      | _gitlab_session=\S+ | GR1348941[\w-]{8,}
      | dckr_[a-z]{3}_[\w-]{8,}
      | gh[opsur]_\w{8,} | github_pat_\w{8,}
      | xox[a-z]-[\w-]{8,} | xapp-[\w-]{8,}
      | (?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{12,}
      | AIza[\w-]{30,} | ya29\.[\w-]{8,}
      | sk-(?:proj-|ant-|svcacct-)?[\w-]{20,} | SG\.[\w-]{16,}\.[\w-]{16,} | hf_\w{20,} | ATATT[\w=-]{16,}
      | AGE-SECRET-KEY-1[0-9A-Z]{16,} | dp\.(?:pt|st|ct|sa)\.[\w.-]{16,}
      | hv[sbr]\.[\w-]{8,} | npm_\w{16,} | pypi-[\w-]{16,} | dop_v1_\w{16,} | [rs]k_(?:live|test)_\w{8,}
      | eyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)*
    )""",
    re.VERBOSE,
)
_HASH = late_pattern(r"\${1,2}(?:apr1|[1567y]|2[abxy]|argon2\w+)\${1,2}[\w./+=,$-]{16,}")
"""A password hash in the format of htpasswd and crypt, since guesses can be checked against it. Compose needs `$`
doubled.
"""
_PEM = late_pattern(
    r"-----BEGIN (?:[A-Z0-9 ]+ )?PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL
)
_USERINFO = late_pattern(
    r"(?<=://)(?:[^/\s\"'@]*:(?!\d{1,5}/)[^\s\"'@]*@(?:[^/\s\"'@]*@)*|[^/\s\"'@]+@(?:[^/\s\"'@]*@)*)(?=[^@])"
)
"""Up to the last `@` before the host, even if the password has an unescaped `/` or `@`."""
_HOOK = late_pattern(
    r"(?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/(?:v\d+/)?webhooks"
    r"|\.webhook\.office\.com/\w+|outlook\.office(?:365)?\.com/webhook)/"
    r"([^\s\"'?#]+)|api\.telegram\.org/bot([^\s\"'/]+)"
)
"""Webhook URLs: whoever has one can post to it."""
_SIGNED = late_pattern(
    r"[?&](?:sig|signature|X-(?:Amz|Goog|Oss)-(?:Signature|Security-Token))=([^&\s\"'#]+)", re.IGNORECASE
)
"""Parameters that give access to whoever has the URL."""
_DSN = late_pattern(r"(?<![\w/:@.${-])[\w.%+-]+:(\$?\$\{[^}\s]{0,400}\}|[^\s@/:]+)@(?!sha\d)[\w.(\[-]+")
"""`user:password@tcp(…)`, which has no scheme. Digests of images do not match."""
_SCHEME = late_pattern(r"\b(?:Basic|Bearer)\s+(\$?\$\{[^}\n]{0,400}\}|[\w+/=.~-]{6,})", re.IGNORECASE)
_BASE64 = late_pattern(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{10,}={0,2}(?![A-Za-z0-9+/=])")
_PAIR = late_pattern(rb"[!-9;-~][ -9;-~]*:[ -~]+")

_NAMED = late_pattern(r"([A-Za-z_][\w.-]*)(?:[\"']?\s*(?:[:+?]?=)\s*|[\"']\s*:\s*|:[ \t]+)")
"""`NAME=value`, `NAME = value`, `"name": value` and `Name: value`."""
_HEADER = late_pattern(r"\b(?:authorization|(?:private|job|deploy|x-[\w-]*)-?(?:token|key)):\s*", re.IGNORECASE)
_FLAG = late_pattern(r"(?:^|(?<=[\s\"'\[,]))--?([A-Za-z][\w.-]*)[ \t]+(?=[^\s=])")
_NETRC = late_pattern(r"\blogin\s+\S+\s+password\s+(\S+)")
_SHORT = late_pattern(r"(?:^|(?<=\s))-p[ \t]+(?=\S)")
_ATTACHED = late_pattern(r"\b(?:mysql\w*|mariadb[\w-]*|sshpass|redis-cli)\b[^\n|;&]*?\s-[pa]\s?(\S+)")
_USER = late_pattern(r"(?:^|(?<=\s))(?:-u|--user|--proxy-user)[ \t=]+([^\s:]*[^\s\d:][^\s:]*:\S+)")
_VALUE = late_pattern(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|\$?\$\{[^}\n]{0,400}\}\S*|\S+")
_REFERENCE = late_pattern(
    r"[\"']?(?:\$[A-Z_][A-Z0-9_]*|\$?\$\{[^}:=+-]*(?::?\?[^}]*|:?[=+-](?:\$\{?\w+\}?)?)?\}|\$\(.*|%[A-Z_]+%|\$env:\w+)[\"']?"
)
"""A variable instead of a value. One with a default (`${X:-text}`) does not match, because the text may be secret."""
_WHOLE = late_pattern(r"-{0,2}([A-Za-z_][\w.-]*)=", re.ASCII)
_ORDINARY_P = late_pattern(r"[\d.:\[\]/-]+(?:/(?:tcp|udp))?|[.~$/].*|-.*")
_FILES_P = late_pattern(r"(?:mkdir|cp|install|rsync|scp|read|test|declare|set|tar|touch)\b[^\n|;&]*$")
_TRAIL = "\"'`)}],;"


@lru_cache(maxsize=8192)
def secret_spans(text: str) -> tuple[Span, ...]:
    """The secret parts of a text, by names and by form, in order and without overlaps."""
    return _joined([*_formats(text), *_named(text)]) if _MAY_HOLD.search(text) else ()


def format_spans(text: str) -> tuple[Span, ...]:
    """The secret parts by form only, for output of programs, in which names say little."""
    return _joined(_formats(text))


def replace_spans(text: str, spans: Sequence[Span], mask: Callable[[str], str]) -> str:
    """`text` with the spans masked."""
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], mask(text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def secret_items(items: Sequence[object]) -> frozenset[int]:
    """The indices in a list of words after a flag whose value is secret (`--requirepass X`, `-p X`)."""
    indices = set()
    for index, item in enumerate(items[:-1]):
        following = items[index + 1]
        if isinstance(item, str) and item.startswith("-") and isinstance(following, str):
            short = item == "-p" and not _ORDINARY_P.fullmatch(following)
            if short or (_secret_flag(item.lstrip("-")) and _may_be_secret(following)):
                indices.add(index + 1)
    return frozenset(indices)


def prefix_of(text: str) -> str:
    """`NAME=` of a text that is one variable or flag with its value; otherwise empty."""
    match = _WHOLE.match(text)
    return match[0] if match else ""


def _secret_flag(name: str) -> bool:
    return "=" not in name and words_of(name) != ("key",) and secret_name(name)


def _formats(text: str) -> Iterator[Span]:
    for pattern in (_TOKENS, _PEM, _HASH):
        yield from (match.span() for match in pattern.finditer(text))
    if "@" in text:
        yield from ((match.start(), match.end() - 1) for match in _USERINFO.finditer(text) if not _refers(match[0]))
        yield from (match.span(1) for match in _DSN.finditer(text) if not _REFERENCE.fullmatch(match[1]))
    if "/" in text:
        yield from (match.span(match.lastindex or 0) for match in _HOOK.finditer(text))
        yield from (match.span(1) for match in _SIGNED.finditer(text) if not _REFERENCE.match(match[1]))
    yield from (match.span(1) for match in _SCHEME.finditer(text) if not _REFERENCE.match(match[1]))
    yield from (match.span() for match in _BASE64.finditer(text) if _is_login(match[0]))


def _refers(login: str) -> bool:
    """Whether the password in `USER:PASSWORD@` of a URL is a variable, as in `gitlab-ci-token:${CI_JOB_TOKEN}@`."""
    user, colon, password = login.removesuffix("@").partition(":")
    return _REFERENCE.fullmatch(password if colon else user) is not None


def _is_login(text: str) -> bool:
    """Whether this is `user:password` in Base64."""
    if len(text) % 4:
        return False
    try:
        return _PAIR.fullmatch(base64.b64decode(text, validate=True)) is not None
    except binascii.Error:
        return False


def _named(text: str) -> Iterator[Span]:
    name_match = _WHOLE.match(text)
    if (
        name_match
        and _is_secret_name(name_match[1])
        and _may_be_secret(text[name_match.end() :])
        and "\n" not in text.strip()
    ):
        yield name_match.end(), len(text)
    for match in _NAMED.finditer(text):
        if _is_secret_name(match[1]):
            yield from _value_at(text, match.end())
    for match in _HEADER.finditer(text):
        yield from _value_at(text, match.end())
    for match in _FLAG.finditer(text):
        if _is_secret_name(match[1]):
            yield from _value_at(text, match.end())
    for pattern in (_NETRC, _ATTACHED, _USER):
        yield from (match.span(1) for match in pattern.finditer(text) if _may_be_secret(match[1]))
    for match in _SHORT.finditer(text):
        value = _VALUE.match(text, match.end())
        if value and not _ORDINARY_P.fullmatch(value[0]) and not _FILES_P.search(text[: match.start()]):
            yield from _value_at(text, match.end())


def _is_secret_name(name: str) -> bool:
    """Whether a name in a text marks a secret, as a key's name does. But `key` alone is a common word in a text."""
    return secret_name(name) and words_of(name) != ("key",)


def _value_at(text: str, start: int) -> Iterator[Span]:
    match = _VALUE.match(text, start)
    if match is None or _REFERENCE.match(text, start):
        return
    value = match[0]
    if value[0] in "\"'" and value[-1:] == value[0] and len(value) > 1:
        inner = (match.start() + 1, match.end() - 1)
    else:
        inner = (match.start(), match.start() + len(value.rstrip(_TRAIL)))
    if inner[0] < inner[1] and _may_be_secret(text[slice(*inner)]):
        yield inner


def _may_be_secret(value: str) -> bool:
    """Whether a value may be secret: not a variable, another flag, the path of a key file, or a word such as `none`."""
    plain = value.strip()
    if plain.startswith(("-", "id=", MASK)) or plain.lower() in HARMLESS:
        return False
    return not _REFERENCE.fullmatch(plain) and not key_file(plain)


HARMLESS = frozenset({"", "true", "false", "none", "null", "yes", "no", "on", "off", "=", "{", "[", "|", ">"})


def _joined(spans: Sequence[Span] | Iterator[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return tuple(joined)
