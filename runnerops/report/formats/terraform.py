"""The report that GitLab shows as *N to add, N to change, N to delete* in a merge request. Pure.

GitLab's parser (`lib/gitlab/ci/parsers/terraform/tfplan.rb`) reads an object with these three numbers.
"""

from __future__ import annotations

import json

from runnerops.report.formats.plans import PlanReport


def terraform(report: PlanReport) -> str:
    """The report for `artifacts: reports: terraform`."""
    return json.dumps({"create": report.create, "update": report.update, "delete": report.delete}) + "\n"
