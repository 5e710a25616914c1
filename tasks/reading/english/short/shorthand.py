"""What lines of shorthand leave unsaid: clipped words and letters that no table has.

A line such as "3-bed semi, EPC C, dep 5 wks, FSCS prot" has no grammar that tells what a clipped
word is, and a word that the dictionary has (``dep``, ``disc``) may be the half of another. What no
rule took is marked; the reading stays what it is.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from tasks.reading.english.rules import word_set
from tasks.reading.tokens import Token

_FEWEST_FIGURES = 2
_NAMES = frozenset(("address", "entry", "acronym", "abbreviation", "sign"))
_WORD = re.compile(r"(?<![\w.'@#\\-])[a-z]{2,8}(?![\w'@-]|\.\w)")
_IN_LINE = re.compile(r"[A-Za-z][A-Za-z']*")
_ACRONYM = re.compile(r"\b[A-Z]{2,5}\b")
_CLAUSE_ENDS = re.compile(r"[,;:!?()|\n]|\.(?=\s|$)")
_GRAMMAR = word_set(
    "a an the is are was were be been am i you your we our they their it its this that these those "
    "he she his her my who which what when where how will would can could should must may do does "
    "did has have had if because so but than then there here us them not don't it's we're you're"
)
"""Small words of whole sentences; shorthand leaves them out."""
_LONGEST_CLAUSE = 6
_WORDS_TO_SMALL = 12  # of shorthand, to one small word
_LEAST_SHARE = 0.2  # of the words of a line, in figures and what else is written short
_OPEN_END = re.compile(r"[^aeiouys]$|^[a-z]{2,3}e$")
"""Words that are cut short stop at a consonant: insp, regd, contrib; food of far away rarely."""
_HALVES = word_set(
    "abs acc adj adv aft alt amt anon bal bev bot cert coll conc cond conf contr conv coop cor "
    "corr cust del dem dep deps des det dev diff dig dim dir disc dist div doc dom dr dup eff "
    "elec emp eng ent env eq esp exc exch exec exp ext fem fr freq gar guar hol hosp incl ind "
    "inf ins inst int inv iss lat lim liq maj mat mech med mem merch mgr misc mod mon nat neg "
    "obs occ opp ops opt ord org orig perf pers phys pk pop pos poss pr prec pref prelim prem "
    "pres prev prob proc prod prof prot py rec recip ref rel rem req resp ret rev sat sch sci "
    "sec sep ser serv sess sig sim sta stat std stu subj suff sug sup supp surf susp sym syn "
    "tech tel trans trop typ util vac val var vol warr"
)
"""What in shorthand is half of another word, and the dictionary has: dep, disc, ins, perf."""


def clipped_words(
    text: str, tokens: Sequence[Token], is_word: Callable[[str], bool]
) -> Iterator[tuple[int, int, str]]:
    """Words that are cut short without a full stop, in lines with figures."""
    figures = [each for each in tokens if each.kind not in _NAMES]
    if len(figures) < _FEWEST_FIGURES:
        return
    is_short = is_shorthand(text, tokens)
    for match in _WORD.finditer(text):
        start, end = match.span()
        if any(each.start < end and start < each.end for each in tokens):
            continue
        word = match[0]
        if word in _HALVES:
            is_clipped = is_short and _is_in_short_clause(text, start, end)
        else:
            is_clipped = bool(_OPEN_END.search(word)) and word not in _SAID and not is_word(word)
        if is_clipped:
            yield start, end, f'"{word}" seems to be cut short, and is read as it stands'


_SAID = word_set(
    "ppt til tix vis et nur non kn matt nginx chmod npm cashback gzipped bowrider deload kubectl "
    "sudo json yaml oauth ai async repo localhost sitewide"
)


def is_shorthand(text: str, tokens: Sequence[Token]) -> bool:
    """Whether a text is a list of figures and short words rather than sentences."""
    words = _IN_LINE.findall(text)
    grammar = sum(word.lower() in _GRAMMAR for word in words if not word.isupper())
    num_short = len(tokens) + len(_ACRONYM.findall(text))
    return grammar <= len(words) // _WORDS_TO_SMALL and num_short >= _LEAST_SHARE * len(words)


def _is_in_short_clause(text: str, start: int, end: int) -> bool:
    first = max((each.end() for each in _CLAUSE_ENDS.finditer(text, 0, start)), default=0)
    behind = _CLAUSE_ENDS.search(text, end)
    clause = text[first : behind.start() if behind else len(text)]
    words = _IN_LINE.findall(clause)
    return len(words) <= _LONGEST_CLAUSE and not any(word.lower() in _GRAMMAR for word in words)


_ONE_LETTER = re.compile(r"(?![2-4]d)\d{1,3}[dnwy]")
"""A figure with the letter of a day, a night, a week or a year, read by the letter's name."""
_RAND = re.compile(r"R(?:(?!1[2-9]|2[0-2]|32)\d{2}|(?!134|290|410|600)\d{3,6})")
"""A figure that is no size of a tyre, no age of viewers and no refrigerant."""
_BESIDE_SLASH = re.compile(r"/\s?[\w.]*")
_OF_A_YEAR = re.compile(r"[1-9]/(?:12|52)")
_X_SAID = re.compile(r"\b[xX]")
_TIMES_NAME = re.compile(r"\d{1,2}x[A-Z]\w*")
_SQUARED = re.compile(r"\d{1,3}s")
_DOSES = re.compile(r"(?i:\d ?m?c?g |\byrs? |\bpk |\bbox )$")
_PER_ONE = re.compile(r" per [a-z](?![a-z])")
_LOANS = re.compile(r"(?i:\b(?:loans?|APR|EMI|NCEMI|finance|deposit|dep|HP|PCP|BT|interest)\b)")
_METRES = re.compile(r"\d{1,2}m")
_PER_METRE = re.compile(r"per meter$")
_SOLD_BY_METRE = re.compile(
    r"(?i:\b(?:fabric|cables?|timber|decking|fenc\w+|rope|pipe|hose|ribbon|trim|tape|wire|carpet"
    r"|turf|skirting|track|lengths?|pine|per m|m²|chain|rail|gutter\w*|lino|cloth|linen|cotton)\b)"
)
_NEWTONS = re.compile(r"\d{1,2}[ \u00a0]?N")
_OF_FORCE = re.compile(
    r"(?i:\b(?:forces?|pulls?|push\w*|thrust|newtons?|loads?|grip|torque|weights?|masses|spring"
    r"|tension|actuators?|shades?|concealers?|clamp\w*|magnets?)\b)"
)
_LETTER_PAIR = re.compile(r"(?<![\w.-])(?:[MTWF]|Th|Tu)[-–](?:[MTWFS]|Th|Tu)(?![\w-])")
_ROADS = re.compile(
    r"(?i:\b(?:the|on|off|via|along|road|route|take|tyres?|tires?|rims?|series|gas)) $"
)


