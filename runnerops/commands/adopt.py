"""`runnerops adopt`: hosts as they are, as their entries in the inventory; the hosts are only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from runnerops.adopt.draft import Draft, could_share, draft_of
from runnerops.adopt.entry import Entry
from runnerops.adopt.finding import find_places, known_names
from runnerops.adopt.mirrors import changed_elsewhere
from runnerops.adopt.place import Found, Place
from runnerops.adopt.target import login_of, meant
from runnerops.adopt.templates import FOLDER, Templates
from runnerops.adopt.writing import Files
from runnerops.adopt.writing import write as write_files
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.observe import inquire
from runnerops.engine.options import Flags
from runnerops.engine.planned import Planned, Plans
from runnerops.engine.planner import load_rest, plan_all
from runnerops.engine.project import Project, open_project
from runnerops.engine.review import failure, host_documents, show_text
from runnerops.engine.scheduling import side_by_side
from runnerops.errors import HostKeyError, RunneropsError, UsageError
from runnerops.frozen import frozen
from runnerops.inventory import Where, name_of, the_host
from runnerops.model.common import Exit, Result
from runnerops.model.inventory import Host, Inventory
from runnerops.report.adopted import (
    adopted_document,
    entry_text,
    show_by_hand,
    show_entries,
    show_notes,
    show_templates,
)
from runnerops.report.causes import outcomes_lines
from runnerops.report.document import VERSION, outcome_document
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver
from runnerops.secrets.dotenv import as_read, read_dotenv
from runnerops.services import SERVICES


@frozen
class AdoptOptions:
    """What the command line said beside the hosts. `name`: of the one USER@ADDRESS; `group`: for what several share.

    `ansible`: the Ansible inventory whose hosts are meant.
    """

    name: str = ""
    group: str = ""
    write: bool = False
    as_json: bool = False
    ansible: Path | None = None


def adopt(path: Where, words: Sequence[str], environ: Mapping[str, str], screen: Screen, options: AdoptOptions) -> Exit:
    """Exit 0; 1 where a host was not reached, has nothing to adopt, nothing that the inventory does not say already, or an
    entry that the inventory refuses.

    The others are adopted all the same.
    """
    targets = _of_ansible(path, words, screen, options) if options.ansible else _targets(words, options.name)
    places = find_places(path, targets, options.group)
    hosts = {one.name: one for one in (*places[0].loaded.hosts, *(place.host for place in places))}
    with ConnectionPool(
        Inventory(places[0].loaded.path, tuple(hosts.values()), {}, places[0].folder), environ, screen
    ) as pool:
        return _Adoption(places, environ, screen, pool, options).run()


def _targets(words: Sequence[str], name: str) -> list[Host | str]:
    if not words:
        raise UsageError("adopt: name the hosts", "runnerops adopt HOST…, or --from-ansible FILE")
    if name and len(words) > 1:
        raise UsageError(f"--name {name}: there are several hosts", "name each: NAME=USER@ADDRESS")
    return [meant(word, name) for word in words]


def _of_ansible(path: Where, words: Sequence[str], screen: Screen, options: AdoptOptions) -> list[Host | str]:
    """The hosts that our inventory has not got yet; of each other one, that it is left out."""
    from runnerops.adopt.ansible_files import read_ansible

    assert options.ansible
    if options.name:
        raise UsageError("--name: hosts of an Ansible inventory have names", "leave --name out")
    read = read_ansible(options.ansible, words)
    there = known_names(path)
    known = [host.name for host in read.hosts if {host.name, host.address} & there]
    for note in (*read.notes, *(f"{name} is left out: it is in {name_of(path)} already" for name in known)):
        screen.say(f"note: {note}", "warn")
    left = [host for host in read.hosts if host.name not in known]
    if not left:
        raise RunneropsError(f"{options.ansible}: it has no host that could be adopted", "see the notes")
    return [*left]


def _templates(folder: Path) -> Mapping[str, bytes]:
    """The project's own templates, by name."""
    try:
        return {path.name: path.read_bytes() for path in (folder / FOLDER).glob("*.j2") if path.is_file()}
    except OSError as error:
        raise RunneropsError(f"{error.filename}: {error.strerror}", "make it readable") from None


