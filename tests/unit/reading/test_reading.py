"""Where readers, lexicons and the names that come with Nightshoot meet."""

from tasks.reading.lexicon import NO_LEXICON, Entry, Lexicon
from tasks.reading.reading import read_aloud

OWN = Lexicon((Entry("IKEA", None, "ee kay ah"), Entry("moët", "en", "mo et")))


def read(text: str, lexicon: Lexicon = NO_LEXICON) -> list[tuple[str, str]]:
    tokens = read_aloud(text, "en", lexicon)
    return [(text[token.start : token.end], token.sounds or token.spoken) for token in tokens]


def test_well_known_names_are_said_right_without_a_lexicon() -> None:
    assert read("At IKEA for Moët & Chandon.") == [
        ("IKEA", "/Ikˈiə/"),
        ("Moët & Chandon", "/mOˈɛt ən ʃɑndˈɔn/"),
    ]


def test_a_persons_own_words_go_before_well_known_names_even_longer_ones() -> None:
    assert read("At IKEA for Moët and Moët Ice.", OWN) == [
        ("IKEA", "ee kay ah"),
        ("Moët", "mo et"),
        ("Moët", "mo et"),
    ]
    assert read("Moët & Chandon", OWN)[0] == ("Moët", "mo et")


def test_a_name_inside_an_address_is_left_to_the_reader() -> None:
    address = "www.ikea.com"
    assert [written for written, _ in read(f"See {address} now.", OWN)] == [address]
