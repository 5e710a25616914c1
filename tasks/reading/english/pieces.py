"""What no rule reads as a whole: marked, so that a person checks it before it is spoken.

Three kinds: runs that mix digits with letters and signs, and are read piece by piece
(``260/18G27``); words cut short with a full stop that no table has (``smkg. or pets``); and words
that nobody can say (``svgs``, ``mat'l``). The reading stays what it is; only its doubt is new.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from model.speech.english import is_english_word
from tasks.reading.english.rates import RATE_WORDS
from tasks.reading.english.rules import word_after, word_set
from tasks.reading.english.short.shorthand import clipped_words, loose_letters
from tasks.reading.english.units import UNITS
from tasks.reading.tokens import Token, spoken_form

_WAY_OUT = "write it out, or put it into the lexicon"
_RUN = re.compile(r"[^\s…★☆⭐—]+")
_BEFORE_CORE = re.compile(r"[(\[{\"'<>¿¡•*_~]+")
_BEHIND_CORE = re.compile(r"[)\]}\"'.,;:!?*_~]+$")
_BARE_HYPHEN = re.compile(r"[-–]")
_PART_OF_WORD = re.compile(r"'?(?:s|ers?|ing|ed|d)(?![A-Za-z])|['\"]|[-–][A-Z]")
_LETTERS = "A-Za-z\u00c0-\u024f"
_SAID = rf"(?:[{_LETTERS}][{_LETTERS}']+|[aAI])"
_WORDS_BESIDE = re.compile(rf"[-–+/]?{_SAID}(?:[-–/]{_SAID})*[-–/]?")
_LETTER = re.compile(r"[-(]?[A-Za-z]")
_NO_PROSE = re.compile(r"[\u0400-\u1fff\u2190-\uffff\U00010000-\U0010ffff]")
_SILENT_SIGNS = frozenset("*|_^~·¦`")
_WORDED_SIGNS = frozenset("=<>≥≤≈±+@&#Δ")


def marked(text: str, tokens: Sequence[Token], last: frozenset[int]) -> tuple[Token, ...]:
    """``tokens`` with a doubt on what is read piece by piece, and on words that are cut short.

    Args:
        text: the whole text.
        tokens: all that the rules found, in order.
        last: where the tokens start that the last rules took, which read digits and signs singly.
    """
    doubtful = [
        *_runs_in_pieces(text, tokens, last),
        *_cut_words(text, tokens),
        *_cut_ends(text, tokens),
        *_unknown_rates(text, tokens),
        *_unsayable_words(text, tokens),
        *_odd_onsets(text, tokens),
        *_shorthand(text, tokens),
    ]
    done = list(tokens)
    for start, end, doubt in doubtful:
        inside = [each for each in done if each.start < end and start < each.end]
        if any(each.doubt for each in inside):
            continue
        first = min((start, *(each.start for each in inside)))
        behind = max((end, *(each.end for each in inside)))
        shifted = [replace(each, start=each.start - first, end=each.end - first) for each in inside]
        spoken = spoken_form(text[first:behind], shifted)
        kind = inside[0].kind if inside else "abbreviation"
        done = [each for each in done if each not in inside]
        done.append(Token(first, behind, kind, spoken, None, doubt))
    return tuple(sorted(done, key=lambda each: each.start))


def _shorthand(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """What a line of shorthand leaves unsaid."""
    for start, end, doubt in (
        *clipped_words(text, tokens, _is_form_of_word),
        *loose_letters(text, tokens),
    ):
        yield start, end, f"{doubt}; {_WAY_OUT}"


def _runs_in_pieces(
    text: str, tokens: Sequence[Token], last: frozenset[int]
) -> Iterator[tuple[int, int, str]]:
    """Runs with digits that are read piece by piece: 88/lo, 164930-03, n77/n78."""
    for run in _RUN.finditer(text):
        start, end = _core(run)
        written = text[start:end]
        if not any(map(str.isdecimal, written)) or written.isdecimal() or _NO_PROSE.search(written):
            continue
        inside = [each for each in tokens if each.start < end and start < each.end]
        if len(inside) == 1 and inside[0].start <= start and end <= inside[0].end:
            continue
        if _is_in_pieces(text, start, end, inside, last):
            yield start, end, f'no rule reads "{written}" as a whole; {_WAY_OUT}'


def _core(run: re.Match[str]) -> tuple[int, int]:
    """A run without the quotes, brackets and stops around it."""
    start, end = run.span()
    if before := _BEFORE_CORE.match(run[0]):
        start += before.end()
    if behind := _BEHIND_CORE.search(run.string[start:end]):
        end = start + behind.start()
    return start, end


def _is_in_pieces(
    text: str, start: int, end: int, inside: Sequence[Token], last: frozenset[int]
) -> bool:
    place = start
    for index, each in enumerate((*inside, None)):
        gap_end = each.start if each else end
        before = inside[index - 1] if index else None
        if place < gap_end and not _is_said_beside(text, place, gap_end, before, each, last):
            return True
        if each is None:
            return False
        around = (*inside[max(0, index - 1) : index], *inside[index + 1 : index + 2])
        if each.start in last and _is_loose(text, each, start, end, around):
            return True
        place = each.end
    return False


def _is_said_beside(
    text: str,
    start: int,
    end: int,
    before: Token | None,
    behind: Token | None,
    last: frozenset[int],
) -> bool:
    """Whether what lies beside or between tokens is plain words, or nothing that is said."""
    gap = text[start:end]
    if before and not behind and _PART_OF_WORD.fullmatch(gap):
        return True
    if _BARE_HYPHEN.fullmatch(gap):
        if not before or not behind:
            return not behind
        return not ({before.start, behind.start} & last or before.kind == "digits") or (
            text[before.start] == "#" or text[before.start - 1] == "#"
        )
    sides = [each for each in (before, behind) if each and each.start in last]
    if any(text[each.start] in _WORDED_SIGNS for each in sides) and _LETTER.fullmatch(gap):
        return True
    if not _WORDS_BESIDE.fullmatch(gap):
        return False
    if behind and behind.kind == "fraction" and gap[-1] == "-":
        return False  # DE-4471/26
    is_glued_before = before in sides and text[start - 1].isdecimal() and gap[0].isalpha()
    is_glued_behind = behind in sides and text[end].isdecimal() and gap[-1].isalpha()
    return not (is_glued_before or is_glued_behind)


def _is_loose(text: str, sign: Token, start: int, end: int, around: Sequence[Token]) -> bool:
    """Whether a sign inside a run is read as "slash", or as nothing at all."""
    if sign.start == start or sign.end == end:
        return False
    written, said = text[sign.start : sign.end], sign.spoken.strip()
    if said == "slash" and [each.kind for each in around] == ["model", "model"]:
        return False  # n77/n78, i5/i7
    return (written == "/" and said in ("slash", "")) or written in _SILENT_SIGNS


_RATE = re.compile(r"/(?P<name>[A-Za-z]{1,6})$")


def _unknown_rates(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """Rates for each of something that no table has, and no dictionary: $12/plr."""
    for each in tokens:
        found = _RATE.search(text[each.start : each.end])
        is_rate = each.kind in ("measure", "money", "cardinal", "decimal", "range")
        if not is_rate or not found or not each.spoken.endswith(found["name"]):
            continue
        name = found["name"]
        if name not in RATE_WORDS and not is_english_word(name):
            written = text[each.start : each.end]
            yield each.start, each.end, f'no rule knows the "{name}" of "{written}"; {_WAY_OUT}'


_SHORT_WORDS = word_set(
    "del coll dig fam ret ad ads assess "
    "abs alg app asst auth bal cal carb cert chem civ comb con conf crit def dim div eff eng esp "
    "exam exec exp ext fed fig fin fwd gen hon ill int iss jan len lib lit loc man mat mech med "
    "mod mus opp orig par perf pol pos pres prod prog pub rec rel rep res rev sat sec sep sev sol "
    "sub sup surg tech tel tem tol tot tran vac val veg vet vis vol"
)
"""Words of the dictionary that a full stop before small letters makes abbreviations."""
_CUT = re.compile(
    r"(?<![\w.'@#\\])(?P<word>[A-Za-z]{1,12}(?:'[a-z]{1,2})?)\.(?:"
    r"(?P<joint>[,;:/-])|(?=[)\]])|(?=[ \u00a0](?P<next>[A-Za-z]|[\d&$€£¥#(+±<>~=-])))"
)
_FORMS = (
    *(("s", ""), ("es", ""), ("ies", "y"), ("'s", "")),
    *(("ed", ""), ("ed", "e"), ("ied", "y"), ("ing", ""), ("ing", "e")),
)
_WORD_BEFORE = re.compile(r"[A-Za-z\d,;:)%][ \u00a0(]*$|[(/][ ]*$")
_LONGEST_SENTENCE_IN_BRACKETS = 24  # characters; what is longer ends with its own full stop


def _cut_words(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """Words with a full stop in the middle of a sentence: smkg. or pets, (4g sat.), len., wd."""
    for match in _CUT.finditer(text):
        start, end = match.start("word"), match.end("word") + 1
        if any(each.start < end and start < each.end for each in tokens):
            continue
        if _is_cut(text, match):
            written = text[start:end]
            yield (
                start,
                match.end("word"),
                f'"{written}" seems to be an abbreviation that no rule knows; {_WAY_OUT}',
            )


_CUT_END = re.compile(
    r"(?:[\d%$€£₹/&+]\S*|\b[a-z]{1,5}\.) (?:[a-z]+ )?(?P<word>[a-z]{2,6})\.(?=$|[ \u00a0]+[A-Z])"
)


def _cut_ends(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """The same at the end of a sentence, beside figures and signs: w/ $25 purch."""
    for match in _CUT_END.finditer(text):
        start, end = match.span("word")
        word = match["word"]
        if any(each.start < end + 1 and start < each.end for each in tokens):
            continue
        if _is_form_of_word(word) or word[-1] in "aeiouys" or word in _SOUNDS:
            continue
        yield (
            start,
            end,
            f'"{word}." seems to be an abbreviation that no rule knows; {_WAY_OUT}',
        )


_CALLS = word_set(
    "order buy call visit shop try get see come join click contact enjoy find choose learn watch "
    "save stop use we our you your they these this that it's it"
)
_BRAND = re.compile(r"[A-Z][a-z]+(?:[aeiouy][b-df-hj-np-tv-z]?|[aeiouy]{1,2})")
"""What people can say, with a vowel near its end; what is cut short has none: Calibr."""
_ENDS_OF_WORDS = re.compile(r"(?:[aeiouys]|ed|ing|er)$")


def _is_cut(text: str, match: re.Match[str]) -> bool:
    word, following = match["word"], match["next"]
    is_inside = bool(_WORD_BEFORE.search(text, max(0, match.start() - 3), match.start()))
    if len(word) == 1:
        return word.islower() and word not in "ai" and bool(following or match["joint"])
    if match["joint"] and match["joint"] != "-":
        return True
    is_word = _is_form_of_word(word)
    is_known = is_word and word.lower() not in _SHORT_WORDS
    if following is None:
        return not is_known and _is_aside(text, match.start())
    if is_known:
        return False
    if following.isupper():
        return word.islower() and not (is_word or _ENDS_OF_WORDS.search(word)) and len(word) <= 6
    if word_after(text, match.end()).lower() in _CALLS and _BRAND.fullmatch(word):
        return False  # made by Fernly. order now
    if following.islower() or word.islower():
        return True
    return not is_inside and word[-1] not in "aeiouy" and len(word) <= 6


def _is_form_of_word(word: str) -> bool:
    """Whether the dictionary has a word, or the one that it is a plural or a form of."""
    lower = word.lower()
    if is_english_word(lower):
        return True
    for ending, rest in _FORMS:
        stem = lower.removesuffix(ending)
        if stem != lower and len(stem) > 1:
            if is_english_word(stem + rest):
                return True
            if rest == "" and ending != "s" and stem[-1] == stem[-2] and is_english_word(stem[:-1]):
                return True  # planned, shipping
    return False


def _is_aside(text: str, place: int) -> bool:
    """Whether a few words in brackets are no sentence: (4g sat.)."""
    opening = max(text.rfind("(", 0, place), text.rfind("[", 0, place))
    return (
        opening >= 0
        and place - opening <= _LONGEST_SENTENCE_IN_BRACKETS
        and not text[opening + 1].isupper()
    )


_NO_VOWEL = "bcdfghj-np-tv-z"
_UNSAYABLE = re.compile(
    rf"(?:(?<![\w.'@#\\-])|(?<=\d-))(?P<consonants>[{_NO_VOWEL}]{{2,}}|[B-DF-HJ-NP-TV-Z][{_NO_VOWEL}]{{2,}})"
    r"(?![\w'@-]|\.\w)"
    r"|(?:(?<=[\d/])|(?<=[\d/] ))(?P<unit>[a-z]{1,2}[B-DF-HJ-NP-TV-XZ][B-DF-HJ-NP-TV-XZa-z]*)"
    r"(?![\w'@.-]|\.\w)"
    r"|(?:(?<=\d)|(?<=\d ))(?P<letter>[b-hj-wyzU])(?![\w'@.-]|\.\w)"
    r"|(?<![\w.'@#\\-])(?P<clipped>[A-Za-z]{1,12}'[a-z]{1,6})(?![\w'-])"
    r"|(?<![\w/'@.-])(?P<pair>[b-hj-z]/[a-z]+)(?![\w/'])"
)
_ONSET = re.compile(
    r"(?:b[hjlr]?|ch?[lr]?|d[hjrw]?|f[jlr]?|g[hlnrw]?|h[wj]?|j[hj]?|k[hlnrwv]?|lh?|ll|m[bhnw]?|n[dgjkyz]?"
    r"|p[fhlnrst]?|q|rh?|s[chjklmnpqrtvwz]?[hlrw]?|t[hjrswz]?r?|v[lr]?|wh?r?|xh?|y|z[hlw]?)?[aeiouy]"
)
_COMMANDS = word_set("chmod chown gzip gzipped mkdir grep sshd npmjs")
_BESIDE = re.compile(r"(?<![\w.'@#\\/-])[a-z]{4,9}(?![\w'@/-]|\.\w)")


def _odd_onsets(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """Words that begin as none of English does, without letters that were left out: wknders."""
    for match in _BESIDE.finditer(text):
        start, end = match.span()
        if any(each.start < end and start < each.end for each in tokens):
            continue
        word = match[0]
        if _ONSET.match(word) or word in _SOUNDS | _COMMANDS or _is_form_of_word(word):
            continue
        yield start, end, f'"{word}" is read as letters, or as it stands; {_WAY_OUT}'


_TAILS = word_set("s t re ve ll m all am clock em er til n tis twas")
_PAIRS = word_set("y/n y/y m/m q/q s/he")
_SOUNDS = word_set(
    "npm ppt brr grr hmm hm mm mmm pfft psst psh shh sh tsk tss zzz nth www pst ft vs cc"
)


def _unsayable_words(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """Words without a vowel, or with letters left out: svgs, 10 mS, mat'l, dbl'd."""
    for match in _UNSAYABLE.finditer(text):
        start, end = match.span()
        inside = [each for each in tokens if each.start < end and start < each.end]
        if inside and not (match["pair"] and inside[0].start == start + 1):
            continue
        word = match[0]
        if word in _PAIRS or word in UNITS:
            continue
        if match["clipped"] and not _is_clipped(word):
            continue
        if match["consonants"] and (word.lower() in _SOUNDS or is_english_word(word)):
            continue
        yield start, end, f'"{word}" is read as letters, or as it stands; {_WAY_OUT}'


def _is_clipped(word: str) -> bool:
    stem, _, tail = word.partition("'")
    if tail in _TAILS or is_english_word(word):
        return False
    return tail != "d" or not is_english_word(stem)
