"""Mandarin text to phonemes: numbers, dates, money and signs into characters, then readings.

Latin words are read by the English reader, acronyms by their letters' names.
"""

import re
from collections.abc import Callable

from model.speech.english import Reading, is_english_word, read_english
from model.speech.hanzi.pinyin import HAN, phonemes_of, words_of
from model.speech.hanzi.traditional import simplified

PUNCTUATION = {
    **dict.fromkeys("，、,", ","),
    **dict.fromkeys("。．", "."),
    **{"！": "!", "!": "!", "？": "?", "?": "?", "；": ";", ";": ";", "：": ":", ":": ":"},
    **dict.fromkeys("《「『【〈“", " “"),
    **dict.fromkeys("》」』】〉”", "”"),
    **{"（": " (", "）": ")", "(": " (", ")": ")", "…": "…", "—": "—", "–": "—", ".": "."},
}
LETTERS = {
    **{"A": "ˈA", "B": "bˈi", "C": "sˈi", "D": "dˈi", "E": "ˈi", "F": "ˈɛf"},
    **{"G": "ʤˈi", "H": "ˈAʧ", "I": "ˈI", "J": "ʤˈA", "K": "kˈA", "L": "ˈɛl"},
    **{"M": "ˈɛm", "N": "ˈɛn", "O": "ˈO", "P": "pˈi", "Q": "kjˈu", "R": "ˈɑɹ"},
    **{"S": "ˈɛs", "T": "tˈi", "U": "jˈu", "V": "vˈi", "W": "dˈʌbᵊljˌu", "X": "ˈɛks"},
    **{"Y": "wˈI", "Z": "zˈi"},
}
UNITS = {
    **{"km/h": "公里每小时", "m/s": "米每秒", "kWh": "千瓦时", "mAh": "毫安时", "km": "公里"},
    **{"kg": "公斤", "mg": "毫克", "cm": "厘米", "mm": "毫米", "ml": "毫升", "mL": "毫升"},
    **{"m²": "平方米", "㎡": "平方米", "m³": "立方米", "kHz": "千赫兹", "Hz": "赫兹", "kW": "千瓦"},
    **{
        "min": "分钟",
        "g": "克",
        "m": "米",
        "L": "升",
        "W": "瓦",
        "V": "伏",
        "h": "小时",
        "s": "秒",
    },
}
CURRENCIES = {"￥": "元", "¥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
SIGNS = {
    **{"+": "加", "=": "等于", "×": "乘", "÷": "除以", "&": "和", "@": "艾特", "#": "井号"},
    **{"°": "度", ">": "大于", "<": "小于", "±": "正负", "/": "斜杠", "%": "百分号"},
}
MEASURES = frozenset(
    "个只条件款位名张本把台辆双对套份杯瓶盒包袋斤块元角分万千亿年天小次遍层间家种样点折倍岁周秒页米公里"
)
_ACRONYMS = (
    "APP LED OLED IT ID PA ISO SEM COO ABS AD AM PM COS AA AHA US EMS CPM OK CE CO QLED HDMI SVIP"
)
"""Said by their letters, though some are English words too, or long."""
_NAMES_IN_CAPITALS = (
    "AUDI OLAY XBOX KIA GREE IPAD VIVO IKEA ZARA SONY ASUS FILA DIOR BOSE MUJI WIFI HIFI DOTA"
)
"""Said as words, though short and in no dictionary."""
_NO_PAIR_AFTER = ("号", "日", "月", "楼")
_DIGITS = "零一二三四五六七八九"
_NUMBER = r"\d+(?:\.\d+)?"
_LARGE = r"(?:百万|千万|[百千万亿]+)"
_SILENT = frozenset("\"'‘’*_~～`^|\\[]{}·•™®©\u200b\u200c\u200d\ufeff\ufe0f")
_FULL_WIDTH = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B))} | {
    **{code: code - 0xFEE0 for code in range(0xFF41, 0xFF5B)},
    **{ord("％"): "%", ord("＋"): "+", ord("－"): "-", ord("．"): ".", ord("／"): "/"},
}
_LABELS = "电话|热线|拨打|手机号?|号码|尾号|编号|代码|密码|验证码|房号|房间号|工号|单号|QQ|微信号?"
_LATIN = "A-Za-zÀ-ÖØ-öø-ɏ"
_ENGLISH_WORDS = re.compile(r"[A-Za-z]{2,}\W+(?:\w+\W+)*?[A-Za-z]{2,}")
_RUN = re.compile(
    rf"({HAN}+)|([{_LATIN}][{_LATIN}'’]*(?:[ -]+[{_LATIN}][{_LATIN}'’]*)*)|(.)", re.DOTALL
)
_COUNTED = re.compile(rf"{HAN}|[%A-Za-z℃]")


