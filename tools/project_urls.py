"""Addresses of the project for the package's metadata, taken from where the package is built: `[project.urls]` is dynamic.

A pipeline of GitLab names the project in `CI_PROJECT_URL`; elsewhere the remote `origin` of git does. Without either, the
package has no addresses. The wheel that is built from an sdist has those of the sdist.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hatchling.metadata.plugin.interface import MetadataHookInterface

_SCP_LIKE = re.compile(r"(?:[^@/:]+@)?(?P<host>\[[^]/]+\]|[^@/:]+):(?P<path>.+)")
"""`[USER@]HOST:PATH`, which git takes for ssh."""


class ProjectUrls(MetadataHookInterface):
    """Fills in `urls`, unless the PKG-INFO of an sdist has given them already."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling with the table `[project]`."""
        if "urls" not in metadata:
            metadata["urls"] = urls_of(os.environ, Path(self.root))


def urls_of(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Addresses by their labels. Pages that only GitLab has are named only where a pipeline says that it is one."""
    pipeline = web_address(environ.get("CI_PROJECT_URL", ""))
    built_here = Path(environ.get("CI_PROJECT_DIR") or root).resolve() == root.resolve()
    if pipeline and built_here:  # and not by the pipeline of another project, which installs this one
        return {
            "Repository": pipeline,
            "Documentation": f"{pipeline}/-/blob/main/README.md",
            "Changelog": f"{pipeline}/-/blob/main/CHANGELOG.md",
            "Issues": f"{pipeline}/-/issues",
        }
    remote = web_address(_origin(root))
    return {"Repository": remote} if remote else {}


def web_address(url: str) -> str:
    """The page of a repository by the URL of its remote, without user, password, query and `.git`; empty where it has none.

    The port of ssh says nothing about the port of the web server, and is left out.
    """
    scp = None if "://" in url else _SCP_LIKE.fullmatch(url)
    try:
        parts = urlsplit(f"ssh://{scp['host']}/{scp['path']}" if scp else url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    path = parts.path.strip("/").removesuffix(".git")
    if parts.scheme not in {"https", "http", "ssh", "git+ssh"} or not host or not path:
        return ""
    host = f"[{host}]" if ":" in host else host
    if not parts.scheme.startswith("http"):
        return f"https://{host}/{path}"
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}/{path}"


def _origin(root: Path) -> str:
    """The URL of the remote `origin` where the sources are a clone themselves; a clone around them is another project's."""
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "remote", "get-url", "origin"], capture_output=True, text=True, check=False
        )
    except OSError:  # there is no git
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
