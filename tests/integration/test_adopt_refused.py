"""If the entry of one host cannot be put into the inventory, the others are adopted, and the exit code says so."""

from __future__ import annotations

from pathlib import Path

from tests.integration.demo_host import playing, typed


def test_one_host_that_is_refused_keeps_no_other_out(tmp_path: Path) -> None:
    with playing(tmp_path) as site:
        typed(site, "deploy", "--yes", "--only", "docker", "--only", "registry")
        text = (site.project / "inventory.yml").read_text()
        port = text.partition("port: ")[2].split()[0].strip(",}")
        ssh = f"{{user: root, port: {port}, key: id_ecdsa}}"
        hosts = f"  one:\n    address: 127.0.0.1\n    ssh: {ssh}\n  two: {{address: localhost,\n    ssh: {ssh}}}\n"
        (site.project / "inventory.yml").write_text(f"hosts:\n{hosts}")
        path = site.project / "known_hosts"
        path.write_text(path.read_text() + path.read_text().replace("127.0.0.1", "localhost"))
        output = typed(site, "adopt", "one", "two", "--write", code=1)
        assert "two: failed" in output
        assert "it has no entry that the inventory would accept" in output
        by_hand = output.partition("two: the entry that would keep the host as it is")[2]
        assert "\n  two:\n    docker:" in by_hand
        written = (site.project / "inventory.yml").read_text()
        assert "live-restore: true" in written.partition("two:")[0]
        assert written.endswith(hosts.partition("  two:")[2])
