"""The tool that compares the keys in a checkout with our tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import runnerops

TOOL = Path(runnerops.__file__).parent.parent / "tools" / "derive_keys.py"


def run_tool(folder: Path) -> tuple[int, list[str]]:
    completed = subprocess.run([sys.executable, str(TOOL), str(folder)], capture_output=True, text=True, check=False)
    return completed.returncode, (completed.stdout or completed.stderr).splitlines()


def test_keys_that_a_table_lacks_and_keys_that_a_source_no_longer_has(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common/config.go").write_text(
        "type SessionServer struct {\n"
        '\tListenAddress string `toml:"listen_address,omitempty" json:"listen_address"`\n'
        '\tNewKey string `toml:"new_key" json:"new_key"`\n'
        '\tHidden string `toml:"-" json:"hidden"`\n'
        '\tSessionTimeout int `toml:"session_timeout"`\n'
        "}\n"
    )
    code, lines = run_tool(tmp_path)
    assert code == 1
    assert lines == ["+ config.toml session_server: new_key", "- config.toml session_server: advertise_address"]


def test_what_a_table_says_of_another_release_is_no_difference(tmp_path: Path) -> None:
    source = "type Service struct {\n" + "".join(
        f'\t{name} {kind} `toml:"{name}"`\n'
        for name, kind in (
            *(("name", "string"), ("alias", "*string"), ("command", "[]string"), ("entrypoint", "string")),
            ("environment", "OwnType"),
        )
    )
    (tmp_path / "common").mkdir()
    (tmp_path / "common/config.go").write_text(f"{source}}}\n")
    (tmp_path / "VERSION").write_text("19.3.0\n")
    assert run_tool(tmp_path)[1] == ["~ config.toml service: entrypoint is str, not [str]"]
    (tmp_path / "VERSION").write_text("19.4.0\n")
    assert run_tool(tmp_path)[1][0] == "- config.toml service: suspend_data_path"


def test_the_major_version_of_a_registry(tmp_path: Path) -> None:
    (tmp_path / "configuration").mkdir()
    (tmp_path / "version").mkdir()
    (tmp_path / "configuration/configuration.go").write_text("type Configuration struct {\n}\n")
    for major, there, not_there in ((2, "compatibility", "tags"), (3, "tags", "compatibility")):
        (tmp_path / "version/version.go").write_text(f'var version = "v{major}.1.1+unknown"\n')
        lines = run_tool(tmp_path)[1]
        assert f"- registry: {there}" in lines
        assert f"- registry: {not_there}" not in lines


def test_a_folder_that_is_none_of_them(tmp_path: Path) -> None:
    code, lines = run_tool(tmp_path)
    assert code == 2
    assert lines[0].startswith("usage:")