def loose_letters(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """Figures with a letter whose sense no rule knows, read by the letter's name."""
    is_short = is_shorthand(text, tokens)
    for each in tokens:
        if each.doubt:
            continue
        if each.kind == "sign" and each.spoken.strip() == "slash":
            found = _BESIDE_SLASH.match(text, each.start)
            if found and not _is_between_names(tokens, each):
                yield each.start, each.start + 1, f'"{found[0]}" is read with its slash'
        elif found := _odd_name(text, each, is_short=is_short) or _odd_unit(text, each, tokens):
            yield each.start, each.end, found
    for match in _LETTER_PAIR.finditer(text):
        is_free = all(match.end() <= each.start or each.end <= match.start() for each in tokens)
        if is_short and is_free:
            yield *match.span(), f'"{match[0]}" could be days, sizes or grades'


def _is_between_names(tokens: Sequence[Token], slash: Token) -> bool:
    """The i5/i7 models."""
    beside = [each.kind for each in tokens if slash.start in (each.end, each.start - 1)]
    return beside == ["model", "model"]


def _odd_name(text: str, each: Token, *, is_short: bool) -> str | None:
    """Why the name of a model may be none: 30d, R129."""
    written = text[each.start : each.end]
    if each.kind != "model":
        return None
    if _ONE_LETTER.fullmatch(written):
        return f'"{written}" is read by the name of its letter'
    if is_short and _is_amount(text, each):
        return f'"{written}" could be rand'
    if _TIMES_NAME.fullmatch(written) and _X_SAID.search(each.spoken):
        return f'"{written}" is read with its "x"'
    return None


def _odd_unit(text: str, each: Token, tokens: Sequence[Token]) -> str | None:
    """Why a unit is a guess: a cruise of 10N, tablets 30s, $12/u/mo, a loan of 84m, R500/m."""
    written = text[each.start : each.end]
    if _NEWTONS.fullmatch(written) and not _OF_FORCE.search(text):
        return f'"{written}" could be nights or newtons'
    if _SQUARED.fullmatch(written) and _DOSES.search(text, 0, each.start):
        return f'"{written}" could be a number of pieces or seconds'
    if each.kind == "money" and _PER_ONE.search(each.spoken):
        return f'"{written}" is for one of what no rule knows'
    if each.kind == "fraction" and _OF_A_YEAR.fullmatch(written) and is_shorthand(text, tokens):
        return f'"{written}" could be months, weeks or a fraction'
    is_loan = each.spoken.endswith(" meters") and _LOANS.search(text)
    if is_loan and _METRES.fullmatch(written):
        return f'"{written}" could be meters or months'
    is_by_metre = each.kind == "money" and _PER_METRE.search(each.spoken)
    if is_by_metre and not _SOLD_BY_METRE.search(text):
        return f'"{written}" could be for a meter or a month'
    return None


def _is_amount(text: str, figure: Token) -> bool:
    is_rand = _RAND.fullmatch(text, figure.start, figure.end)
    return bool(is_rand) and not _ROADS.search(text, 0, figure.start)
