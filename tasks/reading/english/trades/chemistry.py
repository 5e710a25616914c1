"""Chemical formulas with digits on the line, and physics: NaHCO3, Ca(OH)2, 0.1 M, 373.15 K."""

import re

from tasks.reading.english.numbers import cardinal, pairs, parse_number
from tasks.reading.english.rules import Rule, near, token
from tasks.reading.tokens import Token

_ELEMENTS = (
    "Ag|Al|Ar|As|Au|Ba|Be|Bi|Br|Ca|Cd|Cl|Co|Cr|Cs|Cu|Fe|Ga|Ge|He|Hg|In|Kr|La|Li|Mg|Mn|Mo|Na|Nb|"
    "Ne|Ni|Pb|Pd|Pt|Rb|Sb|Se|Si|Sn|Sr|Ti|Zn|Zr|H|B|C|N|O|F|P|S|K|V|I|W|U|Y"
)
_ATOMS = rf"(?:{_ELEMENTS})\d{{0,2}}"
_FORMULA = re.compile(
    rf"(?<![\w#@.,-])(?P<count>\d{{1,2}})?(?P<formula>(?:{_ATOMS}"
    rf"|\((?:{_ATOMS})+\)\d{{1,2}}){{2,9}})"
    r"(?![\w+]|-\d)"
)
_WITHOUT_DIGITS = frozenset(
    [
        "NaCl",
        "HCl",
        "NaOH",
        "KCl",
        "KOH",
        "NaF",
        "LiOH",
        "HBr",
        "HCN",
        "AgCl",
        "ZnO",
        "MgO",
        "CaO",
        "TiO",
        "FeO",
        "CuO",
        "HClO",
        "NaClO",
    ]
)
_PIECE = re.compile(r"[A-Z][a-z]?|\d+")


def _formula(match: re.Match[str]) -> Token | None:
    """Its letters, and how many atoms; no code such as COUPON10 or B2."""
    written = match["formula"]
    symbols = re.findall(r"[A-Z][a-z]?", written)
    has_small = any(len(symbol) == 2 for symbol in symbols)
    is_capital_formula = bool(re.search(r"\d[A-Z(]", written))
    is_formula = written in _WITHOUT_DIGITS or (
        bool(re.search(r"\d", written))
        and len(symbols) > 1
        and (has_small or is_capital_formula or bool(match["count"]))
    )
    if not is_formula:
        return None
    words = [cardinal(int(match["count"]))] if match["count"] else []
    words += [
        cardinal(int(piece)) if piece.isdecimal() else " ".join(piece.upper())
        for piece in _PIECE.findall(written)
    ]
    return token(match, "model", " ".join(words))


_MOLAR = re.compile(
    r"(?<=\d )M(?=[ \u00a0](?:Na|K|H|Li|NH|Ca|Mg|Tris|EDTA|sodium|hydro|sulfuric|acetic"
    r"|solution|buffer|urea)"
    r")"
)
_KELVIN = re.compile(r"(?<![\w.,$€£¥₹])(?P<number>\d{1,5}(?:\.\d{1,3})?)[ \u00a0]K(?![\w-])")
_HOT = re.compile(
    r"\b(?:boils?|freezes?|melts?|temperatures?|kelvin|superconduct\w+|absolute zero|thermal"
    r"|LED|bulbs?|"
    r"white|light)\b|°C|[Δ∆]T\b"
)


def _molar(match: re.Match[str]) -> Token:
    """0.1 M NaOH."""
    return token(match, "measure", "molar")


def _kelvin(match: re.Match[str]) -> Token | None:
    """Water boils at 373.15 K."""
    if not _HOT.search(near(match)):
        return None
    return token(match, "measure", f"{parse_number(match['number']).words} kelvin")


_NAMED_ELEMENTS = {
    **{"H": "hydrogen", "C": "carbon", "N": "nitrogen", "O": "oxygen", "U": "uranium"},
    **{"Pu": "plutonium", "I": "iodine", "Cs": "cesium", "Sr": "strontium", "Tc": "technetium"},
    **{"F": "fluorine", "K": "potassium", "Co": "cobalt", "Rn": "radon", "Ra": "radium"},
}
_ELEMENT = "|".join(_NAMED_ELEMENTS)
_ISOTOPE = re.compile(
    rf"(?<![\w⁰¹²³⁴⁵⁶⁷⁸⁹])(?P<mass>[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,3}})(?P<element>{_ELEMENT})(?!\w)"
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_GREEK = {
    **{
        "α": "alpha",
        "β": "beta",
        "γ": "gamma",
        "Γ": "gamma",
        "δ": "delta",
        "Δ": "delta",
        "∆": "delta",
    },
    **{"ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta", "Θ": "theta", "κ": "kappa"},
    **{"λ": "lambda", "Λ": "lambda", "ξ": "xi", "ρ": "rho", "σ": "sigma", "Σ": "sigma"},
    **{"τ": "tau", "φ": "phi", "Φ": "phi", "χ": "chi", "ψ": "psi", "Ψ": "psi", "ω": "omega"},
}
_GREEK_LETTER = re.compile(rf"(?<!\w)[{''.join(_GREEK)}](?=[A-Za-z]?(?!\w))")


def _isotope(match: re.Match[str]) -> Token:
    """¹⁴C, ²³⁵U."""
    mass = match["mass"].translate(_RAISED)
    return token(match, "model", f"{_NAMED_ELEMENTS[match['element']]} {pairs(mass)}")


def _greek_letter(match: re.Match[str]) -> Token:
    """ΔE, α-blockers."""
    return token(match, "sign", _GREEK[match[0]])


_FERTILIZER = re.compile(r"(?<![\w.,/$-])(\d{1,2})-(\d{1,2})-(\d{1,2})(?![\w/-]|[.,]\d)")
_LAWN = re.compile(
    r"\b(?:N-?P-?K|fertili[sz]ers?|plant food|potash|lawn food|nitrogen|Miracle-Gro)\b", re.I
)


def _fertilizer(match: re.Match[str]) -> Token | None:
    """A fertilizer of 10-10-10."""
    if not _LAWN.search(near(match)):
        return None
    return token(match, "digits", ", ".join(cardinal(int(part)) for part in match.groups()))


RULES = (
    Rule(_FERTILIZER, _fertilizer),
    Rule(_ISOTOPE, _isotope),
    Rule(_GREEK_LETTER, _greek_letter),
    Rule(_MOLAR, _molar),
    Rule(_KELVIN, _kelvin),
    Rule(_FORMULA, _formula),
)
