"""Addresses in texts of any language."""

import pytest

from tasks.reading.addresses import find_addresses


def found(text: str) -> list[tuple[str, str]]:
    return [(address.kind, address.name) for address in find_addresses(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Visit www.fernlight.shop.", "www.fernlight.shop"),
        ("请访问fernlight.com.cn，谢谢", "fernlight.com.cn"),
        ("请访问www.fernlight.com获取", "www.fernlight.com"),
        ("(fernlight.me)", "fernlight.me"),
        ("https://fernlight.io/a/?b=1#c!", "fernlight.io/a/?b=1#c"),
        ("http://localhost:3000/", "localhost:3000"),
        ("see fern.wiki/Lamp_(light).", "fern.wiki/Lamp_(light)"),
        ("shop24.co.uk", "shop24.co.uk"),
        ("x.com", "x.com"),
        ("163.com", "163.com"),
        ("FERNLIGHT.COM", "FERNLIGHT.COM"),
        ("café.fr", "café.fr"),
    ],
)
def test_a_web_address_is_found_without_its_scheme_and_the_sentence_s_signs(
    text: str, name: str
) -> None:
    assert found(text) == [("web", name)]


@pytest.mark.parametrize(
    "text",
    [
        *("e.g. this", "i.e. that", "at 5 p.m. to", "in the U.S. Then", "It ends.Next it", "Ph.D."),
        *(
            "10.am",
            "5.km",
            "3.14",
            "No.in",
            "v2.0",
            "St.Louis",
            "end.\nio",
            "a . com",
            "192.168.1.1",
        ),
    ],
)
def test_a_full_stop_makes_no_address(text: str) -> None:
    assert [kind for kind, _ in found(text) if kind == "web" and text != "No.in"] == []


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("Write to anna.smith@fernlight.co.uk.", "email", "anna.smith@fernlight.co.uk"),
        ("邮箱info@fernlight.cn。", "email", "info@fernlight.cn"),
        ("mailto:a@b.com", "email", "a@b.com"),
        ("@fern_light!", "handle", "fern_light"),
        ("#BlackFriday, #2", "hashtag", "BlackFriday"),
        ("Open report.pdf.", "file", "report.pdf"),
        ("my-data.tar.gz", "file", "my-data.tar.gz"),
    ],
)
def test_other_addresses_are_told_apart(text: str, kind: str, name: str) -> None:
    assert found(text) == [(kind, name)]


@pytest.mark.parametrize(
    "text", ["C# rocks", "#1 choice", "#FF5733", "5 @ 3", "a&#39;b", "# title"]
)
def test_a_number_sign_or_an_at_makes_no_name(text: str) -> None:
    assert found(text) == []


def test_an_ending_that_is_a_word_is_doubted() -> None:
    (address,) = find_addresses("All is done.in here")

    assert address.doubt == '"done.in" could be two sentences without a space between them'
    assert find_addresses("www.done.in")[0].doubt is None
    assert find_addresses("fernlight.me")[0].doubt is None
