"""Checks the text of single keys of ours. Pure. There is a function for each kind of value, which returns the value.

Names and addresses must start with a letter or digit, so that neither a shell, a template nor a program misreads them,
for example as an option.
"""

from __future__ import annotations

import re

from runnerops.codes.blockers import BLOCKERS
from runnerops.codes.rules import RULES
from runnerops.model.common import Secret
from runnerops.parsing.moments import EXAMPLE, MomentError, moment
from runnerops.parsing.near import question, similar_names
from runnerops.patterns import late_pattern
from runnerops.services.shared.versions import version_of

_NAME = late_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ADDRESS = late_pattern(r"[A-Za-z0-9_][A-Za-z0-9._-]*|[0-9a-fA-F:]*:[0-9a-fA-F:.]*(?:%[A-Za-z0-9._-]+)?")
_USER = late_pattern(r"[A-Za-z0-9_][A-Za-z0-9._\\@+$-]*")
_GATEWAY = late_pattern(
    r"(?:(?P<user>[^:\[\]]*)@)?(?:\[(?P<six>[^\[\]@]*:[^\[\]@]*)\]|(?P<address>[^\[\]@:]+|[^\[\]@]*:[^\[\]@]*:[^\[\]@]*))"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_DURATION = late_pattern(r"(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+")


class Refused(ValueError):  # noqa: N818  an answer, which becomes a Problem
    """What is wrong with a value, and the fix. Neither contains a value that may be secret."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


def name(text: str) -> str:
    """The name of a host, group or cache."""
    if not _NAME.fullmatch(text):
        raise Refused(
            f"{text!r} is not a valid name: letters, digits, `.`, `-` and `_`, the first a letter or digit", "rename it"
        )
    return text


def address(text: str) -> str:
    """A host name, an alias of ssh_config, or an IPv4 or IPv6 address."""
    if _ADDRESS.fullmatch(text):
        return text
    if "@" in text:
        raise Refused(f"{text!r} is not an address", "the user goes under `ssh: {user: …}`")
    if text.startswith("["):
        raise Refused(f"{text!r} is not an address", "write an IPv6 address without brackets")
    if re.fullmatch(r"[^:]+:\d+", text):
        raise Refused(f"{text!r} is not an address", "the port goes under `ssh: {port: …}`")
    raise Refused(f"{text!r} is not an address", "write a host name, an alias of ssh_config or an IP address")


def user(text: str) -> str:
    """A login name on the host."""
    if ":" in text:  # the text after the colon may be a password
        raise Refused("a user name has no colon", "keys log in; the password of sudo goes under `sudo_password`")
    if not _USER.fullmatch(text):
        raise Refused(f"{text!r} is not a user name", "no spaces, and no `-` at the start")
    return text


def gateway(text: str) -> str:
    """`[USER@]HOST[:PORT]` of a jump host."""
    match = _GATEWAY.fullmatch(text)
    user_name, place = (match["user"], match["six"] or match["address"]) if match else (None, "")
    if not _ADDRESS.fullmatch(place) or (user_name is not None and not _USER.fullmatch(user_name)):
        raise Refused(
            f"{text!r} is not a gateway",
            "write USER@HOST:PORT, an IPv6 address in brackets; user and port may be left out; null for none",
        )
    if match and match["port"]:
        port(int(match["port"]))
    return text


def path(text: str) -> str:
    """A path on this machine."""
    if not text.strip() or any(ord(character) < 32 for character in text):
        raise Refused("must be a path", "write the path of a file")
    return text


def line(text: str) -> str:
    """A line of text that is not empty."""
    if not text.strip() or not text.isprintable():
        raise Refused("must be one line of text")
    return text


_NOTE, _TAGS, _TAG, _TIMEOUT = 1024, 50, 255, 600
"""Limits of GitLab (`Ci::Runner`): characters of a text, tags per runner, characters per tag, seconds."""


def note(text: str) -> str:
    """A text that GitLab keeps about a runner."""
    if len(text) > _NOTE:
        raise Refused(f"has {len(text)} characters, but GitLab accepts at most {_NOTE}", "write less")
    return text


def tags(words: list[str]) -> list[str]:
    """A runner's tags, in the form in which GitLab keeps them."""
    for word in words:
        if not word.strip() or word != word.strip() or "," in word or not word.isprintable() or len(word) > _TAG:
            raise Refused(f"{word!r} is not a tag", f"at most {_TAG} characters, no comma, no space at its ends")
    if len(set(words)) > _TAGS:
        raise Refused(f"has {len(set(words))} tags, but GitLab accepts at most {_TAGS}", "take some out")
    return words


def gitlab_place(value: int | str) -> int | str:
    """The number of a group or project, or its path in GitLab."""
    text = str(value).strip("/")
    if isinstance(value, bool) or not re.fullmatch(r"[1-9]\d*|\w[\w.-]*(/\w[\w.-]*)*", text):
        raise Refused(f"{value!r} is not a group or project", "give its number, or its path: ci/runners")
    return int(text) if text.isdecimal() else text


def job_timeout(seconds: int) -> int:
    """The longest time that a job of a runner may take, in seconds."""
    if seconds < _TIMEOUT:
        raise Refused(f"{seconds} is too short", f"it is in seconds, and must be at least {_TIMEOUT}")
    return seconds


def port(number: int) -> int:
    """A TCP port."""
    if not 1 <= number <= 65535:
        raise Refused(f"{number} is not a port", "a port is between 1 and 65535")
    return number


def kept_runs(number: int) -> int:
    """How many runs a host keeps."""
    if number < 1:
        raise Refused(f"{number} is too few", "the last run is always kept: give 1 or more")
    return number


def failures(number: int) -> int:
    """After how many failures a deploy stops."""
    if number < 1:
        raise Refused(f"{number} is too few", "with 1, the deploy stops after the first host that fails")
    return number


def version(text: str) -> str:
    """A version of a program with at least two numbers, because the rules compare these."""
    if not version_of(text):
        raise Refused(f"{text!r} is not a version", 'write at least two numbers, as in "26.1"')
    return text


def directory(text: str) -> str:
    """An absolute path on a host that is valid in Compose's `SOURCE:TARGET`."""
    if not text.startswith("/") or text.strip("/") == "":
        raise Refused("must be an absolute path", "for example /opt/registry")
    if re.search(r"[\s:$\"'\\]|/\.\.?(/|$)", text) or not text.isprintable():
        raise Refused("has a character or part that Compose could misread", "no spaces, quotes, `:`, `$` or `..`")
    return re.sub("/+", "/", text).rstrip("/")


def volume(text: str) -> str:
    """The name of a Docker volume, or the path of a folder on the host."""
    if text.startswith("/"):
        return directory(text)
    if not _NAME.fullmatch(text) or len(text) < 2:
        raise Refused(
            f"{text!r} is not a name of a Docker volume",
            "letters, digits, `.`, `-` and `_`; or the absolute path of a folder",
        )
    return text


def image(text: str) -> str:
    """An image reference."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*", text):
        raise Refused(f"{text!r} is not an image", "for example registry:3.0.0")
    return text


def serves(text: str) -> str:
    """The registry whose images a cache holds, as in the names of images: `docker.io`, `registry.example.com:5000`."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?", text):
        raise Refused(
            f"{text!r} is not the name of a registry", "write it as image names begin: docker.io, ghcr.io, quay.io"
        )
    return text.lower()