def read_mandarin(text: str) -> Reading:
    """Phonemes of a Mandarin text; characters without a reading are reported.

    A text of several Latin words and no Han character is English, its numbers too. Traditional
    characters are read as their simplified ones.
    """
    if _ENGLISH_WORDS.search(text) and not re.search(HAN, text):
        return read_english(text)
    symbols: list[str] = []
    unspoken: list[str] = []
    for hanzi, latin, sign in _RUN.findall(in_characters(simplified(text))):
        if hanzi:
            words, unread = _read_hanzi(hanzi)
            symbols.append(f" {words} ")
            unspoken += unread
        elif latin:
            symbols.append(f" {_read_latin(latin)} ")
        elif sign in PUNCTUATION:
            symbols.append(PUNCTUATION[sign] + " ")
        elif sign.isspace() or sign in _SILENT or sign == "-":
            symbols.append(" ")
        else:
            unspoken.append(sign)
    line = re.sub(r" +([,.;:!?…”)])", r"\1", " ".join("".join(symbols).split()))
    return Reading(re.sub(r"([“(]) ", r"\1", line).strip(), tuple(dict.fromkeys(unspoken)))


def in_characters(text: str) -> str:
    """``text`` with digits, units, money and signs written as they are spoken."""
    text = text.translate(_FULL_WIDTH)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = re.sub(r"(?<=\d)：(?=\d)", ":", text)
    for pattern, spoken in _RULES:
        text = pattern.sub(spoken, text)
    for sign, word in SIGNS.items():
        text = text.replace(sign, word)
    return text


def cardinal(number: str) -> str:
    """``"20.5"`` -> 二十点五; a leading 二 before 千, 万 or 亿 is 两."""
    import cn2an

    whole, _, part = number.partition(".")
    if len(whole) > 16:
        return digits(number)
    spoken = cn2an.an2cn(str(int(whole)), "low")
    spoken = re.sub(r"^二(?=[千万亿])", "两", spoken)
    return spoken + ("点" + digits(part) if part else "")


def digits(number: str, *, one: str = "一") -> str:
    """Digit by digit; telephone numbers say 幺 for 1."""
    names = _DIGITS.replace("一", one)
    return "".join(names[int(sign)] if sign.isdigit() else "点" for sign in number)


def _read_hanzi(hanzi: str) -> tuple[str, list[str]]:
    words: list[str] = []
    unread: list[str] = []
    for text, syllables in words_of(hanzi):
        sounds: list[str] = []
        for syllable in syllables:
            try:
                sounds.append(phonemes_of(syllable))
            except ValueError:
                unread += [sign for sign in text if sign == syllable]
        words.append("".join(sounds))
    return " ".join(words), unread


def _read_latin(latin: str) -> str:
    """English phonemes of words; acronyms by letter."""
    return " ".join(_read_word(word) for word in re.split(r"[ -]+", latin) if word)


def _read_word(word: str) -> str:
    if is_spelled(word):
        return " ".join(LETTERS[letter] for letter in word.upper())
    return read_english(word.lower() if word.isupper() else word).symbols


def is_spelled(word: str) -> bool:
    """Whether a Latin word among characters is said letter by letter: VIP is, SALE is not.

    A word in capitals that the English dictionary has is that word, unless its letters have a name
    of their own (APP, LED); other short ones are acronyms. So is what has no vowel (cn, px).
    """
    if not word.isascii() or not word.isalpha():
        return False
    if len(word) == 1:
        return True
    if not word.isupper():
        return word.islower() and not set("aeiouy") & set(word) and not is_english_word(word)
    if word in _ACRONYMS.split():
        return True
    if word in _NAMES_IN_CAPITALS.split() or is_english_word(word):
        return False
    return len(word) <= 4 or not set("AEIOUY") & set(word)


