"""`runnerops init`: creates a new project, from flags or from questions at a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from runnerops.adopt.target import check_apart, host_at, is_login, login_of, parse_target
from runnerops.adopt.writing import create
from runnerops.commands.adopt import AdoptOptions, adopt
from runnerops.commands.trust import keep_keys
from runnerops.engine.options import Invocation
from runnerops.errors import RunneropsError, UsageError
from runnerops.frozen import frozen
from runnerops.inventory import load
from runnerops.model.common import Exit
from runnerops.model.inventory import Host
from runnerops.report.screen import Screen
from runnerops.starter import INVENTORY, Starter, files_of


@frozen
class InitOptions:
    """The flags for a new project: hosts as `[NAME=]USER@ADDRESS[:PORT]`; None for what is asked at the terminal."""

    hosts: Sequence[str] = ()
    adopted: Sequence[str] = ()
    cache: bool | None = None
    gitlab: str | None = None


def init(folder: Path, options: InitOptions, environ: Mapping[str, str], screen: Screen) -> Exit:
    """Writes the files of the project. An existing inventory is an error; any other existing file is kept, with a warning.

    Exit 1 if a host could not be adopted. The project exists then, and the next commands are shown.
    """
    path = folder / INVENTORY
    if path.exists() or path.is_symlink():
        raise RunneropsError(
            f"{path} already exists: nothing is overwritten", "`runnerops adopt USER@ADDRESS --write` adds a host"
        )
    if not (options.hosts or options.adopted):
        if not screen.interactive:
            raise UsageError(
                "init: there is no terminal to ask on", "name the hosts: --host NAME=USER@ADDRESS, or --adopt"
            )
        options = _ask(screen, options)
    hosts = _hosts([*options.hosts, *options.adopted])
    starter = Starter(hosts[: len(options.hosts)], options.cache is not False, _url(options.gitlab or ""))
    screen.say(f"wrote {', '.join(_write(folder, files_of(starter), screen))}", "good")
    try:
        return _adopt(path, options.adopted, environ, screen) if options.adopted else Exit.OK
    except KeyboardInterrupt:
        screen.say()
        raise
    finally:  # also where that was interrupted: the project is there
        _say_next(folder, starter.hosts, _missing(path, options.adopted), screen)


def _hosts(words: Sequence[str]) -> tuple[Host, ...]:
    other_hosts: list[Host] = []
    for word in words:
        host = parse_target(word) if is_login(word) else host_at(word)
        assert isinstance(host, Host)
        check_apart(host, other_hosts)
        other_hosts.append(host)
    return tuple(other_hosts)


def _ask(screen: Screen, options: InitOptions) -> InitOptions:
    hosts: list[str] = []
    adopted: list[str] = []
    while True:
        has_hosts = hosts or adopted
        login = screen.ask_text("another host (Enter if there is none)" if has_hosts else "a host, as USER@ADDRESS")
        if not login and (hosts or adopted):
            break
        if not (word := _named(screen, login, [*hosts, *adopted])):
            continue
        name = word.partition("=")[0]
        by_hand = screen.ask(f"is {name} set up already? its configuration is then taken over as it is", otherwise=True)
        (adopted if by_hand else hosts).append(word)
    if hosts and options.cache is None:
        cache = screen.ask("should each new host get a pull-through cache of Docker Hub?", otherwise=True)
        options = replace(options, cache=cache)
    while hosts and options.gitlab is None:
        try:
            url = _url(
                screen.ask_text("URL of the GitLab that their runners are registered with (Enter if there is none)")
            )
            options = replace(options, gitlab=url)
        except UsageError as error:
            screen.say(f"{error.message}; {error.hint}", "bad")
    return replace(options, hosts=hosts, adopted=adopted)


def _named(screen: Screen, login: str, other_names: Sequence[str]) -> str:
    """`NAME=LOGIN` of a further host. Asks for its name if the answer has none. Empty if the answer is no login."""
    if not login:
        screen.say("a project needs at least one host; Ctrl-C ends this without writing anything", "bad")
        return ""
    name, login = login.split("=", 1) if "=" in login.partition("@")[0] else ("", login)
    try:
        usual = host_at(login, name).name
    except UsageError as error:
        return _refused(screen, error)
    while not name:
        name = screen.ask_text("its name in the inventory", usual)
        try:
            host_at(login, name)
        except UsageError as error:
            name = _refused(screen, error)
    try:
        _hosts([*other_names, f"{name}={login}"])
    except UsageError as error:
        return _refused(screen, error)
    return f"{name}={login}"


def _refused(screen: Screen, error: UsageError) -> str:
    screen.say(f"{error.message}; {error.hint}", "bad")
    return ""


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    except ValueError:
        sound = False
    if text and not sound:
        raise UsageError(f"{text}: not a URL of a GitLab", "write https://gitlab.example.com")
    return text


def _write(folder: Path, files: Mapping[str, str], screen: Screen) -> Iterator[str]:
    """Writes the inventory last, so that `init` can be repeated if it was interrupted. Yields the names of written files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            if create(folder / name, text):
                yield name
            else:
                screen.say(f"{folder / name} exists already, and is not changed", "warn")
    except OSError as error:
        raise RunneropsError(
            f"{error.filename or folder}: {error.strerror}", "name a folder that can be written to"
        ) from None


def _adopt(path: Path, words: Sequence[str], environ: Mapping[str, str], screen: Screen) -> Exit:
    """Adopts these hosts; at a terminal, only those whose keys the person trusts. `keep_keys` says why others are left out."""
    remaining = words
    if screen.interactive:
        logins = {login_of(host): word for word, host in zip(words, _hosts(words), strict=True)}
        kept_keys = keep_keys(Invocation(path, [*logins], environ, screen))
        remaining = [word for login, word in logins.items() if kept_keys[login]]
    code = adopt(path, remaining, environ, screen, AdoptOptions(write=True)) if remaining else Exit.FAILED
    return code if len(remaining) == len(words) else Exit.FAILED


def _missing(path: Path, words: Sequence[str]) -> Sequence[str]:
    """Those of the words whose host is not in the inventory."""
    if not words:
        return ()
    try:
        existing = {host.name for host in load(path).hosts}
    except RunneropsError:  # it has no host yet
        existing = set()
    return [word for word, host in zip(words, _hosts(words), strict=True) if host.name not in existing]


def _say_next(folder: Path, hosts: Sequence[Host], failed: Sequence[str], screen: Screen) -> None:
    """Prints the commands to type next."""
    if failed:
        logins = [login_of(host) for host in _hosts(failed)]
        commands = [("trust", *logins, *(host.name for host in hosts)), ("adopt", *failed, "--write"), ("diff",)]
    elif hosts:
        commands = [("check",), ("trust", *(host.name for host in hosts)), ("diff",)]
    else:
        commands = [("check",), ("diff",), ("deploy",)]
    screen.say("next:")
    if folder.resolve() != Path.cwd():
        screen.data(f"  cd {shlex.quote(str(folder))}", "typed")
    for words in commands:
        screen.data(f"  runnerops {shlex.join(words)}", "typed")
