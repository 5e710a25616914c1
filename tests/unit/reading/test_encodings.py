"""Garbled text is told, and shown as it probably was; real accents and rare characters are not."""

import pytest

from tasks.reading.cleaning.encodings import garbled

WRITTEN = [
    "It’s our “best” café lamp — naïve résumé",
    "Größe für schöne Straßen – bitte",
    "我们的新灯在这里，欢迎光临",
    "Привет, мир",
    "Zażółć gęślą jaźń",
    "Xin chào các bạn",
]


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        (
            "Itâ€™s our best cafÃ© lamp, naÃ¯ve rÃ©sumÃ©.",
            "It’s our best café lamp, naïve résumé.",
        ),
        ("FÃ¼r GrÃ¶ÃŸe â€“ schÃ¶n.", "Für Größe – schön."),
        ("å…¬å¸", "公"),  # one of its bytes was dropped
        ("æ‚¨å¥½ï¼Œä¸–ç•Œ", "您好，世界"),
        ("Ð¿Ñ€", "пр"),
        ("ï»¿Hello", "Hello"),
        ("ÃƒÂ©tÃƒÂ©", "été"),
        ("Only 20Â°C for Â£20", "Only 20°C for £20"),
        ("Prix : 20â‚¬", "Prix : 20€"),
        ("ðŸ˜€ hi", "😀 hi"),
        ("cÅ“ur et Å‚Ã³dÅº", "cœur et łódź"),
        ("â\x80\x9cHelloâ\x80\x9d", "“Hello”"),
        ("√©t√©, it‚Äôs", "été, it’s"),
        ("caf├®", "café"),
        ("It鈥檚 here", "It’s here"),
        ("Don鈥檛 miss a鈥攂", "Don’t miss a—b"),
        ("浣犲ソ", "你好"),
        ("Lumo锛屾槸", "Lumo，是"),
        ("caf茅, r茅sum茅", "café, résumé"),
        ("caf챕", "café"),
        ("袩褉懈胁械褌", "Привет"),
        ("ÄãºÃ£¬ÊÀ½ç", "你好，世界"),
        ("Ïðèâåò", "Привет"),
        ("縺薙ｓ縺ｫ縺｡縺ｯ", "こんにちは"),
    ],
)
def test_garbled_text_is_shown_as_it_probably_was(text: str, likely: str) -> None:
    flaw = garbled(text)
    assert flaw is not None
    assert flaw.rule == "the script was garbled when it was saved or opened in another encoding"
    assert flaw.way_out.startswith(f'it probably was "{likely}')
    assert flaw.way_out.endswith(
        'open the original and save it as UTF-8 ("CSV UTF-8" in Excel), or type the text again'
    )


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "mac_roman", "cp850", "cp1250"])
@pytest.mark.parametrize("text", WRITTEN)
def test_utf8_opened_in_another_encoding_is_told_in_every_language(text: str, codec: str) -> None:
    assert garbled(text) is None
    assert garbled(text.encode().decode(codec, errors="replace")) is not None
    twice = text.encode().decode("latin-1").encode().decode("latin-1")
    assert garbled(twice) is not None


@pytest.mark.parametrize("codec", ["gb18030", "big5", "cp932"])
def test_chinese_in_utf8_opened_in_an_encoding_of_asia_is_told(codec: str) -> None:
    assert garbled(WRITTEN[2].encode().decode(codec, errors="replace")) is not None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("锟斤拷烫烫烫", "character 1 of 6"),
        ("你好烫烫烫", "character 3 of 5"),
        ("屯屯屯屯", "character 1 of 4"),
        ("Caf\ufffd Lumo", "character 4 of 9"),
        ("Cafï¿½ Lumo", "character 4 of 11"),
    ],
)
def test_lost_characters_are_told_with_their_place(text: str, place: str) -> None:
    flaw = garbled(text)
    assert flaw is not None
    assert flaw.rule == f"characters of the script were lost when it was saved ({place})"