def _year_month_day(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return match[0]
    return f"{digits(year)}年{cardinal(month)}月{cardinal(day)}日"


def _range_or_day(match: re.Match[str]) -> str:
    left, right = match.groups()
    tail = match.string[match.end() : match.end() + 1]
    is_day = len(right) == 2 and "." not in left + right and 1 <= int(left) <= 12
    if is_day and 1 <= int(right) <= 31 and not _COUNTED.match(tail):
        return f"{cardinal(left)}月{cardinal(right)}日"
    return f"{_counted(left, tail)}到{right}"


def _clock(match: re.Match[str]) -> str:
    hour, minute, second = int(match[1]), int(match[2]), match[3]
    if hour > 24 or minute > 59:
        return f"{cardinal(match[1])}比{cardinal(match[2])}"
    spoken = ("两" if hour == 2 else cardinal(str(hour))) + "点"
    if minute:
        spoken += ("零" if minute < 10 else "") + cardinal(str(minute)) + "分"
    return spoken + (cardinal(second) + "秒" if second else "")


def _money(match: re.Match[str]) -> str:
    sign, amount, large = match[1], match[2], match[3] or ""
    unit = CURRENCIES[sign]
    return _counted(amount, large[:1] or unit[0]) + large + unit


def _percent(match: re.Match[str]) -> str:
    minus = "负" if match[1] else ""
    return f"{'千' if match[3] == '‰' else '百'}分之{minus}{cardinal(match[2])}"


def _degrees(match: re.Match[str]) -> str:
    below = "零下" if match[1] else ""
    names = {"℃": "摄氏度", "°C": "摄氏度", "℉": "华氏度", "°F": "华氏度", "度": "度"}
    return below + cardinal(match[2]) + names[match[3]]


def _fraction(match: re.Match[str]) -> str:
    return f"{cardinal(match[2])}分之{cardinal(match[1])}"


def _unit(match: re.Match[str]) -> str:
    unit = UNITS[match[2]]
    return _counted(match[1], unit[0]) + unit


def _telephone(match: re.Match[str]) -> str:
    return "，".join(digits(group, one="幺") for group in re.findall(r"\d+", match[0]))


def _label(match: re.Match[str]) -> str:
    return match[1] + match[2] + digits(match[3], one="幺")


def _plain_number(match: re.Match[str]) -> str:
    minus, number = match.groups()
    before = match.string[: match.start()]
    after = match.string[match.end() : match.end() + 1]
    spoken = _counted(number, after) if not before.endswith(("第", ".")) else cardinal(number)
    return ("负" if minus else "") + spoken


def _counted(number: str, after: str) -> str:
    """A number before the character ``after``: 2个 is 两个, 2月 is 二月, 007 is digit by digit."""
    if number == "2" and after and after in MEASURES and after not in _NO_PAIR_AFTER:
        return "两"
    has_leading_zero = len(number) > 1 and number[0] == "0" and number[1] != "."
    is_label = len(number) > 8 and "." not in number and after not in MEASURES
    return digits(number) if has_leading_zero or is_label else cardinal(number)


def _any_of(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]
_RULES: tuple[_Rule, ...] = (
    (re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)"), _year_month_day),
    (re.compile(r"(?<!\d)([12]\d{3})(?=年)"), lambda m: digits(m[1])),
    (re.compile(r"(?<!\d)(?:1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?!\d)"), _telephone),
    (re.compile(r"(?<!\d)(?:[48]00-\d{3,4}-\d{3,4}|0\d{2,3}-\d{7,8})(?!\d)"), _telephone),
    (re.compile(rf"({_LABELS})([是为：:\s]?)(\d{{3,}})(?!\d)"), _label),
    (re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d)"), _clock),
    (re.compile(r"(?<!\d)(\d+):(\d+)(?!\d)"), lambda m: f"{cardinal(m[1])}比{cardinal(m[2])}"),
    (re.compile(rf"([￥¥$€£])\s?({_NUMBER})({_LARGE})?"), _money),
    (re.compile(rf"({_NUMBER})%\s?[-–~～至到]\s?({_NUMBER})%"), lambda m: f"{m[1]}%到{m[2]}%"),
    (re.compile(rf"(?<![\d.])(-)?({_NUMBER})\s?([%‰])"), _percent),
    (re.compile(rf"(?<![\d.])([-−])?({_NUMBER})\s?(℃|°C|℉|°F|度)"), _degrees),
    (re.compile(rf"(?<![\d.-])({_NUMBER})\s?[-–~～]\s?({_NUMBER})(?![\d.-])"), _range_or_day),
    (re.compile(r"(?<![\d/])(\d+)/(\d+)(?![\d/])"), _fraction),
    (re.compile(rf"({_NUMBER})\s?({_any_of(UNITS)})(?![A-Za-z0-9²³])"), _unit),
    (re.compile(rf"(?<={HAN})/(?={HAN})"), lambda _: "每"),
    (re.compile(rf"(?:(?<![\w.])([-−]))?({_NUMBER})"), _plain_number),
)
