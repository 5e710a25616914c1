"""What of addresses and of strangers' texts people are shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.redaction import (
    has_secret,
    no_folder_of,
    printable,
    shown_cell,
    shown_url,
    with_shown_addresses,
    without_secrets,
)


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
        ("https:///u:PW@h/a.png", "https://..."),
        ("https://u%3APW%40h/a.png", "https://..."),
        ("https://h/a.png&sig=PW?x=PW", "https://h/a.png&sig=..."),
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


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https:u:PW@h/a/b.png?sig=PW", "...@h/a/b.png"),
        ("http//u:PW@h/a.png?sig=PW", "http//...@h/a.png"),
        ("u:P@W@h/a.png", "...@h/a.png"),
        ("C:\\u:PW@h\\a.png", "C:\\...@h\\a.png"),
        ("http:// u:PW@h/a.png?sig=PW", "http:// ...@h/a.png"),
        ("www.example.com/a.png?token=PW/b.png", "www.example.com/a.png"),
    ],
)
def test_what_is_left_of_an_address_without_its_beginning_is_redacted_too(written, shown):
    assert without_secrets(f'portrait "{written}": no file') == f'portrait "{shown}": no file'


@pytest.mark.parametrize(
    "cell",
    [
        "http://u:PW PW@h/a.png",
        "http://u:PW@h/a.png?sig=PW PW",
        "<http://u:PW@h/a.png?sig=PW>",
        "http:// u:PW@h/a.png?sig=PW",
    ],
)
def test_a_cell_that_begins_as_an_address_is_one_up_to_its_end(cell):
    assert "PW" not in shown_cell(cell)


@pytest.mark.parametrize(
    "text",
    [
        "/srv/a:b@home/june.csv: who?",
        "team@work/a@2x.png",
        'june.csv:14: portrait "team@x/a.png": what?',
        "mailto:ann@example.org",
        "Is it 10:30? Ask ann@example.org.",
        "C:/work/team@2x.png",
    ],
)
def test_paths_and_people_are_told_as_they_are(text):
    assert without_secrets(text) == text


def test_a_cell_of_a_persons_own_column_loses_nothing_but_secrets_of_addresses():
    text = "shop.example/lamp?utm=night, 10:30@studio, http://u:PW@h/a?k=PW"
    assert with_shown_addresses(text) == "shop.example/lamp?utm=night, 10:30@studio, http://h/a"


@given(st.text(alphabet=":@/?=. a\\", max_size=400))
def test_a_text_is_redacted_once(text):
    assert without_secrets(without_secrets(text)) == without_secrets(text)


def test_the_name_of_a_missing_folder_is_no_password():
    assert no_folder_of(Path("/in/http:/ann:PW@h/a.png")) == "its folder does not exist either"
    assert no_folder_of(Path("/in/http:/h/a?sig=PW/PW/a.png")) == "its folder does not exist either"
    assert no_folder_of(Path("/in/pictures/a.png")) == 'there is no folder "pictures" either'


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
