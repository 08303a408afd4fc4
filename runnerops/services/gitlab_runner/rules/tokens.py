"""What is wrong with the token and the URL of a runner, and texts that stand where they belong. Pure.

No message shows a token.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.format import runners_of
from runnerops.services.gitlab_runner.rules.found import Found, Severity
from runnerops.services.gitlab_runner.rules.names import meant_keys
from runnerops.services.gitlab_runner.version import Version

_SHORTEST_TOKEN = 14
_NO_CRASH = (18, 2)
"""The first release that a shorter value does not end."""

_EXPANDS = (18, 10)
"""The first release that replaces variables of the environment in `url` and `token`."""

_OTHERS = ("glpat-", "gldt-", "glcbt-", "glptt-", "glagent-", "gloas-", "glft-")
"""How other tokens of GitLab begin."""

_VARIABLE = late_pattern(r"\$(?:\w+|\{\w+\})")
_LIKE_A_TOKEN = late_pattern(r"[\w.-]{20,}")
_HOLE = late_pattern(r"[<>{}\[\]%*#…]|\.\.\.|x{5,}|X{5,}")
"""No token has any of these."""

_FILLED = late_pattern(r"(?:glrt-)?[xX._-]{3,}|__[A-Z_]+__")
_ONE_WORD = late_pattern(r"[a-z]*token[a-z]*", re.IGNORECASE)
_WORDS = frozenset(
    {"token", "redacted", "replace", "replaced", "replaceme", "changeme", "placeholder", "your", "todo", "example"}
    | {"secret", "insert", "here"}
)
"""Words of placeholders. They count only between hyphens, underscores or spaces, because a token is random."""

_URL_HOLE = late_pattern(r"[<>{}\[\]]|^[A-Z_]+$")


def is_placeholder(token: str) -> bool:
    """Whether a text is what manuals and templates write in the place of a token: `<token>`, `YOUR_TOKEN`, `xxx`."""
    if _VARIABLE.fullmatch(token):
        return False
    words = {word.lower().rstrip("0123456789") for word in re.split(r"[\W_]+", token)}
    forms = (_FILLED.fullmatch(token), _ONE_WORD.fullmatch(token), _HOLE.search(token))
    return any(forms) or bool(words & _WORDS)


def is_excerpt(runner: Tree) -> bool:
    """Whether a section is an excerpt of a manual: without a `url`, or with another text in the place of the token."""
    token = runner.get("token")
    is_other = isinstance(token, str) and (is_placeholder(token) or not _LIKE_A_TOKEN.fullmatch(token))
    return not runner.get("url") or is_other


def tokens(tree: Tree, version: Version, *, is_complete: bool) -> Found:
    """Checks the token of each runner. `is_complete`: whether the file belongs to a host of the inventory, or may do so."""
    for index, runner in enumerate(runners_of(tree)):
        key: Key = ("runners", index, "token")
        problem = _token_problem(runner["token"], version) if "token" in runner else None
        if (
            not is_complete
            and not meant_keys("runner", runner) & {"token"}
            and runner.get("url")
            and runner.get("executor")
        ):
            problem = "warning", "is missing: the runner would never get a job"
        if problem:
            severity, text = problem
            fix = "write the token that GitLab shows when the runner is created"
            keep = (
                "; in the inventory, name it with !env, or leave the key out to keep that of the host"
                if is_complete
                else ""
            )
            yield "R002", severity, key, f"the token {text}", f"{fix}{keep}"


def _token_problem(token: Value, version: Version) -> tuple[Severity, str] | None:
    """The severity, and what is wrong without showing the token."""
    if not isinstance(token, str):
        return None  # reported with the other types
    if _VARIABLE.search(token):
        severity = _of_a_variable(version)
        return (severity, "is a variable, which runners before 18.10 do not replace") if severity else None
    if token.startswith("glrt-") and len(token) < _SHORTEST_TOKEN and not is_placeholder(token):
        text = f"is shorter than {_SHORTEST_TOKEN} characters: a runner before 18.2 crashes on it, and all its jobs are lost"
        return "error" if version and version < _NO_CRASH else "warning", text
    registers = token.startswith(("glrtr-", "GR1348941"))
    problems: tuple[tuple[bool, Severity, str], ...] = (
        (token == "", "warning", "is empty: the runner would never get a job"),
        (not token.strip(), "error", "is empty: the runner would never get a job"),
        (registers, "error", "is a registration token, which cannot be used in config.toml"),
        (token.startswith(_OTHERS), "error", "is that of a user or of a deployment, and not that of a runner"),
        (is_placeholder(token), "warning", "is a placeholder: the runner would never get a job"),
        (any(map(str.isspace, token)), "error", "contains white space or a line break"),
    )
    return next(((severity, text) for wrong, severity, text in problems if wrong), None)


def _of_a_variable(version: Version) -> Severity | None:
    if not version:
        return "warning"
    return "error" if version < _EXPANDS else None


def urls(tree: Tree, version: Version, *, is_complete: bool) -> Found:
    """In a file that is not the runner's own, keys may be missing on purpose, because manuals show excerpts."""
    for index, runner in enumerate(runners_of(tree)):
        url = runner.get("url")
        key: Key = ("runners", index, "url")
        excerpt = not is_complete and (is_excerpt(runner) or "token" not in runner)
        severity: Severity | None = "warning" if excerpt else "error"
        fix = "write GitLab's address: https://gitlab.example.com"
        if isinstance(url, str) and _VARIABLE.search(url):
            severity = _of_a_variable(version)
            text, fix = "runners before 18.10 do not replace the variable", "write GitLab's address itself"
        elif isinstance(url, str) and _URL_HOLE.search(url) and not _is_bracketed(url):
            text = "is a placeholder, not the address of GitLab"
        elif isinstance(url, str) and url != url.strip():
            text, fix = "has a space at its beginning or end, so the runner cannot read it", f"write {url.strip()}"
        elif not _is_address(url):
            if "url" not in runner and "url" in meant_keys("runner", runner):
                continue  # a misspelt key is reported where it stands
            text = "must be an http or https address" if url else "is missing"
        else:
            continue
        if severity and isinstance(url, str | None):  # another type is reported with the other types
            yield "R004", severity, key, text, fix


def _is_bracketed(url: str) -> bool:
    """Whether the only brackets are those of an address of IPv6."""
    return re.fullmatch(r"[^\[\]<>{}]*://(?:[^/@]*@)?\[[0-9A-Fa-f:.%]+\][^\[\]<>{}]*", url) is not None


def _is_address(value: Value) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
