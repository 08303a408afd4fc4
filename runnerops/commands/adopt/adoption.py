"""Observes hosts, drafts their entries, and writes them if `--write` was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from runnerops.adopt.draft import Draft, draft_of, would_share_keys
from runnerops.adopt.place import AdoptedHost
from runnerops.adopt.target import login_of
from runnerops.adopt.templates import FOLDER, Templates
from runnerops.adopt.writing import Files
from runnerops.adopt.writing import write as write_files
from runnerops.commands.adopt.report import AdoptionReport
from runnerops.commands.adopt.request import AdoptionRequest
from runnerops.engine.hosts.looking import look_at
from runnerops.engine.hosts.observe import observe_and_ask
from runnerops.engine.planner import preload_modules
from runnerops.errors import HostKeyError, RunneropsError
from runnerops.frozen import frozen
from runnerops.model.common import Exit
from runnerops.secrets.dotenv import read_dotenv
from runnerops.services import SERVICES


def _templates(folder: Path) -> Mapping[str, bytes]:
    """The project's own templates, by name."""
    try:
        return {path.name: path.read_bytes() for path in (folder / FOLDER).glob("*.j2") if path.is_file()}
    except OSError as error:
        raise RunneropsError(f"{error.filename}: {error.strerror}", "make it readable") from None


def _templates_of(draft: Draft, files: Mapping[str, bytes]) -> Templates:
    """The existing templates with what the hosts add. Raises RunneropsError if one of them is not UTF-8."""
    templates = draft.templates({name: data.decode(errors="surrogateescape") for name, data in files.items()})
    for name, text in templates.texts.items():
        if any(0xDC80 <= ord(char) <= 0xDCFF for char in text):
            raise RunneropsError(f"{FOLDER}/{name}: is not UTF-8", "save it as UTF-8, then adopt again")
    return templates


@frozen
class Adoption:
    """One adoption of several hosts."""

    request: AdoptionRequest

    def run(self) -> Exit:
        """Observes all hosts, shows their entries, and writes them if `--write` was given."""
        looked = look_at([place.host.name for place in self.request.places], self._look, self.request.screen)
        adopted_hosts = [adopted_host for adopted_host in looked.values() if isinstance(adopted_host, AdoptedHost)]
        for adopted_host in adopted_hosts:
            for adopted in adopted_host.adopted.values():
                self.request.screen.redactor.learn(adopted.secrets)
        fresh = [adopted_host for adopted_host in adopted_hosts if adopted_host.has_section]
        drafted = draft_of(fresh, self._taken(), self.request.options.group)
        draft, loaded = drafted.draft, drafted.loaded or self.request.places[0].loaded
        fresh = [adopted_host for adopted_host in fresh if adopted_host.name not in drafted.refused]
        looked |= drafted.refused
        if draft:
            self.request.screen.redactor.learn(frozenset(draft.variables.values()))
        for entry in drafted.by_hand.values():
            self.request.screen.redactor.learn(frozenset(entry.variables.values()))
        present_templates = _templates(self.request.places[0].folder) if draft else {}
        templates = _templates_of(draft, present_templates) if draft else Templates({}, {})
        loaded = replace(loaded, templates=templates.texts)
        report = AdoptionReport(self.request, looked, draft, loaded, templates, drafted.by_hand)
        if not self.request.options.as_json:
            report.show(share=would_share_keys(fresh, self._taken(), draft) if draft else False)
        written: tuple[Path, ...] = ()
        plans = report.plan()
        if draft and self.request.options.write:
            place = self.request.places[0]
            files = Files(
                place.path,
                draft.content,
                draft.variables,
                templates.texts,
                place.folder,
                present_templates,
                place.content,
            )
            written = write_files(files)
        report.end(plans, written)
        return Exit.OK if len(fresh) == len(self.request.places) else Exit.FAILED

    def _look(self, name: str) -> AdoptedHost:
        """What each service without a section finds on the host, in one exec. Raises HostError."""
        place = next(place for place in self.request.places if place.host.name == name)
        host = place.host
        try:
            self.request.pool.link(host)
        except HostKeyError as error:  # the way that it names is through the inventory, where the host is not yet
            hint = error.hint if place.is_in_file else error.hint.replace(f"trust {name}", f"trust {login_of(host)}")
            raise HostKeyError(name, error.message.removeprefix(f"{name}: "), hint) from None
        preload_modules()
        questions = [call for service in SERVICES for call in service.ADOPT_QUESTIONS]
        observed, answers = observe_and_ask(host, (), self.request.pool.reader(host), questions, ())
        lacking = [service for service in SERVICES if service.NAME not in place.own_sections]
        return AdoptedHost(place, {service.NAME: service.adopt(observed, answers) for service in lacking})

    def _taken(self) -> Mapping[str, str]:
        """Variables of `.env` and the environment with their values, whose names cannot be used for new secrets."""
        env = self.request.places[0].folder / ".env"
        try:
            text = env.read_text(encoding="utf-8", errors="replace") if env.is_file() else ""
        except OSError as error:
            raise RunneropsError(f"{env}: {error.strerror}", "make it readable: adopted secrets go there") from None
        return {**read_dotenv(text, str(env)), **self.request.environ}
