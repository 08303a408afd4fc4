"""The folder with the project's own templates: whether every template in it can be read."""

from __future__ import annotations

import os.path
from pathlib import Path

from runnerops.errors import TemplateError
from runnerops.model.common import SourceLocation


def check_overrides(project: Path, shipped: Path) -> None:
    """Raises TemplateError for an override that is not a file, such as a broken link: Jinja would use the shipped template."""
    names = [path.name for path in shipped.iterdir()] if project.is_dir() else []
    bad = [path for name in names if os.path.lexists(path := project / name) and not path.is_file()]
    if os.path.lexists(project) and not project.is_dir():
        bad = [project]
    for path in bad:
        kind = "folder of templates" if path == project else "template"
        problem = f"this is no {kind}, or it cannot be read"
        fix = "replace it, or remove it: without it, the shipped templates are used"
        raise TemplateError(f"{path}: {problem}", fix, [(SourceLocation(str(path), 1, 1), problem, fix)])