def _templates_of(draft: Draft, there: Mapping[str, bytes]) -> Templates:
    """Those that are there with what the hosts add. Raises RunneropsError where one of these is no UTF-8."""
    found = draft.templates({name: data.decode(errors="surrogateescape") for name, data in there.items()})
    for name, text in found.texts.items():
        if any(0xDC80 <= ord(char) <= 0xDCFF for char in text):
            raise RunneropsError(f"{FOLDER}/{name}: is not UTF-8", "save it as UTF-8, then adopt again")
    return found


@frozen
class _Adoption:
    places: Sequence[Place]
    environ: Mapping[str, str]
    screen: Screen
    pool: ConnectionPool
    options: AdoptOptions

    def run(self) -> Exit:
        looked = side_by_side([place.host.name for place in self.places], self._look)
        found = [one for one in looked.values() if isinstance(one, Found)]
        for one in found:
            for adopted in one.adopted.values():
                self.screen.redactor.learn(adopted.secrets)
        fresh = [one for one in found if one.has_section]
        drafted = draft_of(fresh, self._taken(), self.options.group)
        draft, loaded = drafted.draft, drafted.loaded or self.places[0].loaded
        fresh = [one for one in fresh if one.name not in drafted.refused]
        looked |= drafted.refused
        if draft:
            self.screen.redactor.learn(frozenset(draft.variables.values()))
        for entry in drafted.by_hand.values():
            self.screen.redactor.learn(frozenset(entry.variables.values()))
        there = _templates(self.places[0].folder) if draft else {}
        templates = _templates_of(draft, there) if draft else Templates({}, {})
        loaded = replace(loaded, templates=templates.texts)
        report = _Report(self, looked, draft, loaded, templates, drafted.by_hand)
        if not self.options.as_json:
            report.show(share=could_share(fresh, self._taken(), draft) if draft else False)
        written: tuple[Path, ...] = ()
        plans = report.plan()
        if draft and self.options.write:
            place = self.places[0]
            files = Files(
                place.path, draft.content, draft.variables, templates.texts, place.folder, there, place.content
            )
            written = write_files(files)
        report.end(plans, written)
        return Exit.OK if len(fresh) == len(self.places) else Exit.FAILED

    def _look(self, name: str) -> Found:
        """What each service that has no section makes of the host. One exec."""
        place = next(place for place in self.places if place.host.name == name)
        host = place.host
        try:
            self.pool.link(host)
        except HostKeyError as error:  # the way that it names is through the inventory, where the host is not yet
            hint = error.hint if place.known else error.hint.replace(f"trust {name}", f"trust {login_of(host)}")
            raise HostKeyError(name, error.message.removeprefix(f"{name}: "), hint) from None
        load_rest()
        questions = [call for service in SERVICES for call in service.ADOPT_QUESTIONS]
        observed, answers = inquire(host, (), self.pool.reader(host), questions, ())
        lacking = [service for service in SERVICES if service.NAME not in place.own]
        return Found(place, {service.NAME: service.adopt(observed, answers) for service in lacking})

    def _taken(self) -> Mapping[str, str]:
        """Variables that have a value already, by name."""
        env = self.places[0].folder / ".env"
        try:
            text = env.read_text(errors="replace") if env.is_file() else ""
        except OSError as error:
            raise RunneropsError(f"{env}: {error.strerror}", "make it readable: adopted secrets go there") from None
        return {**read_dotenv(text, str(env)), **self.environ}


