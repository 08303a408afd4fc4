"""What every managed system implements: three Protocols (`FileFormat`, `Planner`, `Adopter`) and their types. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

from runnerops.frozen import frozen
from runnerops.model.answers import Answers
from runnerops.model.common import Key, ServiceName, SourceLocation, Tree, Value
from runnerops.model.facts import Facts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import FileSpec, Host, Original, Policy, RenderedFile, Restored
from runnerops.model.plan import Action, Blocker, Change, Finding, KeyChange, Removal
from runnerops.model.steps import ActionSteps


class ParseError(Exception):
    """A file is not valid in its format. Line and column count from 1 (0: not known). The error contains no text of the
    file.

    `fix` repairs the usual cause. `valid`: the file is valid in its format, but the system uses such content
    differently.
    """

    def __init__(self, line: int, column: int, problem: str, fix: str = "", *, valid: bool = False) -> None:
        super().__init__(problem)
        self.line = line
        self.column = column
        self.problem = problem
        self.fix = fix
        self.valid = valid


@frozen
class ActionRequest:
    """An action of a plan, with all that its steps are made from.

    `changes` are those of the service. `run` is the number of the run. `already_stopped`: an earlier phase of the plan
    has stopped the service.
    """

    host: Host
    action: Action
    changes: Sequence[Change]
    observed: HostState
    policy: Policy
    run: int
    already_stopped: bool = False


@frozen
class RemovalRequest:
    """A host from which services are removed. It is as in the inventory.

    `paths` are all that runs applied, of any service; `originals` are by path. A path without an original was there
    before originals were kept, or its original is lost: the content that runs put there is removed.
    """

    host: Host
    paths: Collection[str]
    originals: Mapping[str, Original]
    observed: HostState
    policy: Policy


@frozen
class ListeningPlace:
    """A place where a managed system would listen, and the key of a file (or of the section, by its name) that says so.

    `address` is an IP address without brackets, or empty for all. `location` is known if the key is in the section
    itself.
    """

    listener: str
    file: str
    key: Key
    address: str
    port: str
    location: SourceLocation | None = None

    def __str__(self) -> str:
        return f"{f'[{self.address}]' if ':' in self.address else self.address}:{self.port}"


class FileFormat(Protocol):
    """The files of a managed system: which there are, what their templates see, how they are read and written, what is
    wrong in them.

    Every method is a function of its arguments: no network, clock or environment.
    """

    NAME: ServiceName

    def files(self, host: Host) -> tuple[FileSpec, ...]:
        """The files this host should have, in the order in which they are rendered; () if it has no section."""

    def context(self, host: Host, spec: FileSpec, earlier_files: Sequence[RenderedFile]) -> Mapping[str, Any]:
        """What the template of `spec` sees beside the common names; `earlier_files` are this service's files
        rendered before it.
        """

    def parse(self, spec: FileSpec, content: bytes) -> Tree:
        """Parses the content of a file. Raises ParseError."""

    def layered(self, spec: FileSpec) -> bool:
        """Whether the documents of a YAML file are laid over each other. Otherwise only the first one counts."""
        return False

    def dump(self, tree: Tree) -> bytes:
        """The canonical text of `tree`: equal trees give equal bytes, and `parse` gives the tree back."""

    def free(self, key: Key) -> bool:
        """Whether the text at `key` may be anything (a script, arguments, a table whose keys are the user's own).

        Such a text is never shown if it is not in the inventory; `redact` decides about all others.
        """

    def source_keys(self, host: Host, spec: FileSpec, key: Key) -> tuple[Key, ...]:
        """Keys of the host's section from which the shipped template takes this key of the file, the
        most likely first.
        """
        return (key,)

    def lint(self, files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
        """Finds what the system itself would refuse, ignore or fail with. `facts` None: only what can be found without
        the host.
        """

    def listens(self, host: Host, files: Mapping[FileSpec, Tree]) -> Iterable[ListeningPlace]:
        """The places on the host's network where the system would listen with these files. No two systems may have the
        same.
        """
        return ()


class Planner(Protocol):
    """How a managed system is observed, and how a difference takes effect there. Pure, like `FileFormat`.

    A method with a body has the default that most systems use.
    """

    OBSERVE: str
    """Shell functions for `remote/observe.sh`. They only read."""
    UNITS: Sequence[str] = ()
    """The systemd units about which every host is asked."""

    def questions(self, host: Host, rendered: Sequence[RenderedFile]) -> tuple[tuple[str, ...], ...]:
        """Calls of OBSERVE's functions: argv tuples, which run at the same time. `rendered` has this service's files
        only.
        """

    def facts(self, facts: Facts, answers: Answers) -> Facts:
        """`facts` with this service's part read from the answers."""

    def key_changes(self, spec: FileSpec, old: Tree, new: Tree) -> tuple[KeyChange, ...]:
        """The keys whose meaning differs, without keys that belong to the host; () if the trees mean the same."""

    def counterpart(self, spec: FileSpec, key_change: KeyChange, old: Tree, new: Tree, base: Tree) -> Value:
        """The value that `base` has at the place of a key change between `old` and `new`; None for no value."""

    def owns(self, key: Key) -> bool:
        """Whether the managed system writes this key itself."""
        return False

    def reconcile(
        self, host: Host, rendered: Sequence[RenderedFile], observed: HostState
    ) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...]]:
        """The files that this host should have: at the paths its daemon uses, with the host's own keys, and with sticky
        keys written out.
        """

    def replaceable_secrets(self, rendered: Sequence[RenderedFile]) -> Mapping[str, str]:
        """Secrets that the inventory gives and that the managed system may replace, by the name of what each is for."""
        return {}

    def remarks(
        self, host: Host, rendered: Sequence[RenderedFile], actions: Sequence[Action], observed: HostState
    ) -> Iterable[str]:
        """Notes, in sentences, on facts that neither block nor change anything. `actions` are those of
        the whole plan.
        """
        return ()

    def restore(self, host: Host, files: Mapping[str, bytes | None]) -> Restored:
        """Earlier contents by path (None: no file), as if an inventory asked for them; never a token that the runner
        owned.

        `files` has those of this service only. If it is empty, nothing is asked for.
        """

    def remove(self, request: RemovalRequest) -> Removal | None:
        """What removes the service from the host; None if none of the paths belongs to it."""

    def unsupported(self, host: Host, observed: HostState) -> Iterable[Blocker]:
        """Why this host cannot be deployed at all. No flag overrides these."""
        return ()

    def minimal_action(
        self, host: Host, changes: Sequence[Change], observed: HostState, policy: Policy, before: Sequence[Action]
    ) -> Action | None:
        """The least action by which the changes take effect and intents are completed; None if there is nothing to do.

        It is also called if the host has no section for the service but an intent of it. `before` are the actions of
        the services before this one: for example, a restart of Docker restarts the caches too.
        """

    def blockers(
        self, host: Host, changes: Sequence[Change], actions: Sequence[Action], observed: HostState, policy: Policy
    ) -> Iterable[Blocker]:
        """What blocks the actions. `changes` are this service's, `actions` the whole plan's."""

    def action_steps(self, request: ActionRequest) -> ActionSteps:
        """The steps by which the action is done and undone."""

    def stop_steps(self, observed: HostState, policy: Policy) -> ActionSteps:
        """The steps that stop and start the service around another service's action. Most services have none."""
        return ActionSteps()