def duration(value: object) -> str | None:
    """A Go duration; 0 means never. A bare number is refused, because it would mean nanoseconds."""
    if value is None or (value in ("0", 0) and not isinstance(value, bool)):
        return None if value is None else "0"
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise Refused("must be a duration with its unit", "for example 168h (h, m and s are known, days are not)")
    return value


def text_or_secret(value: object) -> str | Secret | None:
    """A user name or password. A number is refused, because YAML has already removed its leading zeros."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Refused("must be text", "put the number in quotes")
    if not isinstance(value, str | Secret | None):
        raise Refused("must be text or a secret", "for example !env NAME")
    if isinstance(value, str) and not value.strip():
        raise Refused("is empty", "leave the key out where there is none")
    return value


def entry(value: object) -> object:
    """A value in `environment`, which must be a single one."""
    if isinstance(value, dict | list):
        raise Refused("must be one value", "put it in quotes if it is meant as text")
    return value


def rule(text: str) -> str:
    """The id of an existing rule."""
    if text not in RULES:
        similar_ids = similar_names(text, RULES)
        hint = question(similar_ids) if similar_ids else "`runnerops explain ID` and docs/rules.md have the ids"
        raise Refused("is not a rule", hint)
    return text


def overridable(text: str) -> str:
    """The code of a blocker that `--allow` can override."""
    row = BLOCKERS.get(text)
    if row is None:
        similar_codes = similar_names(text, BLOCKERS, 0.75)
        hint = (
            question(similar_codes) if similar_codes else "`runnerops explain CODE` and docs/blockers.md have the codes"
        )
        raise Refused("is not the code of a blocker", hint)
    if not row.flag.startswith("--allow"):
        raise Refused("cannot be allowed here", f"use {row.flag}" if row.flag else row.remedy)
    if text == "maintenance":  # both are in the inventory, so the one would only undo the other
        raise Refused("cannot be allowed here", "take `maintenance` of the host out (null where its group has it)")
    return text


def allowed_because(text: str) -> str:
    """Why a blocker is overridden."""
    if not text.strip():
        raise Refused("must say why", 'for example {drop-runner: "moved to host b, 2026-11"}')
    return text


def reason(text: str) -> str:
    """Why a rule is silenced."""
    if not text.strip():
        raise Refused("must say why", 'for example {R012: "the cache is behind a firewall"}')
    return text


def mapping_or_bool(value: object) -> object:
    """`true` becomes an empty mapping and `false` nothing; a mapping is not changed."""
    if value is None or isinstance(value, dict):
        return value
    if not isinstance(value, bool):
        raise Refused("must be true, false or a mapping", "in YAML 1.2 `yes`, `no`, `on` and `off` are text")
    return {} if value else None


def alias(text: str) -> str:
    """The name under which a job reaches a service."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", text):
        raise Refused(f"{text!r} is not a host name", "lower-case letters, digits, `.` and `-`, for example docker")
    return text


def flags(words: list[str]) -> list[str]:
    """Additional flags for the daemon of a dind service."""
    if words and not words[0].startswith("-"):
        raise Refused(
            "must start with a flag: the image would take the first word for a program of its own",
            "write flags of dockerd, for example [--mtu=1400]",
        )
    return words


def maintenance(text: str) -> str:
    """`REASON`, or `until WHEN, REASON`."""
    line(text)
    if text.split(maxsplit=1)[0].lower() == "until":
        _, comma, reason = text.partition(",")
        example = 'for example "until 2026-12-01 18:00, disk swap"'
        if not (comma and reason.strip()):
            raise Refused("must say why, after a comma", example)
        try:
            moment(until_of(text))
        except MomentError as error:
            raise Refused(str(error), f"{EXAMPLE}; {example}") from None
    return text


def until_of(text: str) -> str:
    """The time in a text of `maintenance`; empty if it has none."""
    first, _, rest = text.strip().partition(" ")
    return rest.partition(",")[0].strip() if first.lower() == "until" else ""