@frozen
class _Report:
    """What is said of an adoption. `loaded`: the inventory with the entries, `templates` those that go with it.

    `by_hand`: entries that the inventory does not take as they are, or not in the form that its file has.
    """

    adoption: _Adoption
    looked: Mapping[str, Found | Exception]
    draft: Draft | None
    loaded: Inventory
    templates: Templates
    by_hand: Mapping[str, Entry]

    @property
    def screen(self) -> Screen:
        return self.adoption.screen

    def show(self, *, share: bool) -> None:
        """The entries, then what is to be said of each host."""
        write = self.adoption.options.write
        if self.draft:
            show_entries(self.draft, self.screen)
        for one in self.looked.values():
            if not isinstance(one, Exception):
                show_notes(one, self.draft, self.screen, alone=len(self.looked) == 1, write=write)
        failed = [failure(name, one) for name, one in self.looked.items() if isinstance(one, Exception)]
        self.screen.lines(outcomes_lines(failed))
        show_by_hand(self.by_hand, self.screen)
        if self.draft:
            for other in changed_elsewhere(self.adoption.places[0], self.loaded, self.draft.entries):
                self._note(f"{other} would use this cache too; `use: false` keeps it out of every mirror list")
        show_templates(self.templates, self.screen, write=write)
        if share:
            self._note("each entry repeats what these hosts have in common; `--group NAME` writes it once")

    def _note(self, text: str) -> None:
        self.screen.say(f"note: {text}", "warn")

    def plan(self) -> tuple[Project, Plans] | None:
        """What a deploy of each host that the inventory then has would do."""
        hosts = tuple(the_host(self.loaded, name) for name in self.looked if self._is_planned(name))
        if not hosts:
            return None
        environ = {**self.adoption.environ, **as_read(self.draft.variables if self.draft else {})}
        resolver = Resolver(environ, self.loaded.folder, self.adoption.pool.run_command)
        project = open_project(self.loaded, hosts, resolver, self.screen.redactor)
        return project, plan_all(project, self.adoption.pool, Flags({}))

    def _is_planned(self, name: str) -> bool:
        one = self.looked[name]
        return isinstance(one, Found) and (one.has_section or bool(one.place.own))

    def end(self, planned: tuple[Project, Plans] | None, written: Sequence[Path]) -> None:
        """The plans, and what was written."""
        project, plans = planned or (None, {})
        if self.adoption.options.as_json:
            self._json(host_documents(project, plans) if project else [], written)
            return
        if project:
            self._show_plans(project, plans)
        if written:
            self.screen.say(f"wrote {', '.join(map(str, written))}", "good")

    def _show_plans(self, project: Project, plans: Plans) -> None:
        """All but those by which nothing would change, which a line says; on stderr where only the entries are the answer."""
        report = self.screen if self.adoption.options.write else replace(self.screen, out=self.screen.err)
        quiet = {name for name, one in plans.items() if isinstance(one, Planned) and one.result is Result.UNCHANGED}
        quiet = {name for name in quiet if self.draft and name in self.draft.entries and not self._owns(name)}
        told = tuple(host for host in project.hosts if host.name not in quiet)
        if told:
            show_text(replace(project, hosts=told), {host.name: plans[host.name] for host in told}, report, verbose=0)
        for name in quiet:
            self.screen.say(f"{name}: a deploy of this changes nothing", "good")

    def _owns(self, name: str) -> bool:
        one = self.looked[name]
        return isinstance(one, Found) and bool(one.place.own)

    def _failed(self, name: str, error: Exception) -> dict[str, Any]:
        outcome, entry = outcome_document(failure(name, error)), self.by_hand.get(name)
        return {**outcome, "entry": entry_text(entry)} if entry else outcome

    def _json(self, plans: Sequence[Mapping[str, Any]], written: Sequence[Path]) -> None:
        by_host = {str(one["host"]): one for one in plans}
        hosts = [
            self._failed(name, one)
            if isinstance(one, Exception)
            else adopted_document(one, self.draft, by_host.get(name))
            for name, one in self.looked.items()
        ]
        layer = self.draft.layer if self.draft else None
        shared = {"place": layer.place, "entry": layer.text, "variables": [*layer.variables]} if layer else None
        texts = {f"{FOLDER}/{name}": text for name, text in self.templates.texts.items()}
        paths = [str(one) for one in written]
        self.screen.json({"version": VERSION, "hosts": hosts, "shared": shared, "templates": texts, "written": paths})