@frozen
class Addition:
    """A part of a template that a host needs because no key of its section can express it. `block` is a block of the
    shipped template.

    `value` is YAML for that place, indented by `indent` spaces. `condition` is a Jinja condition in addition to the
    host; `reason` says in words what the part is.
    """

    template: str
    block: str
    indent: int
    value: Value = field(repr=False)
    condition: str = ""
    reason: str = ""


@frozen
class Adopted:
    """The section for which a deploy leaves the host as it is. `section` None: there is nothing to manage on the host.

    `comments` are those of the host's files, by the place in the section. `notes` say in sentences what is not in the
    section, and why. `secrets` are texts of the host's files that stay there and are never shown. `additions` are for
    templates.
    """

    section: Tree | None = None
    comments: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    additions: tuple[Addition, ...] = ()


class Adopter(Protocol):
    """Makes the section of the inventory from what is on a host: the reverse of `FileFormat`. Pure."""

    ADOPT_QUESTIONS: Sequence[tuple[str, ...]] = ()
    """Calls of OBSERVE's functions in addition to those for a host without sections."""

    def adopt(self, observed: HostState, answers: Answers) -> Adopted:
        """The section with which a deploy would change nothing on this host. It contains secrets in clear text."""


class Service(FileFormat, Planner, Adopter, Protocol):
    """A managed system: what each package of `services/` implements."""
