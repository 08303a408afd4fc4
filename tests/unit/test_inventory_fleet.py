"""An inventory for many hosts: several files, ranges, keys for anchors, variables in values."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runnerops import inventory
from runnerops.adopt.finding import find_places
from runnerops.adopt.target import parse_target
from runnerops.errors import InventoryError, RunneropsError, UsageError
from runnerops.inventory.explain import explain
from runnerops.inventory.values.expressions import holds_expression
from runnerops.model.common import Secret, ServiceName
from runnerops.redact import leaves
from tests.unit import inventory_texts as texts


def lay(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))


def refused(folder: Path, *names: str) -> str:
    with pytest.raises(RunneropsError) as caught:
        inventory.load([folder / name for name in names])
    return caught.value.message.replace(f"{folder}/", "")


FOLDER = {
    "inventory/hosts.yml": "defaults: {docker: {dns: [192.0.2.53]}}\nhosts:\n  a: {groups: [web]}\n",
    "inventory/groups/web.yml": "docker:\n  live-restore: true\n",
    "inventory/groups/empty.yml": "# nothing yet\n",
    "inventory/hosts/b.yml": "groups: [web]\ndocker:\n  debug: true\n",
    "inventory/hosts/eu/c.yaml": "",
    "inventory/README.md": "no YAML: {",
}


@pytest.mark.parametrize("names", [("inventory",), ("inventory.yml",)])
def test_a_folder_is_an_inventory(tmp_path: Path, names: tuple[str, ...]) -> None:
    lay(tmp_path, FOLDER)
    loaded = inventory.load([tmp_path / name for name in names])
    assert [host.name for host in loaded.hosts] == ["a", "b", "c"]
    assert loaded.groups == {"empty": (), "web": ("a", "b")}
    b = loaded.hosts[1]
    assert texts.docker(b) == {"dns": ["192.0.2.53"], "live-restore": True, "debug": True}
    assert str(b.location(ServiceName.DOCKER, ("debug",))) == f"{tmp_path}/inventory/hosts/b.yml:3:3"
    assert str(b.location(ServiceName.DOCKER, ("live-restore",))) == f"{tmp_path}/inventory/groups/web.yml:2:3"
    assert loaded.folder == tmp_path, "templates, .env and known_hosts lie beside the folder"


def test_several_files_are_one_inventory(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {"a.yml": "defaults: {docker: {}}\nhosts: {a: }\n", "b.yml": "defaults: {vars: {x: 1}}\nhosts: {b: }\n"},
    )
    loaded = inventory.load([tmp_path / "a.yml", tmp_path / "b.yml"])
    assert [(host.name, host.vars, list(host.sections)) for host in loaded.hosts] == [
        (name, {"x": 1}, [ServiceName.DOCKER]) for name in "ab"
    ]


CLASHES = [  # files, and what is said of them
    ({"a.yml": "hosts: {h: }", "b.yml": "hosts:\n  h:\n"}, "b.yml:2:3: hosts.h: written twice, first at a.yml:1:9"),
    ({"a.yml": "hosts: {h: }\ngroups: {g: }", "b.yml": "groups:\n  g:\n"},
     "b.yml:2:3: groups.g: written twice, first at a.yml:2:10"),
    ({"a.yml": "hosts: {h: }\ndefaults: {docker: {}}", "b.yml": "defaults: {docker: {}}"},
     "b.yml:1:12: defaults.docker: written twice, first at a.yml:2:12"),
    ({"a.yml": "hosts: {h: }", "b.yml": "hosts: {i: {addres: x}}"},
     "b.yml:1:13: hosts.i.addres: unknown key, did you mean 'address'?"),
    ({"a.yml": "hosts: {h: }", "b.yml": "hosts: {i: {groups: [no]}}"}, "b.yml:1:22: hosts.i.groups[0]: no group 'no'"),
    ({"a.yml": "x-a: &a 1\nhosts: {h: }", "b.yml": "hosts: {i: {vars: {x: *a}}}"}, "b.yml:1:23: hosts.i.vars.x: an alias"),
    ({"d/host/h.yml": ""}, "d/host: not a part of an inventory, did you mean 'hosts'?"),
    ({"d/x.txt": ""}, "d: this folder contains no inventory"),
    ({"d/hosts/h.yml": "hosts: {h: }"}, "d/hosts/h.yml:1:1: hosts.h.hosts: unknown key"),
    ({"d/hosts/h.yml": "- x"}, "d/hosts/h.yml:1:1: the inventory must be a mapping"),
    ({"d/hosts/-h.yml": ""}, "d/hosts/-h.yml:1:1: hosts.-h: '-h' is not a valid name"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), CLASHES)
def test_what_is_wrong_names_the_file_that_it_stands_in(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    lay(tmp_path, files)
    assert refused(tmp_path, *dict.fromkeys(name.split("/")[0] for name in files)).startswith(expected)


def test_keys_at_the_top_that_hold_anchors_are_passed_over(tmp_path: Path) -> None:
    (host,) = texts.load(tmp_path, "x-log: &log {max-size: 1m}\nhosts: {h: {docker: {log-opts: *log}}}").hosts
    assert texts.docker(host) == {"log-opts": {"max-size": "1m"}}


RANGES = [  # a host's line, and the hosts and addresses that it is
    ("runner-[08:10]: {address: '10.0.0.[1:3]'}",
     [("runner-08", "10.0.0.1"), ("runner-09", "10.0.0.2"), ("runner-10", "10.0.0.3")]),
    ("r[9:11]: {address: '{host}.example.com'}",
     [("r9", "r9.example.com"), ("r10", "r10.example.com"), ("r11", "r11.example.com")]),
    ("rack[a:b]-[1:2]: ", [(name, name) for name in ("racka-1", "racka-2", "rackb-1", "rackb-2")]),
    ("'h[1:1]': {address: '2001:db8::[7:7]'}", [("h1", "2001:db8::7")]),
]  # fmt: skip


@pytest.mark.parametrize(("line", "pairs"), RANGES)
def test_a_range_is_many_hosts(tmp_path: Path, line: str, pairs: list[tuple[str, str]]) -> None:
    assert [(host.name, host.address) for host in texts.load(tmp_path, f"hosts:\n  {line}").hosts] == pairs


WRONG_RANGES = [
    ("h[1:3]: {address: '10.0.0.[1:2]'}", "hosts.h[1:3]: stands for 3 hosts, its address for 2"),
    ("h: {address: '10.0.0.[1:2]'}", "hosts.h: stands for 1 host, its address for 2"),
    ("h[3:1]: ", "hosts.h[3:1]: the range [3:1] ends before it begins"),
    (f"h[1:{'9' * 500}]: ", f"hosts.h[1:{'9' * 500}]: a number of a range has more than 18 digits"),
    ("h[1:b]: ", "hosts.h[1:b]: the range [1:b] mixes letters and numbers, or cases"),
    ("h[1:99999]: ", "hosts.h[1:99999]: the range [1:99999] has more than 10000 items"),
    ("h[1:2]: \n  h2: ", "hosts.h2: written twice, first at inventory.yml:2:3"),
    ("h[1-2]: ", "hosts.h[1-2]: 'h[1-2]' is not a valid name"),
    ("h[1:2]: {addres: x}", "hosts.h1.addres: unknown key, did you mean 'address'?"),
]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("h-[01-02]", "h-[01:02]"), ("h-[1..2]", "h-[1:2]"), ("h-[a,b]", "h-[a:b]"), ("h-[1:3]", "the same length")],
)
def test_a_range_in_the_form_of_another_tool_is_shown_with_a_colon(tmp_path: Path, name: str, hint: str) -> None:
    _, text = texts.refusal(tmp_path, f"hosts:\n  '{name}': {{address: '192.0.2.[1:2]'}}")
    assert hint in text


@pytest.mark.parametrize(("line", "expected"), WRONG_RANGES)
def test_a_range_that_cannot_be_is_reported_where_it_stands(tmp_path: Path, line: str, expected: str) -> None:
    message, hint = texts.refusal(tmp_path, f"hosts:\n  {line}")
    assert message.split(": ", 1)[1].startswith(expected)
    assert hint


VARIABLES = """
defaults:
  vars: {n: 3, net: 10.0.0, opts: {max-size: 1m}, on: true, team: "{{ vars.org }}-ci", org: acme, none: null}
