"""What every managed system implements: three Protocols (`FileFormat`, `Planner`, `Adopter`) and the types in them. Pure."""

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
    """A file is not what its format asks for; line and column count from 1 (0: not known). Holds none of its text.

    `fix` is what mends the usual cause. `valid`: it is of its format, and the system has another use for it.
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
    """An action of a plan, and all that its steps are made of.

    `changes` are the service's own; `run` is the plan's number; `already_stopped`: an earlier phase of the plan has
    stopped the service.
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
    """A host that services are taken off. It is as its inventory has it.

    `paths` are all that runs applied, of any service; `originals` are by path. A path without an original was there before
    originals were kept, or the original is lost: what runs put there is removed.
    """

    host: Host
    paths: Collection[str]
    originals: Mapping[str, Original]
    observed: HostState
    policy: Policy


@frozen
class ListeningPlace:
    """Where a managed system would listen, and the key of a file (or of the section, by its name) that says so.

    `address` is an IP address without brackets, or empty for all. `location` is known where the key is the section's own.
    """

    who: str
    file: str
    key: Key
    address: str
    port: str
    location: SourceLocation | None = None

    def __str__(self) -> str:
        return f"{f'[{self.address}]' if ':' in self.address else self.address}:{self.port}"


class FileFormat(Protocol):
    """The files of a managed system: which, what their templates see, how they are read and written, what is wrong in them.

    Every method is a function of its arguments: no network, clock or environment.
    """

    NAME: ServiceName

    def files(self, host: Host) -> tuple[FileSpec, ...]:
        """The files this host should have, in the order they render; () where it has no section."""

    def context(self, host: Host, spec: FileSpec, done: Sequence[RenderedFile]) -> Mapping[str, Any]:
        """What the template of `spec` sees beside the common names; `done` are this service's files rendered before it."""

    def parse(self, spec: FileSpec, content: bytes) -> Tree:
        """The document that the content of a file is. Raises ParseError."""

    def layered(self, spec: FileSpec) -> bool:
        """Whether the documents of a YAML file lie over each other; else the first alone counts."""
        return False

    def dump(self, tree: Tree) -> bytes:
        """The canonical text of `tree`: equal trees give equal bytes, and `parse` gives the tree back."""

    def free(self, key: Key) -> bool:
        """Whether the text at `key` may hold anything (a script, arguments, a table whose keys are the user's own).

        What of it does not stand in the inventory is never shown; `redact` decides on all the rest.
        """

    def source_keys(self, host: Host, spec: FileSpec, key: Key) -> tuple[Key, ...]:
        """Keys of the host's section from which the shipped template takes this one of the file, the likeliest first."""
        return (key,)

    def lint(self, files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
        """What the system itself would refuse, ignore or die of. `facts` None: only what can be known without the host."""

    def listens(self, host: Host, files: Mapping[FileSpec, Tree]) -> Iterable[ListeningPlace]:
        """The places of the host's network where the system would listen with these files: no two systems may share one."""
        return ()


class Planner(Protocol):
    """How a managed system is observed, and how a difference takes effect there. Pure, as `FileFormat` is.

    A method with a body is a default: what most systems do.
    """

    OBSERVE: str
    """Shell functions for the frame in `remote/observe.sh`; they only read."""
    UNITS: Sequence[str] = ()
    """Units of systemd that the questions to every host ask after."""

    def questions(self, host: Host, rendered: Sequence[RenderedFile]) -> tuple[tuple[str, ...], ...]:
        """Calls of OBSERVE's functions: argv tuples, which run side by side. `rendered` has this service's files only."""

    def facts(self, facts: Facts, answers: Answers) -> Facts:
        """`facts` with this service's part read from the answers."""

    def key_changes(self, spec: FileSpec, old: Tree, new: Tree) -> tuple[KeyChange, ...]:
        """The keys whose meaning differs, host-owned keys apart; () where the two mean the same."""

    def counterpart(self, spec: FileSpec, key_change: KeyChange, old: Tree, new: Tree, base: Tree) -> Value:
        """The value that `base` has at the place of a key change between `old` and `new`; None for no value."""

    def owns(self, key: Key) -> bool:
        """Whether the managed system writes this key itself."""
        return False

    def reconcile(
        self, host: Host, rendered: Sequence[RenderedFile], observed: HostState
    ) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...]]:
        """What this host should have: the paths its daemon uses, host-owned keys kept, sticky keys written out."""

    def replaceable_secrets(self, rendered: Sequence[RenderedFile]) -> Mapping[str, str]:
        """Secrets that the inventory gives and that the managed system may replace, by the name of what each is for."""
        return {}

    def remarks(
        self, host: Host, rendered: Sequence[RenderedFile], actions: Sequence[Action], observed: HostState
    ) -> Iterable[str]:
        """Notes, in sentences, on what neither blocks nor changes anything. `actions` are the whole plan's."""
        return ()

    def restore(self, host: Host, files: Mapping[str, bytes | None]) -> Restored:
        """Earlier contents by path (None: no file), as if an inventory asked for them; never a token of the runner's own.

        `files` has those of this service only; where it is empty, nothing is asked for.
        """

    def remove(self, request: RemovalRequest) -> Removal | None:
        """What takes the service off the host; None where none of the paths is this service's."""

    def unsupported(self, host: Host, observed: HostState) -> Iterable[Blocker]:
        """Why this host cannot be deployed at all; no flag overrides these."""
        return ()

    def minimal_action(
        self, host: Host, changes: Sequence[Change], observed: HostState, policy: Policy, before: Sequence[Action]
    ) -> Action | None:
        """The least action by which the changes take effect and intents are completed; None where there is nothing to do.

        It is called too where the host has no section for the service, but an intent of it. `before` are the actions of
        the services before this one: a restart of Docker restarts the caches too.
        """

    def blockers(
        self, host: Host, changes: Sequence[Change], actions: Sequence[Action], observed: HostState, policy: Policy
    ) -> Iterable[Blocker]:
        """What blocks the actions. `changes` are this service's, `actions` the whole plan's."""

    def action_steps(self, request: ActionRequest) -> ActionSteps:
        """How the action is done and undone."""

    def stop_steps(self, observed: HostState, policy: Policy) -> ActionSteps:
        """How the service is stopped and started around another service's action; nothing for most."""
        return ActionSteps()


