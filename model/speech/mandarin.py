"""Mandarin words to phonemes.

The words come from ``tasks/reading``, which leaves no digit and no sign. Latin words are read by
the English reader, acronyms by their letters' names.
"""

import re
from collections.abc import Mapping

from model.speech.english import Reading, is_english_word, read_english
from model.speech.hanzi.pinyin import HAN, phonemes_of, words_of
from model.speech.hanzi.traditional import certain_readings, simplified

PUNCTUATION = {
    **dict.fromkeys("，、,", ","),
    **dict.fromkeys("。．", "."),
    **{"！": "!", "!": "!", "？": "?", "?": "?", "；": ";", ";": ";", "：": ":", ":": ":"},
    **dict.fromkeys("《「『【〈“", " “"),
    **dict.fromkeys("》」』】〉”", "”"),
    **{
        "（": " (",
        "）": ")",
        "(": " (",
        ")": ")",
        "〔": " (",
        "〕": ")",
        "…": "…",
        "—": "—",
        "–": "—",
        ".": ".",
    },
}
LETTERS = {
    **{"A": "ˈA", "B": "bˈi", "C": "sˈi", "D": "dˈi", "E": "ˈi", "F": "ˈɛf"},
    **{"G": "ʤˈi", "H": "ˈAʧ", "I": "ˈI", "J": "ʤˈA", "K": "kˈA", "L": "ˈɛl"},
    **{"M": "ˈɛm", "N": "ˈɛn", "O": "ˈO", "P": "pˈi", "Q": "kjˈu", "R": "ˈɑɹ"},
    **{"S": "ˈɛs", "T": "tˈi", "U": "jˈu", "V": "vˈi", "W": "dˈʌbᵊljˌu", "X": "ˈɛks"},
    **{"Y": "wˈI", "Z": "zˈi"},
}
_ACRONYMS = (
    "APP LED OLED IT ID PA ISO SEM COO ABS AD AM PM COS AA AHA US EMS CPM OK CE CO QLED HDMI SVIP "
    "BBQ SOP ETC AB CAD PSI HUD NOA SAT ACT SAP TPM WHO HM GUI"
)
"""Said by their letters, though some are English words too, or long."""
_WORDS_OF_TWO = (
    "GO NO UP MY ME WE DO SO HI OH BE HE IN ON OF TO OR IF AN AS AT BY IS TA PO YO OX AX AH HA UM "
    "EX"
)
"""Words, where other pairs of capitals are letters though a dictionary has them: ES, AE, FA, MU."""
_WORDS_OF_THREE = (
    "ACE ADD AGE AIM AIR ALL ALT AMY AND ANN ANT ANY ARE ARM ART ASK BAD BAG BAN BAR BAT BED BEE "
    "BEN BET BIG BIO BIT BOB BOX BOY BUG BUS BUT BUY BYE CAN CAP CAR CAT COW CRY CUE CUP CUT DAD "
    "DAN DAY DIG DIP DOC DOG DOS DOT DRY DUO EAR EAT ECO EGG EGO ELF EMO END ERA EVE EYE FAN FAR "
    "FAT FIT FIX FLY FOR FOX FUN FUR GAP GAS GEL GEM GEN GET GIF GIT GOD GOT GUM GUN GUY GYM HAS "
    "HAT HER HEY HIP HIS HIT HOP HOT HOW HUB HUG HUT ICE ICY INK INN ION ITS IVY JAM JAR JAY JET "
    "JIM JOB JOE JOY KEN KEY KID KIT LAB LAN LAW LAY LEE LEG LEO LET LIE LIP LIT LOG LOT LOW LUX "
    "MAC MAD MAN MAP MAX MAY MEN MIA MIC MIN MIX MOD MOM MUD MUG NET NEW NOT NOW NUT OAK OAT ODD "
    "OFF OIL OLD ONE OUR OUT OWN PAD PAL PAN PAY PEN PIE PIG PIN PIT POD POP POT PRE PRO PUB PUT "
    "RAG RAM RAP RAW RAY RED RIP ROM ROW ROY RUN SAD SAM SAY SEA SEE SET SEX SHE SHY SIM SIP SIR "
    "SIT SIX SKI SKY SON SPA SPY SUB SUE SUM SUN TAB TAG TAP TAX TEA TED TEE TEN TEX THE TIM TIN "
    "TIP TON TOO TOP TOY TRY TWO UNO USE VAN VET VIA WAN WAR WAS WAX WAY WEB WET WHY WIN WON WOW "
    "YES YET YOU ZEN ZIP ZOE ZOO"
)
"""The words among three capitals; of a dictionary's thousand most are letters: ETA, LAX, VIN."""
_SMALL_ACRONYMS = (
    "abc acg ai aigc api asmr atm cpu dna eq ev faq gpu id ide ios iot ip ipo iq iso kol kpi led "
    "moq odm oem ootd ota qa seo ceo sku suv ugc ui url usb uv ux vip diy"
)
"""Said by their letters, though they have a vowel and are written small."""
_NAMES_IN_CAPITALS = (
    "AUDI OLAY XBOX KIA GREE IPAD VIVO IKEA ZARA SONY ASUS FILA DIOR BOSE MUJI WIFI HIFI DOTA "
    "UGG IMAX NEO SAAS PLOG MOBA VOOC SATA HEPA INS UEFA ECCO VERO MODA NARS ITZY "
    "JSON YAML HOKA TEMU AION AITO LAMY TATA CUDA EPUB MOBI VUCA JOJO HIIT KITH TOTO"
)
"""Said as words, though short and in no dictionary."""
_PAIR = 2  # letters
_TRIPLE = 3
_SILENT = frozenset("\"'‘’*_~～`^|\\[]{}·•™®©\u200b\u200c\u200d\ufeff\ufe0f")
_FULL_WIDTH = {code: code - 0xFEE0 for code in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_LATIN = "A-Za-zÀ-ÖØ-öø-ɏ"
_ENGLISH_WORDS = re.compile(r"[A-Za-z]{2,}\W+(?:\w+\W+)*?[A-Za-z]{2,}")
_RUN = re.compile(
    rf"({HAN}+)|([{_LATIN}][{_LATIN}'’]*(?:[ -]+[{_LATIN}][{_LATIN}'’]*)*)|(.)", re.DOTALL
)


def read_mandarin(text: str) -> Reading:
    """Phonemes of a Mandarin text; characters without a reading are reported.

    A text of several Latin words and no Han character is English, its numbers too. Traditional
    characters are read as their simplified ones.
    """
    if _ENGLISH_WORDS.search(text) and not re.search(HAN, text):
        return read_english(text)
    symbols: list[str] = []
    unspoken: list[str] = []
    certain = certain_readings(text)
    for run in _RUN.finditer(simplified(text).translate(_FULL_WIDTH)):
        hanzi, latin, sign = run.groups()
        if hanzi:
            own = {at - run.start(): certain[at] for at in certain if at in range(*run.span())}
            words, unread = _read_hanzi(hanzi, own)
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


def _read_hanzi(hanzi: str, certain: Mapping[int, str]) -> tuple[str, list[str]]:
    words: list[str] = []
    unread: list[str] = []
    for text, syllables in words_of(hanzi, certain):
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
    of their own (APP, LED); other short ones are acronyms. So is what has no vowel (cn, px), and
    what shops and programmers write small (api, vip).
    """
    if not word.isascii() or not word.isalpha():
        return False
    if len(word) == 1:
        return True
    if not word.isupper():
        is_small = word.islower() and not set("aeiouy") & set(word) and not is_english_word(word)
        return is_small or word in _SMALL_ACRONYMS.split()
    if word in _ACRONYMS.split():
        return True
    if len(word) == _PAIR:
        return word not in _WORDS_OF_TWO.split()
    if word in _NAMES_IN_CAPITALS.split():
        return False
    if len(word) == _TRIPLE:
        return word not in _WORDS_OF_THREE.split()
    if is_english_word(word):
        return False
    return len(word) <= 4 or not set("AEIOUY") & set(word)
