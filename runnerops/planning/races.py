"""Whether a file that changed between plan and run differs only in keys that its managed system writes itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.model.common import Result
from runnerops.model.inventory import FileSpec, RenderedFile
from runnerops.model.plan import Plan
from runnerops.model.steps import Step
from runnerops.services import service_of
from runnerops.services.base import ParseError


def changed_path(result: Result, failed: Step | None) -> str:
    """The path of a file that had changed since the plan, if that is why the run changed nothing; else empty."""
    if failed is None or result not in {Result.FAILED, Result.ROLLED_BACK}:
        return ""
    if failed.verb == "swap":
        return failed.args[0]
    return failed.args[2] if failed.verb == "guard" and failed.args[1:2] == ("sha256sum",) else ""


def differs_in_owned_keys_only(path: str, plan: Plan, rendered: Sequence[RenderedFile], current: bytes | None) -> bool:
    """Whether the file differs from the planned state only in keys that the managed system writes itself."""
    change = next((change for change in plan.changes if path in {change.old.path, change.new.spec.path}), None)
    before = change.old.content if change else plan.files.get(plan.contents.get(path, ""))
    specs = [change.new.spec] if change else [file.spec for file in rendered if file.spec.path == path]
    return (
        bool(specs)
        and before is not None
        and current not in (None, before)
        and _owned(specs[0], before, current or b"")
    )


def _owned(spec: FileSpec, before: bytes, current: bytes) -> bool:
    service = service_of(spec.service)
    try:
        key_changes = service.key_changes(spec, service.parse(spec, before), service.parse(spec, current))
    except ParseError:
        return False
    return all(service.owns(key_change.key) for key_change in key_changes)
