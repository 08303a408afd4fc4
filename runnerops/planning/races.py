"""Whether a file that was written between plan and run differs only in keys that its managed system writes itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.model.common import Result
from runnerops.model.inventory import FileSpec, RenderedFile
from runnerops.model.plan import Plan
from runnerops.model.steps import Step
from runnerops.services import service_of
from runnerops.services.base import ParseError


def moved(result: Result, failed: Step | None) -> str:
    """The path of a file that was not as it was planned for, on a host that is as it was; empty where that is not why."""
    if failed is None or result not in {Result.FAILED, Result.ROLLED_BACK}:
        return ""
    if failed.verb == "swap":
        return failed.args[0]
    return failed.args[2] if failed.verb == "guard" and failed.args[1:2] == ("sha256sum",) else ""


def only_its_own(path: str, plan: Plan, rendered: Sequence[RenderedFile], now: bytes | None) -> bool:
    """Whether what the file has now differs from what was planned for in nothing but keys that the system itself writes."""
    change = next((change for change in plan.changes if path in {change.old.path, change.new.spec.path}), None)
    before = change.old.content if change else plan.files.get(plan.contents.get(path, ""))
    specs = [change.new.spec] if change else [file.spec for file in rendered if file.spec.path == path]
    return bool(specs) and before is not None and now not in (None, before) and _owned(specs[0], before, now or b"")


def _owned(spec: FileSpec, before: bytes, now: bytes) -> bool:
    service = service_of(spec.service)
    try:
        key_changes = service.key_changes(spec, service.parse(spec, before), service.parse(spec, now))
    except ParseError:
        return False
    return all(service.owns(key_change.key) for key_change in key_changes)
