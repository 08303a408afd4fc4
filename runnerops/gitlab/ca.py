"""The CA file that a GitLab's certificate is checked with, if the system does not trust its CA."""

from __future__ import annotations

from pathlib import Path


def ca_problem(path: str) -> str:
    """Says why no certificate can be read from this file, as the end of a sentence about GitLab; empty if one can be
    read.
    """
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
