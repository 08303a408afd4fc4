"""`runnerops adopt`: a host as it is, as its entry in the inventory; the host is only read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from runnerops import inventory
from runnerops.adopt.entry import Entry, make_entry
from runnerops.adopt.mirrors import changed_elsewhere, with_own_mirrors
from runnerops.adopt.place import Place, find_place, only_adds
from runnerops.adopt.target import about
from runnerops.adopt.writing import write as write_files
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.observe import inquire
from runnerops.engine.options import Flags
from runnerops.engine.planner import Planning, load_rest, plan_host
from runnerops.engine.project import open_project
from runnerops.engine.requester import find_requester
from runnerops.engine.review import show_text
from runnerops.errors import HostKeyError, RunneropsError
from runnerops.model.common import Exit, Result, ServiceName
from runnerops.model.inventory import Inventory
from runnerops.report.screen import Screen
from runnerops.secrets.dotenv import read_dotenv
from runnerops.services import SERVICES
from runnerops.services.base import Adopted


def adopt(path: Path, target: str, environ: Mapping[str, str], screen: Screen, name: str, *, write: bool) -> Exit:
    """Exit 0; 1 where there is nothing to adopt, or all of it stands in the inventory already."""
    place = find_place(path, target, name)
    with ConnectionPool(place.loaded, environ, screen) as pool:
        adoption = _Adoption(target, place, environ, screen, pool)
        adopted = adoption.look()
        entry = adoption.entry(adopted)
        if not entry.sections:
            return adoption.refuse(entry)
        return adoption.finish(entry, write=write)


@dataclass(frozen=True, slots=True)
class _Adoption:
    target: str
    place: Place
    environ: Mapping[str, str]
    screen: Screen
    pool: ConnectionPool

    def look(self) -> dict[ServiceName, Adopted]:
        """What each service that has no section makes of the host. One exec."""
        host = self.place.host
        try:
            self.pool.link(host)
        except HostKeyError as error:  # the way that it names is through the inventory, where the host is not yet
            named = error.hint.replace(f"trust {host.name}", f"trust {self.target}")
            raise HostKeyError(host.name, error.message.removeprefix(f"{host.name}: "), named) from None
        load_rest()
        questions = [call for service in SERVICES for call in service.adopt_questions()]
        observed, answers = inquire(host, (), self.pool.reader(host), questions, ())
        found = {
            service.NAME: service.adopt(observed, answers) for service in SERVICES if service.NAME not in self.place.own
        }
        for one in found.values():
            self.screen.redactor.learn(one.secrets)
        return found

    def entry(self, adopted: Mapping[ServiceName, Adopted]) -> Entry:
        """Without secrets, and with no word that the inventory would fill in itself."""
        place = self.place
        env = place.path.parent / ".env"
        taken = {**(read_dotenv(env.read_text(errors="replace"), str(env)) if env.is_file() else {}), **self.environ}
        found = make_entry(place.host.name, None if place.known else about(place.host), adopted, place.inherited, taken)
        self.screen.redactor.learn(frozenset(found.variables.values()))
        return with_own_mirrors(place, found) if found.sections else found

    def refuse(self, entry: Entry) -> Exit:
        """Nothing new: what differs is shown, and nothing written."""
        self._say_notes(entry)
        name, own = self.place.host.name, [service.value for service in ServiceName if service in self.place.own]
        if not own:
            self.screen.say(f"{name}: there is nothing that a section could ask for", "bad")
            return Exit.FAILED
        self.screen.say(f"{name} has {', '.join(own)} in {self.place.path} already: nothing is written over", "bad")
        self._show(self.place.loaded, {}, self.screen)
        return Exit.FAILED

    def finish(self, entry: Entry, *, write: bool) -> Exit:
        """Shows the entry and what a deploy of it would do; writes it where it is asked to."""
        text = entry.into(self.place.text)
        if not only_adds(self.place, text):
            raise RunneropsError(f"{self.place.path}: the entry cannot be put in without a change of something else",
                                 "put it in by hand, as it is printed without --write")  # fmt: skip
        content = self.place.content_of(text)
        loaded = inventory.load(self.place.path, content)
        self._print(entry)
        self._say_notes(entry)
        for other in changed_elsewhere(self.place, loaded):
            self.screen.say(
                f"note: {other} would use this cache too; `use: false` keeps it out of every mirror list", "warn"
            )
        report = self.screen if write else replace(self.screen, out=self.screen.err)
        in_sync = self._show(loaded, entry.variables, report)
        if in_sync:
            self.screen.say(f"{entry.name}: a deploy of this changes nothing", "good")
        if write:
            written = write_files(self.place.path, content, entry.variables)
            self.screen.say(f"wrote {', '.join(map(str, written))}", "good")
        return Exit.OK

    def _print(self, entry: Entry) -> None:
        self.screen.data("hosts:")
        for line in entry.lines(2, 2):
            self.screen.data(line)

    def _say_notes(self, entry: Entry) -> None:
        for note in entry.notes:
            self.screen.say(f"note: {note}", "warn")
        if entry.variables:
            names = ", ".join(entry.variables)
            self.screen.say(f"note: secrets stand in variables, which --write puts into .env: {names}", "warn")

    def _show(self, loaded: Inventory, variables: Mapping[str, str], report: Screen) -> bool:
        """The plan of a deploy; whether it is empty."""
        host = inventory.the_host(loaded, self.place.host.name)
        environ = {**self.environ, **variables}
        project = open_project(loaded, (host,), environ, self.screen.redactor)
        requester = find_requester(environ, project.folder)
        planning = Planning(project, Flags({}), requester, self.screen.redactor)
        planned = plan_host(planning, host, self.pool.reader(host))
        if planned.result is not Result.UNCHANGED or self.place.own:
            show_text(project, {host.name: planned}, report, verbose=False)
        return planned.result is Result.UNCHANGED