@frozen
class Addition:
    """What a template has to say for a host, since no section has a word for it. `block` is a block of the shipped template.

    `value` is YAML that goes there, indented by `indent` spaces. `condition` is when, beside the host, as Jinja has it;
    `reason` says in words what this is.
    """

    template: str
    block: str
    indent: int
    value: Value = field(repr=False)
    condition: str = ""
    reason: str = ""


@frozen
class Adopted:
    """What the inventory has to say so that a host stays as it is. `section` None: the host has nothing that one could manage.

    `comments` are those of the host's own files, by the place in the section of what they are about. `notes` say, a sentence
    each, what the section does not say and why. `secrets` are texts of the host's files that stay there and are never shown.
    `additions` are for templates.
    """

    section: Tree | None = None
    comments: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    additions: tuple[Addition, ...] = ()


class Adopter(Protocol):
    """From what is on a host to the section of the inventory that asks for it: the way back of `FileFormat`. Pure."""

    ADOPT_QUESTIONS: Sequence[tuple[str, ...]] = ()
    """Calls of OBSERVE's functions beyond those of a host without sections."""

    def adopt(self, observed: HostState, answers: Answers) -> Adopted:
        """The section with which a deploy would change nothing on this host. Secrets stand in it in clear."""


class Service(FileFormat, Planner, Adopter, Protocol):
    """A managed system: what each package of `services/` implements."""
