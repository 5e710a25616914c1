"""What of addresses and of strangers' texts people are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.redaction import has_secret, printable, shown_url, without_secrets


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:PW@127.0.0.1:8880/v1", "http://127.0.0.1:8880/v1"),
        ("https://x.org/a.csv?X-Amz-Signature=PW", "https://x.org/a.csv"),
        ("https://PW@x.org", "https://x.org"),
        ("https://user:P/W@x.org/a", "https://..."),
        ("https://user:1/PW@x.org/a", "https://..."),
        ("postgresql+asyncpg://u:PW@db/x", "postgresql+asyncpg://db/x"),
        ("user:PW@127.0.0.1:8880/v1", "..."),
        ("127.0.0.1:8880/v1?key=PW", "..."),
        ("127.0.0.1:8880/v1", "127.0.0.1:8880/v1"),
        ("", ""),
        (
            "https://h/a;token=PW/b;v=1.png;jsessionid=PW",
            "https://h/a;token=.../b;v=1.png;jsessionid=...",
        ),
        ("s3://bucket/a;b=1.png", "s3://bucket/a;b=1.png"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url, shown):
    assert shown_url(url) == shown


@pytest.mark.parametrize("scheme", ["http", "HTTPS", "s3", "redis", "postgresql+asyncpg"])
def test_addresses_of_every_kind_are_redacted_in_a_text(scheme):
    told = without_secrets(f'asked "{scheme}://u:PW@h/v1?sig=PW", then {scheme}://PW@h; gave up')
    assert told == f'asked "{scheme}://h/v1", then {scheme}://h; gave up'


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https:/u:PW@h/a.png?sig=PW", "https:...@h/a.png"),
        ("http:\\\\u:P/W@h/a.png", "http:...@h/a.png"),
        ("s3:/k:PW@bucket/a", "s3:...@bucket/a"),
        ("http:/h/v.toml?sig=PW", "http:/h/v.toml"),
        ("//u:PW@h/a.png?sig=PW", "//...@h/a.png"),
        ("//h/a.png", "//h/a.png"),
    ],
)
def test_addresses_that_are_mistyped_are_redacted_too(written, shown):
    assert without_secrets(f'portrait "{written}": no file') == f'portrait "{shown}": no file'
    assert without_secrets(f"{written}: no file") == f"{shown}: no file"


def test_a_text_without_addresses_stays_as_it_is():
    assert without_secrets("ann@example.org: 3 of 4?") == "ann@example.org: 3 of 4?"


@pytest.mark.parametrize(
    "url",
    [
        "https://u@h/m.csv",
        "s3://key:secret@bucket/x",
        "https://h/m.csv?sig=1",
        "https://h/?format=csv&k=1",
        "https://h/a;token=PW/b.png",
    ],
)
def test_addresses_that_may_hold_a_secret_are_told_apart(url):
    assert has_secret(url)


@pytest.mark.parametrize(
    "place",
    [
        "june.csv",
        "/srv/a:b@home/june.csv",
        "s3://bucket/june.csv",
        "https://h/m.csv",
        "https://docs.google.com/spreadsheets/d/1/export?format=csv&gid=0",
    ],
)
def test_paths_and_plain_addresses_hold_no_secret(place):
    assert not has_secret(place)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07name", "name"),
        ("\x1b]8;;http://evil\x1b\\link", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1bPq payload\x1b\\after", "after"),
        ("\x1b]52;c;cm0gLXJm", "]52;c;cm0gLXJm"),
        ("12%\rdone\x08\x00\x7f", "12%done"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("你好，мир, مرحبا, 👩\u200d🚀", "你好，мир, مرحبا, 👩\u200d🚀"),
    ],
)
def test_what_steers_a_terminal_is_not_printed(text, shown):
    assert printable(text) == shown


@given(st.text())
def test_no_text_keeps_a_control_character(text):
    left = {c for c in printable(text) if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0}
    assert left <= {"\n", "\t"}
