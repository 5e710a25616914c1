"""Text that was saved in one encoding and opened in another: how it is told, and what it was. Pure.

UTF-8 that was opened as something else gives itself away: the bytes behind its odd signs are again
UTF-8, and they decode to signs that people write. Real accents and rare characters do not do that.
"""

import re
from functools import cache

from tasks.reading.cleaning.letter_shapes import letter_shapes
from tasks.reading.flaws import Flaw

_WESTERN = ("cp1252", "latin-1", "mac_roman", "cp437", "cp850", "cp1250", "cp1251")
_CHINESE_OR_JAPANESE = ("gb18030", "big5", "cp932")
_EASTERN = (*_CHINESE_OR_JAPANESE, "cp949")
_SHOWN_CHARS = 40
_FIRST_OF_THREE_BYTES = "\u0800"  # in UTF-8
_LEAST_SHARE = 0.6  # of a run's bytes; a conversion lost some of the others
_MOST_LAYERS = 4  # text that was saved wrongly again and again
_UTF8 = re.compile(r"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_WRITTEN = re.compile(
    r"[\xa0-\u017f\u0192\u02c6\u02dc\u0370-\u045f\u0490\u0491\u05d0-\u05ea\u0600-\u06ff\u0900-\u0dff"
    r"\u0e00-\u0e7f\u1ea0-\u1ef9\u2010-\u2044\u20ac\u2116\u2122\u2190-\u21ff\u2200-\u22ff"
    r"\u2460-\u2473\u2500-\u27bf\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\ufe0f\ufeff\uff01-\uff5e\uffe0-\uffe6"
    r"\U0001f300-\U0001faff]"
)
_EUROPEAN = re.compile(r"[\xa0-\u017f\u0192\u02c6\u02dc\u2010-\u2044\u20ac\u2122\ufeff]")
# what may follow a letter in real text: quotation marks, dots, dashes, signs of trade, degrees
_AFTER_LETTERS = frozenset("\xa0»«“”„‘’‚‹›…–—™®©°º¹²³ª•·¿¡!?.")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_RUSSIAN = re.compile(r"[А-Яа-яЁё]{4,}")
_WIDE_RUN = re.compile(r"[^\x00-\x7f]+[\x40-\x7e]?")
_LATIN_RUN = re.compile(r"[\x80-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]{4,}")
_MAC_RUN = re.compile(f"[{re.escape(bytes(range(128, 256)).decode('mac_roman'))}]{{4,}}")
_WIDE = re.compile(r"[\u3400-\u9fff\uac00-\ud7a3]")
_IN_LATIN_WORD = re.compile(
    r"(?<=[A-Za-z])[\u4e00-\u9fff\uac00-\ud7a3]{1,4}(?![\u3400-\u9fff\uac00-\ud7a3])"
)
_NEIGHBOURS = re.compile(r"[^\x00-\x7f]{2}|[\u2e80-\uffff]")
_LOST = re.compile(r"\ufffd|锟斤拷|锟斤|斤拷|烫{3,}|屯{3,}|锘锘|(?:ï¿½)+")
_LOST_APOSTROPHE = re.compile(r"(?<![\w./=&?-])[A-Za-z]+\?(?:s|t|re|ll|ve|d|m)(?![\w=&/.]\w|\w)")
_CONTRACTED = (
    "it|that|what|let|he|she|there|here|who|how|where|don|can|won|isn|aren|wasn|weren|didn|doesn|"
    "couldn|wouldn|shouldn|hasn|haven|hadn|you|we|they|i|one|today"
)
_ODD_APOSTROPHE = re.compile(
    rf"(?<![^\W\d_])(?i:{_CONTRACTED})(?:â|Õ|ê|í|Æ)(?:s|t|re|ll|ve|d|m)(?![^\W\d_])"
)
_ODD_SIGN = re.compile(
    # quotation marks and dashes of Windows, opened as of a Mac or of DOS
    r"(?<![^\W\d_])ì(?=[A-Za-z])[^ìî\n]{2,80}(?<=[a-z.,!?])î(?![^\W\d_])"
    r"|(?<![^\W\d_])ô(?=[A-Za-z])[^ôö\n]{2,80}(?<=[a-z.,!?])ö(?![^\W\d_])"
    r"|(?<=[a-z\d%.!?,] )(?<!letter )[ñûÐ](?= [A-Za-z\d])"
    # pounds; letters of DOS and of Russia inside Latin words; stops of Chinese; degrees
    r"|(?<![^\W\d_])[ŁúЈ](?=\d)|(?<=[A-Za-z]{2})[ΘΦτⁿ▀](?![\d/])"
    r"|(?<=[A-Za-z]{2})[\u0400-\u04ff]+(?![^\W\d_])|(?<=[A-Za-z])[\u0400-\u04ff]+(?=[A-Za-z])"
    r"|(?<![^\W\d_])[\u0400-\u04ff]+(?=[a-z]{2})"
    r"|¡[°±®¯§¨¥¦]|£[¬¡º»¿¨©](?!\d)|(?<=\d)掳(?=[CF]\b)|(?<=\d )碌m\b"
)
_ODD_CAPITAL = re.compile(r"(?<=[a-z]{2})[ÈÉËÏÔÓÚÛ](?![^\W\d_a-z])(?=[a-z]*(?:\W|$))")
_EVERYDAY = frozenset(
    "的一是了我不在有人这中大来上个国到说们为和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日"
    "于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点"
    "月明其种全工己话向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东海口使西再平真听气信关内加化先山五太水万"
    "市品价元包邮欢迎光临折场特惠买送免费店款"
    "這個國說們為來時會著過學對裡後麼沒於還發當無開經頭從動兩長樣現將與進實點種話問機給幾業間電門東聽氣關產萬價歡迎臨場買費"
)
"""Characters that a sentence of Chinese seldom does without."""
_LEAST_HAN = 4
_BIG5_RUN = re.compile(r"(?:[\xa1-\xf9][@-~\xa1-\xfe]){3,}")
_MOST_EVERYDAY = 0.25
_LEAST_EVERYDAY = 0.3
_CONTROLS = re.compile(r"[\x80-\x84\x86-\x9f]")  # of an 8-bit set that nobody writes
_QUOTED_PRINTABLE = re.compile(r"(?:=[C-F][0-9A-F])(?:=[89AB][0-9A-F])+")
_SAVE_AGAIN = (
    'open the original and save it as UTF-8 ("CSV UTF-8" in Excel), or type the text again'
)


