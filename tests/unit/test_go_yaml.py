"""Texts without quotes as Go's YAML reads them, and as we write them for it."""

from __future__ import annotations

import math

import pytest
import yaml

from runnerops.adopt.scalars import block, scalar
from runnerops.model.common import value_at, word_set
from runnerops.parsing.go_yaml import is_date, number_in, text_of
from runnerops.parsing.yaml_dump import dump
from runnerops.services.registry.format.reading import parse

WHOLE = """
    0=0 -0=0 +12=12 1_000=1000 -_1=-1 0_=0 18446744073709551615=18446744073709551615 0777=511 -010=-8 0o17=15 0O7=7
    0x1F=31 0X1f=31 -0x1f=-31 0b11=3 0B1=1
"""
FRACTIONS = """
    080=80 -08=-8 0_9=9 08_1=81 08.5=8.5 1.=1 .5=0.5 1.10=1.1 1.0_1=1.01 1e3=1000 1_0e3=10000 1E+3=1000
    18446744073709551616=1.8446744073709552e19 -9223372036854775809=-9.223372036854775808e18
"""
NUMBERS: dict[str, float] = {
    text: kind(value)
    for kind, rows in ((int, WHOLE), (float, FRACTIONS))
    for text, _, value in (row.partition("=") for row in rows.split())
}
TEXTS = sorted(
    word_set("""
    0x 0b 0b12 0o8 1e e1 .e1 ._5 1.2.3 0x1ffffffffffffffff 1e400 12:30 1,000 _1 - + . nan 0x1p3 1f \u0661
""")
)
DATES = ["2001-01-01", "2001-1-1", "2001-01-01T00:00:00Z", "2001-1-1t1:2:3.5+01:00", "2001-01-01 12:00:00"]
NO_DATES = ["2001-13-01", "2001-02-30", "2001-01", "01-01-2001", "2001-01-01 12:00", "2001-01-01T00:00:00", "20010101"]


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_what_is_a_number(text: str, number: float) -> None:
    value = number_in(text)
    assert (value, type(value)) == (number, type(number))


@pytest.mark.parametrize("text", [*TEXTS, *DATES, "9" * 5000 + "x"])
def test_what_is_no_number(text: str) -> None:
    assert number_in(text) is None


def test_what_is_a_date() -> None:
    assert [text for text in (*DATES, *NO_DATES) if is_date(text)] == DATES


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(
            (511, "511"),
            (1.1, "1.1"),
            (80.0, "80"),
            (0.5, "0.5"),
            (-0.0, "-0"),
            (1000.0, "1000"),
            (123456.5, "123456.5"),
        ),
        *((1e6, "1e+06"), (1e30, "1e+30"), (0.0001, "0.0001"), (0.00001, "1e-05"), (-1234567.25, "-1.23456725e+06")),
    ],
)
def test_how_a_number_is_passed_on(value: float, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    "text", [*NUMBERS, *TEXTS, *DATES, *NO_DATES, "yes", "null", "~", "<<", ".inf", "true", "22:22"]
)
def test_a_text_stays_one_for_every_reader(text: str) -> None:
    """In what is rendered (for Compose and for a registry), and in what `adopt` writes."""
    for written in (
        dump({"a": {"k": text}}, sort_keys=True),
        f"a:\n  k: {scalar(text)}",
        f"a: {{k: {scalar(text, flow=True)}}}",
    ):
        for compose in (True, False):
            value = value_at(parse(written.encode(), compose=compose), ("a", "k"))
            assert (value, type(value)) == (text, str)
        assert yaml.safe_load(written) == {"a": {"k": text}}


@pytest.mark.parametrize("text", ["y", "N", "yes", "off"])
def test_a_word_that_some_reader_takes_for_a_boolean_is_in_quotes(text: str) -> None:
    assert (dump({"a": text}, sort_keys=True), scalar(text)) == (f"a: '{text}'\n", f'"{text}"')


@pytest.mark.parametrize("text", ["\ta\nb\n", " a\nb", "\na", "a\n\n"])
def test_a_text_of_several_lines_that_no_block_can_hold_is_on_one_line(text: str) -> None:
    (line,) = block(text, 2)
    assert yaml.load(f"a: {line}", getattr(yaml, "CSafeLoader", yaml.SafeLoader)) == {"a": text}


def test_infinite_numbers_stay_numbers() -> None:
    values = parse(b"a: .inf\nb: -.INF\nc: .NaN\n", compose=True)
    assert (values["a"], values["b"]) == (math.inf, -math.inf)
    assert str(values["c"]) == "nan"
