"""Makes the plan of one request, and tells the redactor which texts of its files are secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from runnerops.engine.learning import learn_secrets
from runnerops.engine.plans.planned import Planned
from runnerops.model.common import Result
from runnerops.model.inventory import RenderedFile
from runnerops.model.plan import Plan
from runnerops.redact import Redactor
from runnerops.services.base import ParseError

if TYPE_CHECKING:
    from runnerops.planning.plan import Request


def plan_request(
    request: Request, redactor: Redactor, clear: frozenset[str], carried: Sequence[RenderedFile] = ()
) -> Planned:
    """Makes the plan. The redactor learns the secrets of the old and the new files. `clear`: what may be shown.

    `carried`: files that the run keeps on record although the plan is not about them.
    """
    from runnerops.planning.paused import left_paused, pausing_with_deletions
    from runnerops.planning.plan import make_plan

    observed = request.observed
    before = [*carried, *(RenderedFile(file.spec, observed.file(file.spec.path).content) for file in request.desired)]
    secret = _learn_readable(redactor, clear, [*before, *request.desired])
    plan = make_plan(request)
    pauses = left_paused(request.command, request.host, observed.paused)
    plan = replace(plan, pausing=pausing_with_deletions(pauses, request.unpaired.deletions, plan.run))
    if not plan.empty:
        plan = replace(plan, secrets=redactor.within((*secret, *_texts(plan, [*before, *request.desired]))))
    changed = {change.old.path for change in plan.changes}
    paths = [
        (file.spec.path, observed.file(file.spec.path).path) for file in request.desired if file.content is not None
    ]
    in_sync = tuple(path for path, real in paths if real not in changed)
    key = observed.secret_fingerprints.key
    return Planned(plan, in_sync, result_of(plan), observed.last, observed.facts, key)


def result_of(plan: Plan, *, pending: bool = False) -> Result:
    """The word of `diff` for a plan. `pending`: there is something to do even if the plan changes nothing."""
    if any(not blocker.overridable and not blocker.only_here for blocker in plan.blockers) or any(
        finding.severity == "error" for finding in plan.findings
    ):
        return Result.REFUSED
    return Result.PENDING if pending or plan.changes or plan.actions or plan.tells_gitlab else Result.UNCHANGED


def _learn_readable(redactor: Redactor, clear: frozenset[str], files: Sequence[RenderedFile]) -> frozenset[str]:
    """Tells the redactor the secrets of the files, old ones included, before anything is shown. A file that cannot be
    parsed is never shown.
    """
    secrets: set[str] = set()
    different = {(file.spec.service, file.spec.template, file.content): file for file in files}  # most are in sync
    for file in different.values():
        with suppress(ParseError):
            secrets |= learn_secrets(redactor, clear, [file])
    return frozenset(secrets)


def _texts(plan: Plan, files: Sequence[RenderedFile]) -> Iterator[str]:
    """All texts of the plan and the files in which a secret could be."""
    contents = (*(file.content or b"" for file in files), *plan.files.values())
    yield from (content.decode("utf-8", "replace") for content in contents)
    yield from (word for step in (*plan.forward, *plan.rollback, *plan.diagnostics) for word in step.args)
