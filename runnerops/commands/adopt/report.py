"""Shows an adoption: the entries, and what a deploy of them would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from runnerops.adopt.draft import Draft
from runnerops.adopt.entry import Entry
from runnerops.adopt.mirrors import other_hosts_using_cache
from runnerops.adopt.place import AdoptedHost
from runnerops.adopt.templates import FOLDER, Templates
from runnerops.commands.adopt.request import AdoptionRequest
from runnerops.engine.options import Flags
from runnerops.engine.planner import plan_all
from runnerops.engine.plans.planned import Planned, Plans
from runnerops.engine.plans.review import failed_outcome, host_documents, show_text
from runnerops.engine.project import Project, open_project
from runnerops.frozen import frozen
from runnerops.inventory import the_host
from runnerops.model.common import Result
from runnerops.model.inventory import Inventory
from runnerops.report.adopted import (
    adopted_document,
    entry_text,
    show_by_hand,
    show_entries,
    show_notes,
    show_templates,
    unchanged_line,
)
from runnerops.report.causes import outcomes_lines
from runnerops.report.document import VERSION, outcome_document
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver
from runnerops.secrets.dotenv import as_read


@frozen
class AdoptionReport:
    """The report on an adoption. `loaded`: the inventory with the entries; `templates`: those that go with it.

    `by_hand`: entries that are not written, because the inventory refuses them or its file has another form.
    """

    request: AdoptionRequest
    looked: Mapping[str, AdoptedHost | Exception]
    draft: Draft | None
    loaded: Inventory
    templates: Templates
    by_hand: Mapping[str, Entry]

    @property
    def screen(self) -> Screen:
        """The screen of the command."""
        return self.request.screen

    def show(self, *, share: bool) -> None:
        """Shows the entries, then the notes on each host. `share`: whether the entries have something in common."""
        write = self.request.options.write
        if self.draft:
            show_entries(self.draft, self.screen)
        hosts = [result for result in self.looked.values() if isinstance(result, AdoptedHost)]
        show_notes(hosts, self.draft, self.screen, alone=len(self.looked) == 1, write=write)
        failed = [failed_outcome(name, error) for name, error in self.looked.items() if isinstance(error, Exception)]
        self.screen.lines(outcomes_lines(failed))
        show_by_hand(self.by_hand, self.screen)
        if self.draft:
            for other in other_hosts_using_cache(self.request.places[0], self.loaded, self.draft.entries):
                self._note(f"{other} would use this cache too; `use: false` keeps it out of every mirror list")
        show_templates(self.templates, self.screen, write=write)
        if share:
            self._note("each entry repeats what these hosts have in common; `--group NAME` writes it once")

    def _note(self, text: str) -> None:
        self.screen.say(f"note: {text}", "warn")

    def plan(self) -> tuple[Project, Plans] | None:
        """The plans of the adopted hosts, made with the new inventory; None if there are none."""
        hosts = tuple(the_host(self.loaded, name) for name in self.looked if self._is_planned(name))
        if not hosts:
            return None
        environ = {**self.request.environ, **as_read(self.draft.variables if self.draft else {})}
        resolver = Resolver(environ, self.loaded.folder, self.request.pool.run_command)
        project = open_project(self.loaded, hosts, resolver, self.screen.redactor)
        return project, plan_all(project, self.request.pool, Flags({}))

    def _is_planned(self, name: str) -> bool:
        result = self.looked[name]
        return isinstance(result, AdoptedHost) and (result.has_section or bool(result.place.own_sections))

    def end(self, planned: tuple[Project, Plans] | None, written: Sequence[Path]) -> None:
        """Shows the plans and what was written."""
        project, plans = planned or (None, {})
        if self.request.options.as_json:
            self._json(host_documents(project, plans) if project else [], written)
            return
        if project:
            self._show_plans(project, plans)
        if written:
            self.screen.say(f"wrote {', '.join(map(str, written))}", "good")

    def _show_plans(self, project: Project, plans: Plans) -> None:
        """Shows the plans that change something; one line for each other host. Without `--write`, this goes to stderr, because
        only the entries are the answer.
        """
        report = self.screen if self.request.options.write else replace(self.screen, out=self.screen.err)
        quiet = [
            name
            for name, result in plans.items()
            if isinstance(result, Planned) and result.result is Result.UNCHANGED and self._is_new(name)
        ]
        hosts = tuple(host for host in project.hosts if host.name not in quiet)
        if hosts:
            show_text(replace(project, hosts=hosts), {host.name: plans[host.name] for host in hosts}, report, verbose=0)
        if quiet:
            self.screen.say(unchanged_line(quiet), "good")

    def _is_new(self, name: str) -> bool:
        """Whether all that the inventory will say of it is adopted."""
        result = self.looked[name]
        return bool(self.draft and name in self.draft.entries) and not (
            isinstance(result, AdoptedHost) and result.place.own_sections
        )

    def _failed(self, name: str, error: Exception) -> dict[str, Any]:
        outcome, entry = outcome_document(failed_outcome(name, error)), self.by_hand.get(name)
        return {**outcome, "entry": entry_text(entry)} if entry else outcome

    def _json(self, plans: Sequence[Mapping[str, Any]], written: Sequence[Path]) -> None:
        by_host = {str(plan["host"]): plan for plan in plans}
        hosts = [
            self._failed(name, error)
            if isinstance(error, Exception)
            else adopted_document(error, self.draft, by_host.get(name))
            for name, error in self.looked.items()
        ]
        layer = self.draft.layer if self.draft else None
        shared = {"place": layer.place, "entry": layer.text, "variables": [*layer.variables]} if layer else None
        texts = {f"{FOLDER}/{name}": text for name, text in self.templates.texts.items()}
        paths = [str(path) for path in written]
        self.screen.json({"version": VERSION, "hosts": hosts, "shared": shared, "templates": texts, "written": paths})