groups: {g: {vars: {org: other}}}
hosts: {h: {groups: [g], vars: {t: !env TOKEN}, docker: {x: VALUE}}}
"""
VALUES = [  # what is written, and what comes of it
    ('"{{ vars.n }}"', 3), ('"{{ vars.on }}"', True), ('"{{ vars.opts }}"', {"max-size": "1m"}),
    ('"{{ vars.team }}"', "other-ci"), ('"{{vars.net}}.{{ vars.n + 1 }}:80"', "10.0.0.4:80"), ('"on={{ vars.on }}"', "on=true"),
    ('"{{ host.name }}/{{ host.groups[0] }}/{host}"', "h/g/h"), ('"{{ vars[\'net\'] | replace(\'.\', \'-\') }}"', "10-0-0"),
    ('"{{ vars.x | default(\'y\') }}"', "y"), ('"{{ \'a\' if vars.on else \'b\' }}"', "a"), ('"{{ host.address }}"', "h"),
    ('"{{.Name}}/{{ .ID }}/{{ vars.n }}"', "{{.Name}}/{{ .ID }}/3"),
    *((f"'{text}'", text) for text in (
        "{{.Names}}", "{{ json . }}", "{{ $host.Name }}", "{{host}}", "${host}", "{% raw %}", "{{ env.X }}", "{{ hostvars.x }}",
        '{{ printf "vars.x" }}', "{{", "{{ range .Vars }}")),
    ("\"{{ '%03d' % vars.n }}\"", "003"), ("\"{{ '{:02d}'.format(vars.n) }}\"", "03"), ('"{{ vars.n ** 2 % 5 }}"', 4),
    ('!raw "{{ vars.n }} {host}"', "{{ vars.n }} {host}"), ('[a, "{{ vars.n }}"]', ["a", 3]),
]  # fmt: skip


def test_variables_stand_for_values_of_any_kind_and_other_braces_are_left_alone(tmp_path: Path) -> None:
    by_key = {
        text: texts.docker(texts.load(tmp_path, VARIABLES.replace("VALUE", text)).hosts[0])["x"] for text, _ in VALUES
    }
    assert by_key == dict(VALUES)


WRONG = [  # what is written, and what is said of it
    ('"{{ vars.teem }}"', "{{ vars.teem }}: there is no 'teem', did you mean 'team'?"),
    ('"a{{ vars.opts.max_size }}"', "there is no 'max_size', did you mean 'max-size'?"),
    ('"{{ var.team }}"', "there is no 'var', did you mean 'vars'?"),
    ('"{{ Host.name }}"', "there is no 'Host', did you mean 'host'?"),
    ('"{{ vars.n + vars.nn }}"', "there is no 'nn'"), ('"{{ vars.nn ~ 1 }}"', "there is no 'nn'"),
    ('"{{ vars.nn.deep }}"', "there is no 'nn'"), ('"{{ vars.nn | upper }}"', "there is no 'nn'"),
    ('"{{ vars.n | uper }}"', "cannot be read: No filter named 'uper'"), ('"{{ vars.n + }}"', "cannot be read"),
    ('"{{ vars.n / 0 }}"', "division by zero"), ('"{{ vars.n + \'a\' }}"', "unsupported operand"),
    ('"a {{ vars.opts }}"', "is a mapping, which cannot be part of a text"),
    ('"a {{ vars.t }}"', "a secret cannot be part of a text"),
    ('"{{ vars.__class__ }}"', "there is no '__class__'"),
    ('"{{ vars.n.__class__.__mro__ }}"', "there is no '__class__'"),
    ('"{{ vars.values }}"', "which cannot be a value"),
    *((f'"{{{{ {text} }}}}"', "would become too large") for text in (
        "'a' * 10 ** 9 ~ vars.n", "[vars.n] * 10 ** 9", "10 ** 9 * 'a' ~ vars.n", "2 ** 1000000 + vars.n",
        "vars.team | center(10 ** 9)", "vars.team.zfill(10 ** 9)", "vars.team | indent(10 ** 9)",
        "[vars.n] | batch(10 ** 9, 0) | list",
        "(vars.team * 9000) | replace('e', vars.team * 9000)")),
    *((f'"{{{{ {text} }}}}"', "a width that is huge") for text in (
        "'%1000000000d' % vars.n", "'%*d' % (10 ** 9, vars.n)", "'%1000000000d' | format(vars.n)",
        "'{:>1000000000}'.format(vars.n)")),
    ('"{{ range(10 ** 9) | list + [vars.n] }}"', "Range too big"),
    ('"{{ vars.n' + " + vars.n" * 5000 + ' }}"', "is too complex"),
    ('"{{ [vars.n] | random }}"', "No filter named 'random'"), ('"{{ lipsum() ~ vars.n }}"', "there is no 'lipsum'"),
]  # fmt: skip


def test_an_expression_that_cannot_be_is_reported_with_its_place(tmp_path: Path) -> None:
    for text, expected in WRONG:
        message, hint = texts.refusal(tmp_path, VARIABLES.replace("VALUE", text))
        assert message.startswith("inventory.yml:5:58: hosts.h.docker.x: "), message
        assert expected in message, (text, message)
        assert hint, text


CIRCLES = [  # variables that are made from themselves, and what is said of the first
    (
        'a: "{{ vars.b }}x", b: "{{ vars.a }}"',
        "vars.a → vars.b → vars.a: variables that refer to each other",
        "give one of",
    ),
    ('a: "{{ vars.a }} more"', "vars.a refers to itself", "give it another name"),
    ('a: ["{{ vars.b }}"], b: "{{ vars.c }}", c: "{{ vars.b }}"', "vars.b → vars.c → vars.b: variables", "give one of"),
]


@pytest.mark.parametrize(("variables", "expected", "fix"), CIRCLES)
def test_variables_of_variables_may_not_go_round(tmp_path: Path, variables: str, expected: str, fix: str) -> None:
    message, hint = texts.refusal(
        tmp_path, f"hosts: {{h: {{vars: {{{variables}}}, docker: {{x: '{{{{ vars.a }}}}'}}}}}}"
    )
    first = message.splitlines()[0]
    assert first.startswith("inventory.yml:1:")
    assert f": {expected}" in first
    assert fix in hint


def test_variables_may_not_double_each_other_without_end(tmp_path: Path) -> None:
    doubling = ", ".join(f'v{at + 1}: "{{{{ vars.v{at} }}}}{{{{ vars.v{at} }}}}"' for at in range(40))
    message, _ = texts.refusal(tmp_path, f"hosts: {{h: {{vars: {{v0: a, {doubling}}}}}}}")
    assert "the text would become too large" in message
    for form in ('"{{{{ [vars.v{0}, vars.v{0}] }}}}"', '["{{{{ vars.v{0} }}}}", "{{{{ vars.v{0} }}}}"]'):
        doubling = ", ".join(f"v{at + 1}: {form.format(at)}" for at in range(40))
        message, _ = texts.refusal(tmp_path, f"hosts: {{h: {{vars: {{v0: [a], {doubling}}}}}}}")
        assert "would become too large" in message


def test_our_own_keys_take_variables_and_are_checked_by_what_comes_out(tmp_path: Path) -> None:
    text = """
    defaults:
      vars: {port: 2222, net: 10.0.0, team: web, key: ci}
      ssh: {port: "{{ vars.port }}", key: "keys/{{ vars.key }}"}
      gitlab_runner: {runners: [{name: "{{ vars.team }}-{host}", limit: 1, token: !file "s/{{ vars.team }}"}]}
    hosts:
      h:
        address: "{{ vars.net }}.7"
        registry: {caches: [{listen: "{{ host.address }}:5000", password: !env "{{ vars.team | upper }}_{host}", username: u}]}
        gitlab_runner: {runners: [{name: web-h, limit: 2}]}
    """
    (host,) = texts.load(tmp_path, text).hosts
    assert (host.address, host.ssh.port, host.ssh.key) == ("10.0.0.7", 2222, f"{tmp_path}/keys/ci")
    assert host.caches[0].url == "http://10.0.0.7:5000"
    runners = host.sections[ServiceName.GITLAB_RUNNER]["runners"]
    runner = runners[0] if isinstance(runners, list) else None
    assert isinstance(runner, dict)
    assert (runner["name"], runner["limit"], str(getattr(runner["token"], "argument", ""))) == ("web-h", 2, "s/web")
    password = texts.caches(host)[0]["password"]
    assert isinstance(password, Secret)
    assert password.argument == "WEB_H"
    for wrong, expected in (
        ("port: 2222", "hosts.h.ssh.port: must be a whole number"),
        ("net: 10.0.0", "hosts.h.address: "),
    ):
        message, _ = texts.refusal(tmp_path, text.replace(wrong, f"{wrong.split(':')[0]}: 'a b'"))
        assert expected in message, message


def test_explain_shows_what_came_out(tmp_path: Path) -> None:
    path = texts.write(tmp_path, VARIABLES.replace("VALUE", '"{{ vars.team }}"'))
    by_key = {value.key: value for value in explain(path, "h")}
    assert (by_key["docker", "x"].value, by_key["docker", "x"].source) == ("other-ci", "hosts.h")


def test_a_number_becomes_part_of_a_text_as_it_is_written(tmp_path: Path) -> None:
    text = """
    hosts:
      h: {vars: {tag: 3.10, slots: 0x10, on: true}, docker: {x: "alpine:{{ vars.tag }} {{ vars.slots }} {{ vars.on }}"}}
    """
    path = texts.write(tmp_path, text)
    by_key = {value.key: value for value in explain(path, "h")}
    assert by_key["docker", "x"].value == "alpine:3.10 0x10 true"


def test_adopt_finds_the_file_that_an_entry_goes_into(tmp_path: Path) -> None:
    lay(tmp_path, FOLDER)
    where = tmp_path / "inventory"
    places = find_places(where, ["a", parse_target("root@new")])
    assert [place.path for place in places] == [where / "hosts.yml"] * 2
    assert places[0].folder == tmp_path
    assert [host.name for host in places[1].load(b"hosts: {new: }").hosts] == ["new", "b", "c"]
    with pytest.raises(UsageError, match=r"hosts/b\.yml has no `hosts:`"):
        find_places(where, ["b"])


def test_one_problem_in_many_hosts_of_a_range_is_reported_once(tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as caught:
        texts.load(tmp_path, "hosts:\n  h[1:50]: {docker: {x: '{{ vars.no }}'}}")
    assert len(caught.value.message.splitlines()) == 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{{ vars.team", "{{ vars.…: is not closed with }}"),
        ("a {{ vars.team }} {{host.name }", "{{host.…: is not closed with }}"),
        ("{% if vars.team %}a{% endif %}", "{% if vars.team %}: values can contain expressions, but no statements"),
        ("a {{ team }}", "{{ team }}: variables are below `vars`"),
        ("{{team | upper}}", "{{team | upper}}: variables are below `vars`"),
        ("{{ inventory_hostname }}", "{{ inventory_hostname }}: this is a variable of Ansible"),
        ("{{ ansible_facts.os }}", "{{ ansible_facts.os }}: this is a variable of Ansible"),
        ('{{ lookup("env", "T") }}', "this is a lookup of Ansible"),
        ("{{ vars.team }}{%- for a in vars.all -%}", "{%- for a in vars.all -%}: values can contain expressions"),
    ],
)
def test_what_is_nearly_an_expression_does_not_go_out_as_it_stands(written: str, expected: str, tmp_path: Path) -> None:
    text = "hosts: {r-1: {vars: {team: web}, docker: {x: VALUE}}}"
    message, hint = texts.refusal(tmp_path, text.replace("VALUE", f"'{written}'"))
    assert expected in message
    assert "!raw" in hint
    for taken in (f"!raw '{written}'", "'{{.Name}} {%h {{ json . }} {{ end }} {{ other }} {% raw %}'"):
        texts.load(tmp_path, text.replace("VALUE", taken))


SECRETS = [  # what is written, and the secret that it is, or what is said of it
    ('!secret "T={env:T_{host}} {host} {file:s/{host}}"', "T={env:T_R_1} r-1 {file:s/r-1}"),
    ('!secret "T={env:{{ vars.team }}_T}"', "T={env:web_T}"),
    ('!env "T_{host}"', "T_R_1"),
]
WRONG_SECRETS = [
    ('!secret "T={evn:T}"', "!secret knows no {evn:…}, did you mean {env:…}?"),
    ('!secret "T=x"', "!secret contains no secret"),
    ('!secret "T={env:a-b}"', "!env needs the name of a variable"),
    ('!secret "T={env:{{ vars.no }}}"', "there is no 'no'"),
    ('!secret "T={env:T}-{file:x"', "!secret: {file:… is not closed"),
    ('!secret "T={env:T}{command:echo {a}}"', "!secret: {command:… is not closed, is empty, or contains braces"),
    ('!secret "T={env:T}{vault:a b}"', "!secret knows no {vault:…}"),
    ("!secret [a]", "!secret needs one text"),
    ("!secert a", "unknown tag !secert, did you mean '!secret'?"),
    ("!vault a b", "there is no tag !vault"),
]


def test_a_secret_in_a_text_is_checked_when_the_inventory_is_read(tmp_path: Path) -> None:
    text = "hosts: {r-1: {vars: {team: web}, gitlab_runner: {runners: [{name: a, environment: [VALUE]}]}}}"
    for written, argument in SECRETS:
        (host,) = texts.load(tmp_path, text.replace("VALUE", written)).hosts
        found = dict(leaves(dict(host.sections[ServiceName.GITLAB_RUNNER])))["runners", 0, "environment", 0]
        assert isinstance(found, Secret)
        assert found.argument == argument
    for written, expected in WRONG_SECRETS:
        message, hint = texts.refusal(tmp_path, text.replace("VALUE", written))
        assert expected in message, message
        assert hint, written


@pytest.mark.parametrize("unit", ["{{ vars.a }} ", "{{ vars.a ", "vars. "])
def test_a_long_text_is_looked_through_once(unit: str) -> None:
    def seconds(count: int) -> float:
        return min(_seconds(lambda: holds_expression("{% if " + unit * count)) for _ in range(3))

    assert seconds(8000) < 10 * seconds(2000)


def _seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hosts: {a: {ssh: {gateway: a}}}", ["hosts.a.ssh.gateway: is the host itself"]),
        ("{defaults: {ssh: {gateway: b}}, hosts: {a: , b: }}", ["hosts.b.ssh.gateway: is the host itself"]),
        ("{defaults: {ssh: {gateway: b}}, hosts: {a: , b: {ssh: {gateway: null}}}}", []),
        (
            "hosts: {a: {ssh: {gateway: b}}, b: {ssh: {gateway: c}}, c: {ssh: {gateway: b}}, d: {ssh: {gateway: x}}}",
            ["hosts.b.ssh.gateway: needs c, which needs it"],
        ),
        (
            "hosts: {a: {ssh: {gateway: b}}, b: {ssh: {gateway: c}}, c: {ssh: {gateway: a}}, d: {ssh: {gateway: d}}}",
            ["hosts.a.ssh.gateway: needs b, which needs c, which needs it", "hosts.d.ssh.gateway: is the host itself"],
        ),
    ],
)
def test_gateways_do_not_need_each_other(tmp_path: Path, text: str, expected: list[str]) -> None:
    lay(tmp_path, {"inventory.yml": text})
    if not expected:
        assert inventory.load([tmp_path / "inventory.yml"]).hosts
        return
    told = refused(tmp_path, "inventory.yml").splitlines()
    assert [line.partition(": ")[2] for line in told if "gateway" in line] == expected