def garbled(text: str) -> Flaw | None:
    """What says that ``text`` was garbled when it was saved or opened; None where nothing does."""
    if text.isascii():
        return _garbled_ascii(text)
    lost = _LOST.search(text)
    if lost:
        rule = f"characters of the script were lost when it was saved ({_place(text, lost)})"
        return Flaw(_around(text, lost.start(), lost.end()), rule, _SAVE_AGAIN)
    likely = _original(text)
    for _ in range(_MOST_LAYERS):
        deeper = _original(likely) if likely else None
        if deeper is None:
            break
        likely = deeper
    if likely is None:
        return _garbled_letter(text) or _garbled_ascii(text) or _odd_controls(text)
    rule = "the script was garbled when it was saved or opened in another encoding"
    shown = " ".join(likely.lstrip("\ufeff").split())
    if len(shown) > 2 * _SHOWN_CHARS:
        shown = shown[: 2 * _SHOWN_CHARS - 1] + "…"
    way_out = f'it probably was "{shown}": {_SAVE_AGAIN}'
    return Flaw(
        text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…", rule, way_out
    )


def _garbled_letter(text: str) -> Flaw | None:
    """``Itâs``, ``DonÕt``, ``cafÈ``: single letters that another encoding put in place of signs."""
    found = (
        _ODD_APOSTROPHE.search(text)
        or _ODD_CAPITAL.search(text)
        or _ODD_SIGN.search(_plain_letters(text))
    )
    if found is None:
        return None
    rule = f"the script was garbled when it was saved or opened ({_place(text, found)})"
    return Flaw(_around(text, found.start(), found.end()), rule, _SAVE_AGAIN)


def _plain_letters(text: str) -> str:
    """``text`` with letters of other alphabets that only look like ours; places stay the same."""
    signs = list(text)
    for start, _, plain in letter_shapes(text):
        signs[start] = plain or signs[start]
    return "".join(signs)


def _odd_controls(text: str) -> Flaw | None:
    """Control characters of Latin-1, which stand where bytes of another encoding were."""
    found = _CONTROLS.search(text)
    if found is None:
        return None
    rule = f"the script was garbled when it was saved or opened ({_place(text, found)})"
    shown = _CONTROLS.sub("", _around(text, found.start(), found.end()))
    return Flaw(shown, rule, _SAVE_AGAIN)


