"""The report that GitLab shows as *N to add, N to change, N to delete* in a merge request. Pure.

GitLab's own parser (`lib/gitlab/ci/parsers/terraform/tfplan.rb`) takes an object with these three numbers.
"""

from __future__ import annotations

import json

from runnerops.report.formats.plans import PlanReport


def terraform(report: PlanReport) -> str:
    """For `artifacts: reports: terraform`."""
    return json.dumps({"create": report.create, "update": report.update, "delete": report.delete}) + "\n"