def test_a_question_mark_in_place_of_an_apostrophe_is_told() -> None:
    flaw = garbled("Come in. It?s new, and we don?t close.")
    assert flaw is not None
    assert str(flaw).startswith(
        '"It?s" an apostrophe was lost when the script was saved (character 10 of 38); '
        'write "It\'s", or open the original'
    )


def test_bytes_of_an_e_mail_are_told() -> None:
    flaw = garbled("It=E2=80=99s new.")
    assert flaw is not None
    assert flaw.value == "It=E2=80=99s new."
    assert flaw.rule == "the script holds bytes of an e-mail in place of characters"


@pytest.mark.parametrize(
    "text",
    [
        "Café crème à la carte, déjà vu, « été »… où ça ?",
        "« café » et « thé »",
        "CAFÉ… À LA CARTE ; « É… »",
        "AMANHÃ… SIM, São Paulo AÇÃO",
        "Straße „Fuß“ Größe, Übermäßig, ÄÖÜß",
        "Ångström, SMÅ”, “École” l’été, l’Île «é»",
        "El Niño: ¿qué? ¡olé! Feliz año, CORUÑA…",
        "Tiếng Việt rất đẹp và phở",
        "Zażółć gęślą jaźń ĄŚĆ, Łódź",
        "Café® and Pâté™, 20°C — 30 °C, ½ cup × 3 ÷ 2, £20 €30 ¥40",
        "喆镕堃犇骉, 朱镕基, 龘靐齉, 囍, 𠮷野家",
        "魑魅魍魉, 饕餮盛宴, 蹒跚, 彳亍, 氤氲, 薅羊毛, 滟滪",
        "丞相, 亟亟, 倏地, 倭寇, 種姓, 負載, 轉正, 小區, 地圖, 寬銀幕",
        "臺灣繁體中文歡迎光臨",
        "茅台酒很好, Kweichow茅台, 漏水的灯, 烫烫的",
        "他说“好”…真的？",
        "Привет, мир. «Россия»",
        "こんにちは、マラです。",
        "안녕하세요",
        "α β γ Ω",
        "Really? yes. Was it? So it is. shop.example/?s=1&t=2 a?t=2",
        "2=3? A=B, x==y",
    ],
)
def test_real_writing_is_not_taken_for_garbled_text(text: str) -> None:
    assert garbled(text) is None
    for part in text.split(", "):
        assert garbled(part) is None


@pytest.mark.parametrize(
    "text",
    [
        "ItÆs our best lamp",
        "Our best cafй lamp",
        "Our rΘsumΘ lamp",
        "Smart ìquotesî here",
        "Smart ôquotesö here",
        "Our lamp ñ now brighter",
        "Only Ł5 today",
        "Only Ј5 today",
        "Smart ¡°quotes¡± here",
        "Hello£¬ friends",
        "50掳C outside",
    ],
)
def test_single_signs_of_another_encoding_are_told(text: str) -> None:
    flaw = garbled(text)
    assert flaw is not None
    assert flaw.rule.startswith("the script was garbled when it was saved or opened (character ")


def test_chinese_that_was_opened_as_of_a_mac_or_holds_a_sign_of_money_is_shown() -> None:
    told = garbled("大家好，欢迎来到直播间".encode("gb18030").decode("mac_roman"))
    assert told is not None
    assert "大家好，欢迎来到直播间" in told.way_out
    priced = garbled("ÏÞÊ±ÓÅ»Ý£¤99Æð")
    assert priced is not None
    assert "限时优惠￥99" in priced.way_out


@pytest.mark.parametrize(
    "text",
    [
        "The letter ñ is Spanish.",
        "Łódź, Úbeda and úvaly",
        "Our Оur lаmp",  # told and mended elsewhere: Cyrillic letters that look like ours
        "A 5 kΩ resistor, 3 μm thin, Δt and 2πr",
        "Phi Φ, Theta Θ and ΦBK",
        "¡Hola! ¿Qué tal? £5",
        "Say „Привет“ to our friend",
        "USB-кабель",
        "50℃的水，碌碌无为，掳走",
    ],
)
def test_letters_of_other_alphabets_beside_ours_are_not_garbled(text: str) -> None:
    assert garbled(text) is None