def _garbled_ascii(text: str) -> Flaw | None:
    coded = _QUOTED_PRINTABLE.search(text)
    if coded:
        rule = "the script holds bytes of an e-mail in place of characters"
        return Flaw(_around(text, coded.start(), coded.end()), rule, _SAVE_AGAIN)
    lost = _LOST_APOSTROPHE.search(text)
    if lost:
        rule = f"an apostrophe was lost when the script was saved ({_place(text, lost)})"
        return Flaw(lost[0], rule, f'write "{lost[0].replace("?", chr(39))}", or {_SAVE_AGAIN}')
    return None


def _place(text: str, match: re.Match[str]) -> str:
    return f"character {match.start() + 1} of {len(text)}"


def _around(text: str, start: int, end: int) -> str:
    shown = text[max(0, start - 12) : min(end + 12, start + _SHOWN_CHARS)]
    return " ".join(shown.split())


def _original(text: str) -> str | None:
    """``text`` before it was opened wrongly once, as far as it can be told; None if it was not."""
    if not _NEIGHBOURS.search(text):
        return None  # a character of UTF-8 has several bytes, each of which came out as a sign
    for codec in _WESTERN:
        found = _utf8_opened_as(codec, text)
        if found is not None:
            return found
    for codec in _CHINESE_OR_JAPANESE:
        found = _utf8_opened_as_eastern(codec, text)
        if found is not None:
            return found
    found = _accents_in_latin_words(text) or _chinese_opened_as_western(text)
    return found or _big5_opened_as_western(text) or _chinese_opened_as_chinese(text)


# --- UTF-8, opened as an encoding of single bytes -------------------------------------------------


@cache
def _bytes_of(codec: str) -> dict[int, str]:
    """Every sign that ``codec`` reads in a byte above 127 -> the byte, as a sign; others -> ``_``.

    Bytes for which Windows-1252 has no sign come out as control characters.
    """
    table: dict[int, str] = {}
    for byte in range(0x80, 0x100):
        try:
            sign = bytes([byte]).decode(codec)
        except UnicodeDecodeError:
            sign = chr(byte)
        table.setdefault(ord(sign), chr(byte))
    return table


def _utf8_opened_as(codec: str, text: str) -> str | None:
    table = _bytes_of(codec)
    foreign = [sign for sign in text if not sign.isascii()]
    if not any(ord(sign) in table for sign in foreign):
        return None
    as_bytes = "".join(sign if sign.isascii() else table.get(ord(sign), "\u0100") for sign in text)
    parts: list[str] = []
    strong = weak = covered = start = 0
    for match in _UTF8.finditer(as_bytes):
        decoded = match[0].encode("latin-1").decode("utf-8", errors="replace")
        if not _WRITTEN.fullmatch(decoded) or _is_real(text, match):
            continue
        parts += (text[start : match.start()], decoded)
        start = match.end()
        covered += len(match[0])
        is_strong = _EUROPEAN.match(decoded) or (len(match[0]) > 2 and decoded > "\u2e80")
        strong, weak = strong + bool(is_strong), weak + (not is_strong)
    is_sure = strong or weak >= 3 or (weak == 2 and covered == len(foreign))
    if not is_sure or covered < len(foreign) / (3 if strong > 1 else 2):
        return None
    return "".join((*parts, text[start:]))


def _is_real(text: str, match: re.Match[str]) -> bool:
    """A letter and the signs after it, which happen to be UTF-8 as bytes: ``SMÅ”`` or ``é »``."""
    lead, tail = text[match.start()], text[match.start() + 1 : match.end()]
    if not lead.isalpha() or (lead, tail) == ("ï", "»¿"):
        return False
    if lead.isupper():
        before = text[match.start() - 1 : match.start()]
        if before.islower() or text[match.end() : match.end() + 1].isalpha():
            return False
        if lead in "ÃÂ":
            return before.isupper() and tail in "…”’»–—\xa0"
        if lead in "ÐÑ":
            return False
    return all(sign in _AFTER_LETTERS for sign in tail)


# --- UTF-8, opened as an encoding of Asia ---------------------------------------------------------


def _utf8_opened_as_eastern(codec: str, text: str) -> str | None:
    """Runs of rare characters whose bytes are UTF-8 to nearly their last."""
    parts: list[str] = []
    start = num_found = 0
    for match in _WIDE_RUN.finditer(text):
        decoded = _decoded_run(codec, match[0])
        if decoded is not None:
            parts += (text[start : match.start()], decoded)
            start = match.end()
            num_found += 1
    return "".join((*parts, text[start:])) if num_found else None


