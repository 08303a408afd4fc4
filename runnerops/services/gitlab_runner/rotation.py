"""A new token for a runner: how the host asks GitLab for it and stores it until config.toml has it. Pure.

GitLab refuses the old token as soon as it gives the new one. So the host stores the new one before anything else is
done, in `rotated/DIGEST/config.toml`, where DIGEST is the sha256 of the old one. Every plan uses what is stored there
instead of the old token (`reconcile`). So if a rotation is cut off, the next deploy completes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import PurePosixPath

from runnerops.model.common import STATE_FOLDER, Tree, Value
from runnerops.model.host_state import HostState
from runnerops.model.steps import Step
from runnerops.services.gitlab_runner.format import config_path, label, read, runners_of
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.observe import UNIT
from runnerops.services.gitlab_runner.schema import HOST_OWNED
from runnerops.services.scripts import script
from runnerops.services.steps import run

FOLDER = f"{STATE_FOLDER}/rotated"
ALONE = "rotate.toml"
"""A file in the run's folder: a config.toml with that one runner, or with what GitLab gave already."""
_ASK_SECONDS = 240
"""gitlab-runner itself waits and asks again if GitLab accepts no more requests for now."""
_OF_ITS_CONNECTION = ("url", "id", "token", "tls-ca-file", "tls-cert-file", "tls-key-file", "executor")


def digest_of(token: Value) -> str:
    """Identifies a token where the token itself must not be shown."""
    return sha256(str(token or "").encode()).hexdigest()


def rotated(observed: HostState) -> Mapping[str, Tree]:
    """What GitLab gave instead of a token, by the digest of that token: `id`, `token` and its dates."""
    by_digest: dict[str, Tree] = {}
    for path, file in observed.files.items():
        if path.startswith(f"{FOLDER}/") and file.content is not None:
            digest = PurePosixPath(path).parent.name
            for runner in runners_of(read(file.content))[:1]:
                if runner.get("token") and digest_of(runner["token"]) != digest:
                    by_digest[digest] = {
                        key: runner[key] for key in HOST_OWNED if key in runner and not _is_nothing(runner[key])
                    }
    return by_digest


def with_rotated(tree: Tree, new_tokens: Mapping[str, Tree]) -> Tree:
    """A config.toml in which runners have the tokens that GitLab accepts now; the same tree if there are no
    new ones.
    """
    runners = tree.get("runners")
    if not new_tokens or not isinstance(runners, list):
        return tree
    renewed: list[Value] = [_renewed(runner, new_tokens) if isinstance(runner, dict) else runner for runner in runners]
    return {**tree, "runners": renewed}


def _renewed(runner: Tree, new_tokens: Mapping[str, Tree]) -> Tree:
    """Follows a chain of replacements, because a token may have been replaced twice before the file was changed."""
    digests: set[str] = set()
    while (digest := digest_of(runner.get("token"))) in new_tokens and digest not in digests:
        digests.add(digest)
        dates = {"token_obtained_at", "token_expires_at"}
        runner = {**{key: value for key, value in runner.items() if key not in dates}, **new_tokens[digest]}
    return runner


def _is_nothing(value: Value) -> bool:
    return value == 0 or (isinstance(value, datetime) and value.year == 1)


def pending(observed: HostState) -> tuple[str, ...]:
    """Names of the runners of config.toml whose new token is stored on the host and not in the file yet."""
    return _waiting(observed.file(config_path(observed)).content, rotated(observed))


def _waiting(content: bytes | None, new_tokens: Mapping[str, Tree]) -> tuple[str, ...]:
    return tuple(
        label(runner, index)
        for index, runner in enumerate(runners_of(read(content)))
        if digest_of(runner.get("token")) in new_tokens
    )


def tidied(observed: HostState, content: bytes | None) -> Iterator[Step]:
    """Deletes what is stored once config.toml has it. `content` is the file after the run.

    A run that does not change the file, e.g. of Docker alone, keeps what is stored, because there is no other copy.
    """
    new_tokens = rotated(observed)
    if new_tokens and not _waiting(content, new_tokens):
        yield run(10, "rm", "-rf", FOLDER, title="remove the stored copy of the new token, which config.toml has now")


def ask_steps(runner: Tree, observed: HostState) -> tuple[Step, ...]:
    """Steps in which the host asks GitLab for a new token of this runner and stores it; the run brings the file of
    `alone`.
    """
    argv = script("runner-reset-token.sh", digest_of(runner.get("token")), config_path(observed), UNIT)
    return (run(_ASK_SECONDS, *argv, title="ask GitLab for a new token of the runner, and store it"),)


def keep_steps(runner: Tree) -> tuple[Step, ...]:
    """Steps in which the host stores what GitLab gave already; the run brings the file of `alone`."""
    argv = script("runner-keep-token.sh", digest_of(runner.get("token")))
    return (run(30, *argv, title="store the new token that GitLab gave"),)


def alone(runner: Tree, new_values: Tree | None = None) -> bytes:
    """A config.toml of this runner with only what a connection to GitLab needs. `new_values`: with these values instead of
    its own.

    The runner gets a fixed name in it, because its own may be missing or look like a flag on a command line.
    """
    block: Tree = {key: runner[key] for key in _OF_ITS_CONNECTION if key in runner}
    return to_toml({"runners": [{"name": "rotated", **block, **(new_values or {})}]}).encode()


def runner_named(runners: Sequence[Tree], name: str) -> Tree | None:
    """The runner of that name."""
    return next((runner for index, runner in enumerate(runners) if label(runner, index) == name), None)
