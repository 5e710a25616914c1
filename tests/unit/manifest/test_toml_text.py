"""TOML of strangers: read, or refused before it takes the machine."""

import time
import tomllib

import pytest

from tasks.tables.toml_text import parsed_toml


def test_what_people_write_is_read():
    text = '[layouts.mine."9:16"]\nname = "a.b.c"\n"1.5" = [1.0, 2.0]\nsince = 2026-12-24\n'
    assert parsed_toml(text) == tomllib.loads(text)
    long_text = f'name = "{"a." * 1000}"\nnumbers = [{"0.5, " * 1000}]\n'
    assert parsed_toml(long_text) == tomllib.loads(long_text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a." * 500_000 + "a = 1", "more than 100 parts"),
        ("x = {" + '"a" . ' * 170_000 + "a = 1}", "more than 100 parts"),
        ("[" + "'a'." * 250_000 + "a]", "more than 100 parts"),
        ("a = " + "[" * 500_000, "nested too deeply"),
        ("a = " + "9" * 5_000, "too many digits"),
        ("a" * 1_000_000, "Expected '='"),
        ('"' * 1_000_000, "Expected"),
        ("a\n" * 500_000, "Expected '='"),
    ],
)
def test_a_bomb_is_refused_at_once(text: str, told: str):
    began = time.process_time()
    with pytest.raises(tomllib.TOMLDecodeError, match=told):
        parsed_toml(text)
    assert time.process_time() - began < 2.0