def _decoded_run(codec: str, run: str) -> str | None:
    wide = [sign for sign in run if not sign.isascii()]
    if 2 * sum(map(_is_common, wide)) > len(wide):
        return None
    try:
        data = run.encode(codec)
    except UnicodeEncodeError:
        return None
    decoded = data.decode("utf-8", errors="replace")
    written = [sign for sign in decoded if sign >= _FIRST_OF_THREE_BYTES and _is_common(sign)]
    russian = _RUSSIAN.fullmatch(decoded.rstrip("\ufffd"))
    if russian and 2 * len(russian[0]) >= _LEAST_SHARE * len(data):
        return russian[0]
    is_enough = len(written) > 1 or any(_EUROPEAN.match(sign) for sign in written)
    num_bytes = sum(byte >= 0x80 for byte in data)
    is_text = is_enough and 3 * len(written) >= _LEAST_SHARE * num_bytes
    return decoded.replace("\ufffd", "") if is_text else None


@cache
def _is_common(sign: str) -> bool:
    """A sign that most texts of its language use; of the Han characters the 3755 first ones."""
    if _HANGUL.match(sign):
        return False
    if not _HAN.match(sign):
        return bool(_WRITTEN.match(sign)) and sign != "\ufffd"
    try:
        return 0xB0 <= sign.encode("gb2312")[0] <= 0xD7
    except UnicodeEncodeError:
        return False


def _accents_in_latin_words(text: str) -> str | None:
    """``r茅sum茅``: accented letters that became one character each, in a text without others."""
    found = _IN_LATIN_WORD.findall(text)
    if not found or sum(map(len, found)) != len(_WIDE.findall(text)):
        return None
    for codec in _EASTERN:
        letters = {wide: _letters_behind(codec, wide) for wide in found}
        if all(letters.values()):
            for wide, accented in letters.items():
                text = text.replace(wide, accented)
            return text
    return None


def _letters_behind(codec: str, wide: str) -> str:
    try:
        decoded = wide.encode(codec).decode("utf-8")
    except UnicodeError:
        return ""
    return decoded if all(sign.isalpha() and _EUROPEAN.match(sign) for sign in decoded) else ""


# --- an encoding of Asia or Russia, opened as Western -------------------------------------------


def _chinese_opened_as_western(text: str) -> str | None:
    """``ÄãºÃ``: at least four signs of Western Europe in a row, which no word of theirs has."""
    for codec, run in (("cp1252", _LATIN_RUN), ("mac_roman", _MAC_RUN)):
        parts: list[str] = []
        start = num_found = 0
        for match in run.finditer(text):
            data = "".join(_bytes_of(codec).get(ord(sign), "\xff") for sign in match[0])
            decoded = _chinese_or_russian(data.encode("latin-1"))
            if decoded is not None:
                parts += (text[start : match.start()], decoded)
                start = match.end()
                num_found += 1
        if num_found:
            return "".join((*parts, text[start:]))
    return None


def _chinese_opened_as_chinese(text: str) -> str | None:
    """``辣茩嫖還``: GBK that was opened as Big5; what it was holds the words of every day."""
    if _share_of_everyday(text) > _MOST_EVERYDAY:
        return None
    try:
        decoded = _WIDE_RUN.sub(lambda run: run[0].encode("big5").decode("gb2312"), text)
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None
    is_everyday = _share_of_everyday(decoded) >= _LEAST_EVERYDAY
    return decoded if is_everyday and all(map(_is_common, _HAN.findall(decoded))) else None


def _big5_opened_as_western(text: str) -> str | None:
    """``¶R¤G°e¤@``: a sign of Western Europe in every second place."""
    table = _bytes_of("cp1252")
    data = "".join(sign if sign.isascii() else table.get(ord(sign), "\u0100") for sign in text)
    found = _BIG5_RUN.search(data)
    if found is None:
        return None
    decoded = found[0].encode("latin-1").decode("big5", errors="replace")
    is_everyday = _share_of_everyday(decoded * 2) >= _LEAST_EVERYDAY
    return f"{text[: found.start()]}{decoded}{text[found.end() :]}" if is_everyday else None


def _share_of_everyday(text: str) -> float:
    han = _HAN.findall(text)
    return sum(sign in _EVERYDAY for sign in han) / len(han) if len(han) >= _LEAST_HAN else 0


def _chinese_or_russian(data: bytes) -> str | None:
    try:
        decoded = data.decode("gb2312")
    except UnicodeDecodeError:
        decoded = ""
    if decoded and all(_is_common(sign) for sign in decoded) and _HAN.search(decoded):
        return decoded
    russian = data.decode("cp1251", errors="replace")
    is_word = re.fullmatch(r"[А-Яа-яё]{5,}", russian)
    return russian if is_word and (russian.islower() or russian.istitle()) else None
