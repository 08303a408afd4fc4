"""The file with the certificates that a GitLab is trusted by, where its CA is none of the system's."""

from __future__ import annotations

from pathlib import Path


def ca_problem(path: str) -> str:
    """Why no certificate can be had from this file, as the end of a sentence that names GitLab; empty for a good one."""
    import ssl  # noqa: PLC0415  few inventories name such a file

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except FileNotFoundError:
        return f"there is no file {path}"
    except ssl.SSLError:
        return f"{path} holds no certificate"
    except OSError:
        return f"{path} is a folder" if Path(path).is_dir() else f"{path} cannot be read"
    return ""
