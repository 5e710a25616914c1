"""Short words that only their neighbours make clear: all incl., fr £49, 13% vol., (c) 2026."""

import re

from tasks.reading.english.rules import Rule, stop_ends_sentence, token
from tasks.reading.tokens import Token

_GREENS = "(?:parsley|cilantro|coriander|kale|chard|scallions|radishes|dill|mint|basil|spinach)"
_WORDS = (
    (r"(?<=[A-Z]{3} )reg\.(?=[,;)]|$)", "registered"),
    (r"(?:(?<=1st )|(?<=2nd )|(?<=3rd )|(?<=[Ff]irst )|(?<=per )|(?<=each ))hr\b(?!\.)", "hour"),
    (r"(?:(?<=\bof )|(?<=[Ee]very )|(?<=[Ee]ach )|(?<=[Pp]er )|(?<=1st ))mth\b\.?", "month"),
    (r"(?:(?<=NHS )|(?<=[Uu]rgent )|(?<=[Cc]all )|(?<=[Rr]ing ))111(?![\w.,]\d|\w)", "one one one"),
    (r"(?<=\d )coll\.(?= [A-Z])", "collection"),
    (r"(?<=\dk )pp\.(?= ea)", "pages"),
    (r"(?<!\w)M(?:oM|otM|OTM)(?=:? (?:no\b|[A-Z][a-z]))", "man of the match"),
    (r"(?:(?<=fee )|(?<=interest )|(?<=\d% ))p\.m\.(?=[,;.)]|$| [a-z])", "per month"),
    (r"(?<![\w.'-])[Rr]ef\.(?= [A-Z]{2,4}/)", "reference"),
    (r"(?<=\d )hd(?=[,;.)]|$| of)", "head"),
    (r"(?<=pm )x(?= \d{1,2}m\b)", "for"),
    (r"(?<=\b[AOS]-level )Chem\.", "chemistry"),
    (r"(?<=\b[AOS]-lvl )Chem\.", "chemistry"),
    (r"(?<=\b[AOS]-)[Ll]vls\b", "levels"),
    (r"(?<=\b[AOS]-)[Ll]vl\b", "level"),
    (
        r"(?<![\w.'-])[Dd]el\.(?= (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|w/in|within|only|daily|extra))",
        "delivery",
    ),
    (r"(?<![\w.'-])[Cc]oll\.(?= (?:only|or|from|in store|free|[Mm]on|[Ss]at))", "collection"),
    (r"(?<![\w.'-])[Ww]ks(?= \d)", "weeks"),
    (r"(?<=orig\. )mi\b|(?<=original )mi\b", "miles"),
    (r"(?:(?<=[Mm]ost )|(?<=major )|(?<=[Ww]/ ))ins\.(?=[.,;)]|$| [a-z])", "insurance"),
    (r"(?<=\dmg )caps\b(?!\.)", "capsules"),
    (r"(?<=\dmg )tabs\b(?!\.)", "tablets"),
    (
        r"(?:(?<=TDS )|(?<=QDS )|(?<=\bBD )|(?<=\bOD )|(?<=\bBID )"
        r"|(?<=\bTID ))x(?= \d{1,2}/(?:7|52|12))",
        "for",
    ),
    (r"(?<![\w.'-])[Aa]lt\.(?= (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|days|weeks|wks))", "alternate"),
    (r"(?<=\bno )ret\.", "returns"),
    (r"(?<![\w.'-])[Dd]ig\.(?= (?:coupons?|download|copy|code|edition))", "digital"),
    (r"(?<![\w.'-])[Ff]am\.(?= (?:pk|pack|ticket|room|pass|size|rm))", "family"),
    (r"(?:(?<=[Ff]am\. )|(?<=[Ff]amily ))pk\b\.?", "pack"),
    (r"(?<=\ba )pr\.(?=[ ,;)]|$)", "pair"),
    (r"(?<=yrs' )exp\.(?=[ ,;)]|$)|(?<=years' )exp\.(?=[ ,;)]|$)", "experience"),
    (r"(?:(?<=spd )|(?<=speed ))man\.(?=[ ,;)]|$)", "manual"),
    (r"(?<![\w.'-])[Aa]tt\.(?=:? \d)", "attendance"),
    (r"(?<![\w.'-])[Ee]rr\.(?=:? \d)", "error"),
    (r"(?<!\w)[cC]/outs?(?= \d| %)", "checkout"),
    (r"(?:(?<=\b1/2 )|(?<=[Ff]ull )|(?<=[Hh]alf ))hd\b", "head"),
    (r"(?<=, )o/p(?= for)|(?<=with )o/p(?= for)", "outline permission"),
    (r"(?<=[/\d]kg )lwt\b", "liveweight"),
    (
        r"(?:(?<=[Cc]ondo )|(?<=[Bb]ed )|(?<=[Cc]ommon )|(?<=[Mm]aster )"
        r"|(?<=[Ll]iving ))rm\.(?= [a-z])",
        "room",
    ),
    (
        r"(?<![\w.'-])[Nn]r\.(?= (?:metro|station|stn|beach|school|shops|park|bus|train|the)\b)",
        "near",
    ),
    (r"(?<=\d-)pc(?= [a-z])", "piece"),
    (r"(?<=\d-)nt\b\.?(?=[ \u00a0])", "night"),
    (r"(?<=[Nn]ew )pts\.?(?= (?:welcome|seen|only|from|call|exam|\$\d+ exam))", "patients"),
    (r"(?:(?<=\bsees )|(?<=\bsee )|(?<=accepting )|(?<=accepting new ))pts\b\.?(?!\w)", "patients"),
    (r"(?<=\d )w/days\b", "working days"),
    (r"(?<![\w/])w/days\b", "weekdays"),
    (r"(?<![\w/])w/ends\b", "weekends"),
    (
        r"(?<![\w.'-])[Dd]el\.(?= (?:free|incl?|inc|extra|charge|available|avail|from|by|[$€£\d]))",
        "delivery",
    ),
    (r"(?<![\w.'-])[Ss]pec\. ?[Dd]el\.", "special delivery"),
    (r"(?<![\w.'-])[Ss]td\.? ?[Dd]el\.", "standard delivery"),
    (r"(?<!\w)[cC]/[oO](?= (?:fees?|charges?)\b)", "call-out"),
    (r"(?<=\+ )[bB]/[fF](?!\w)", "booking fee"),
    (r"(?<=[Bb]ank )hols\b\.?", "holidays"),
    (r"(?<=[Bb]ank )hol\b\.?", "holiday"),
    (r"(?<=\d% )int\.", "interest"),
    (r"(?<![\w.'-])[Ii]nt\.(?= service\b)", "interim"),
    (r"(?<![\w.'-])[Rr]ep\.(?= example)", "representative"),
    (r"(?<![\w.'-])[Bb]al\.(?= (?:transfers?|due|on|of|payable)\b)", "balance"),
    (r"(?:(?<=[Ll]ast )|(?<=[Ff]irst )|(?<=[Bb]y ))app\.(?= \d|[,;)]|$)", "appointment"),
    (r"(?<=[Ff]ull )Eng\.(?= )", "English"),
    (r"(?<![\w.'-])[Nn]r\.?(?= [A-Z][a-z])", "near"),
    (r"(?<![\w.'-])[Vv]ol\. wt\.(?= )", "volumetric weight"),
    (
        r"(?<=\d[ -])[Dd]en\b\.?(?= (?:[a-z]+ )?(?:tights|stockings|hold-?ups|opaques?|hosiery))",
        "denier",
    ),
    (r"(?<=\d )nts\.(?= (?:HB|BB|FB|AI|SC|B&B)\b)", "nights"),
    (r"(?<=\d )[Yy][Oo](?=[ ,;.)]|$)(?!-)", "year olds"),
    (r"(?<![\w.'-])[Rr]eg\.?(?= '\d\d(?!\d))", "registered"),
    (r"(?<=[Ss]afe )[Rr]eg\b\.?", "registered"),
    (r"(?<![\w.'-])[Rr]eg\.(?= (?:no\b|\d{5,}))", "registration"),
    (r"(?<![\w.'-])(?:[Dd]ep|DEP)\.(?= (?:T\d|[Pp]lat|[Gg]ate|stn)\b)", "departs"),
    (r"(?<![\w.'-])(?:[Aa]rr|ARR)\.(?= (?:T\d|[Pp]lat|[Gg]ate|stn)\b)", "arrives"),
    (r"(?<![\w.'/-])W/D(?= (?:in|hook|connections?|included|incl)\b)", "washer dryer"),
    (r"(?<=CPR )cert\.(?= (?:class|course))|(?<=aid )cert\.(?= (?:class|course))", "certification"),
    (
        r"(?<=[a-z\d] )inc\.(?= (?!VAT|GST|[Tt]ax|delivery|P&P|shipping|postage)[a-z\d$€£¥₹])",
        "including",
    ),
    (r"(?<=[a-z\d] )inc\.(?=[,;)])", "included"),
    (r"(?<![\w.@/-])mpg(?![\w@/-])", "miles per gallon"),
    (r"(?<![\w.'-])MR(?=[,;)])", "M R"),
    (r"(?<![\w.'-])[Ss]z\b(?=:? [\dX])", "size"),
    (r"(?:(?<=[Oo]il )|(?<=[Ff]ilter ))chg\b\.?(?!\w)", "change"),
    (r"(?<![\w.'-])[Ee]xt\.(?= warr)", "extended"),
    (r"(?<![\w.'-])[Rr]et\.(?= (?:airfares?|flights?|fares?|tickets?|trips?)\b)", "return"),
    (r"(?<=\d)ff\b\.?(?![\w-])", "and following"),
    (r"(?<![\w.'-])[Ll]trs?\. of rec\.", "letter of recommendation"),
    (r"(?<![\w.'-])[Dd]ep\.(?= (?:slots?|times?|lounges?|gates?)\b)", "departure"),
    (r"(?<![\w.'-])[Rr]eg\.(?= (?:fees?|opens|closes|deadlines?|forms?|desk)\b)", "registration"),
    (r"(?<![\w.'-])rd\.(?= bales?\b)", "round"),
    (r"(?<=\d )cl\.(?= (?:of )?garlic\b)", "cloves"),
    (rf"(?<=(?<![$€£¥₹])\b1 )bn\.(?= {_GREENS}\b)", "bunch"),
    (rf"(?<=[2-9] )bn\.(?= {_GREENS}\b)", "bunches"),
    (r"(?<![\w.'/-])p/n(?=:? ?[#\dA-Z])", "part number"),
    (r"(?<![\w.'/-])s/n(?=:? ?[#\dA-Z])", "serial number"),
    (r"(?<=\b2d )Cir\.|(?<=\b3d )Cir\.", "Circuit"),
    (r"(?<![\w.'-])Ex\.(?= [A-Z](?:-?\d{1,2})?\b)", "exhibit"),
    (r"(?<=[Dd]ew )pt\.", "point"),
    (r"(?:(?<=\b2d )|(?<=\b3d ))ed\.", "edition"),
    (r"(?<=[Oo]n )[Cc]h\.(?= \d{1,3} (?:at (?:\d|noon)|tonight|tomorrow|from \d))", "channel"),
    (r"(?<=city/)hwy(?!\w)", "highway"),
    (r"(?<=\d[-–]\d )agg\b\.?", "on aggregate"),
    (
        r"(?<![\w.'-])[Aa]sst\.(?= (?:colou?rs?|sizes?|flavou?rs?|styles?|designs?|patterns?)\b)",
        "assorted",
    ),
    (r"(?:(?<=[Ee]ach )|(?<=[Oo]ne )|(?<=[Pp]er )|(?<=\b[Aa] ))cap\.(?= [a-z])", "capsule"),
    (r"(?<=\d )div\.(?= doses?\b)", "divided"),
    (r"(?<![\w.'-])[Ii]nj\.(?= \d)", "injection"),
    (r"(?<![\w.'-])[Aa]mox(?:\.?[/-](?=[Cc]lav)|\.?(?= \d))", "amoxicillin"),
    (
        r"(?<=[Aa]mox/)[Cc]lav\b\.?|(?<=[Aa]mox\./)[Cc]lav\b\.?|(?<=[Aa]mox-)[Cc]lav\b\.?",
        "clavulanate",
    ),
    (r"(?<![\w.'-])[Rr]ev\.(?=:?[ \u00a0](?:\d{1,2}|[A-H])(?![\w:%]|[.,/-]\d))", "revision"),
    (r"(?<![\w.'-])[Ss]ch\.(?= (?:10|40|80)(?!\d))", "schedule"),
    (r"(?<=\d,\d\d\d )rev\.(?=\))|(?<=\d\d )rev\.(?=\))", "reviews"),
    (r"(?<=[Ff]ed\. )R\. Civ\. P\.", "Rule of Civil Procedure"),
    (r"(?<=[Ff]ed\. )R\. Crim\. P\.", "Rule of Criminal Procedure"),
    (r"(?<=[Ff]ed\. )R\. App\. P\.", "Rule of Appellate Procedure"),
    (r"(?<=[Ff]ed\. )R\. Evid\.", "Rule of Evidence"),
    (r"(?<![\w.'-])Fed\.(?= R\. (?:Civ|Crim|App|Evid)\.)", "Federal"),
    (r"(?<=\b1 )cap\.(?=[ ,;])", "capsule"),
    (r"(?<=\d )caps?\.(?=[ ,;])", "capsules"),
    (
        r"(?<![\w.'-])[Mm]tg\.?(?= (?:rates?|loans?|pmt|payments?|interest|brokers?|refi))",
        "mortgage",
    ),
    (r"(?:(?<=1st )|(?<=2nd )|(?<=3rd )|(?<=4th ))Q(?=[,;.) ])", "quarter"),
    (
        r"(?<![\w.'-])[Ee]xc\.(?= (?!VAT|GST|[Tt]ax|delivery|P&P|shipping|postage)[A-Za-z])",
        "except",
    ),
    (r"(?<![\w.'-])[Cc]at\.?(?= [1-5] (?:storm|hurricane|cyclone|typhoon))", "category"),
    (r"(?<![\w.'-])Dir\.(?= (?:19|20)\d\d/)", "directive"),
    (r"(?<=\d )rms\b\.?(?=[ ,;.])", "rooms"),
    (r"(?<=[Ee]st\. )arr\b\.", "arrival"),
    (
        r"(?:(?<=\bbeat )|(?<=\bbeats )|(?<=\bbeating )|(?<=\bmissed )|(?<=\bmissing )"
        r"|(?<=\btopped )|(?<=\btopping )|(?<=\babove )|(?<=\bbelow )|(?<=\bvs )|(?<=\bvs\. ))"
        r"est\.(?=[ \u00a0](?:by|of)\b|[,;)])",
        "estimates",
    ),
    (r"(?<=[Ee]st\. )dep\b\.", "departure"),
    (r"(?<![\w.'-])[Vv]ol\.(?=:?[ \u00a0][$€£¥₹])|(?<=by )vol\b\.?", "volume"),
    (r"(?<![\w.'-])[Dd]ims?\.?(?=:[ \u00a0])", "dimensions"),
    (r"(?:(?<=w/ )|(?<=with ))reg\.", "registration"),
    (r"(?<=[Aa]ll[ -])(?:incl?|inc)\b\.?(?![ \u00a0][a-z])", "inclusive"),
    (r"(?<![\w.'-])[Ff]r\.?(?=[ \u00a0]?(?:US|CA|AU?)?[$€£¥₹₹])", "from"),
    (r"(?:(?<=\d%)|(?<=\d% ))vol\b\.?", "by volume"),
    (r"(?<!opyright )(?<!opyright: )\([cC]\)(?=[ \u00a0]?(?:19|20)\d\d(?!\d))", "copyright"),
    (r"(?<!\w)[cC]/-(?=[ \u00a0])", "care of"),
    (
        r"(?<![\w.'-])(?:[Dd]ep|DEP)\b\.?:?(?=[ \u00a0](?:[A-Z]{3}\b|\d{1,2}[:.]\d\d|\d{4}\b))",
        "departs",
    ),
    (
        r"(?<![\w.'-])(?:[Aa]rr|ARR)\b\.?:?(?=[ \u00a0](?:[A-Z]{3}\b|\d{1,2}[:.]\d\d|\d{4}\b))",
        "arrives",
    ),
    (r"(?:(?<=\bto )|(?<=\bon )|(?<=\blimited )|(?<=\bof ))avail\b\.?", "availability"),
    (r"(?<=\b[Uu]\.S\. )pop\b\.", "population"),
    (r"(?<![\w.'-])(?:[Rr])\.(?=[ \u00a0]?\d{1,2}\([a-z\d]\))", "rule"),
    (r"(?<=\d[ -])(?:lg|lge|lrg)(?=[ \u00a0][a-z])", "large"),
    (r"(?<=\d )sm(?=[ \u00a0][a-z])", "small"),
    (r"(?<=\d )med(?=[ \u00a0][a-z])", "medium"),
    (r"(?<!\w)[Pp][Ww](?=:)", "password"),
    (r"(?<=EPA-)est\.", "estimated"),
    (r"(?:(?<=[Mm]in\. )|(?<=[Mm]inimum )|(?<=[Ii]nitial ))inv\b\.", "investment"),
    (r"(?<![\w.'-])[Rr]ev\.(?=:?[ \u00a0](?:of[ \u00a0])?[$€£¥₹])", "revenue"),
    (r"(?<![\w.'-])[Rr]et\b\.(?=[ \u00a0]\d)", "returns"),
    (r"(?<![\w.'-])Reg\.(?=[ \u00a0](?:19|20)\d\d\b)", "registered"),
    (r"(?<![\w.'-])b\.(?=[ \u00a0](?:1[5-9]|20)\d\d\b)", "born"),
    (r"(?<![\w.'-])d\.(?=[ \u00a0](?:1[5-9]|20)\d\d\b)", "died"),
    (r"(?<=\dth-)c\.|(?<=\d(?:st|nd|rd|th) )[cC]\.(?=[ \u00a0](?:BC|AD|CE))", "century"),
    (r"(?<=[,;] )l\.(?=[ \u00a0]\d)", "line"),
    (r"(?<=[,;] )ll\.(?=[ \u00a0]\d)", "lines"),
    (r"(?<=\d )adv\b\.?(?=[ \u00a0]?[,;/)])", "in advance"),
    (r"(?<!\w)μ(?=[ \u00a0]?[=<>≈±])", "mu"),
    (r"(?<![\w.'-])[Ii]nt\.(?=[ \u00a0]temp)", "internal"),
    (r"(?<![\w.'-])[Bb]us\.(?=[ \u00a0](?:days?|hrs|hours)\b)", "business"),
    (r"(?<![\w.'-])[Bb]kg\.(?=[ \u00a0]check)", "background"),
    (r"(?<![\w.'-])[Aa]dm\.(?=:?[ \u00a0][$€£¥₹\d])", "admission"),
    (r"(?<![\w.'-])[Ss]rs\.?(?=:?[ \u00a0][$€£¥₹])", "seniors"),
    (r"(?<![\w.'-])Exp\.?(?=[ \u00a0]req)", "experience"),
    (r"(?<![\w.'-])[Dd]iv\.(?=:?[ \u00a0][$€£¥₹])", "dividend"),
    (r"(?:(?<=st )|(?<=nd )|(?<=rd )|(?<=th ))Cir\.", "circuit"),
    (r"(?<=\d )d\.(?=[ \u00a0](?:in|at|or|and|to|after|before|from|for|of)\b|[,;)])", "days"),
    (r"(?<=\d )d(?=/wk)", "days"),
    (r"(?<=\d\.\d )t\b(?!\.)", "tons"),
    (r"(?:(?<=\d00)|(?<=\d00[ -]))TC(?!\w)", "thread count"),
    (r"(?<=[Tt]hread-)ct\b\.?", "count"),
    (r"(?<!\w)S/H(?!\w)", "shipping and handling"),
    (r"(?<=\d )(?:reb|rebs)\b(?=[,;.]|$| )", "rebounds"),
    (r"(?<=\d )ast\b(?=[,;.]|$| )", "assists"),
    (r"(?<=[Pp]rime )[–-](?= \d)", "minus"),
    (r"(?<=\d km/h )NW(?!\w)", "northwest"),
    (
        r"(?:(?<=[Ww]atch on )|(?<=[Aa]irs on )|(?<=[Tt]une to )|(?<=[Ll]ive on ))Ch\.(?= \d)",
        "channel",
    ),
    (r"(?<![\w-])k8s(?!\w)", "kubernetes"),
    (r"(?<![\w.'-])[Ss]ub-cl\.", "sub-clause"),
    (r"(?<=\d )[Kk](?=[ \u00a0](?:beds?\b|or \d [QTD]\b))", "king"),
    (r"(?<=\d )Q(?=[ \u00a0](?:beds?\b|or \d [KTD]\b))", "queen"),
    (r"(?<![\w.'-])Mk\.?(?=[ \u00a0](?:\d|[IVX]+\b))", "mark"),
)
_BEGINNINGS = (
    r"1(?=1)|A(?=[Rdlmrst])|B(?=[/aku])|C(?=[./ahilo])|D(?=[Eei])|E(?=[nrx])|F(?=[aer])|I(?=n)"
    r"|K(?=[ \u00a0])|L(?=[tv])|M(?=[ORkot])|N(?=[Wr])|P(?=[Ww])|Q(?=[,;.) \u00a0])|R(?=[.e])"
    r"|S(?=[/cprtuz])|T(?=C)|V(?=o)|W(?=[/k])|Y(?=[Oo])|a(?=[dglmprstv])|b(?=[./aknu])"
    r"|c(?=[./aehlot])|d(?=[./ei])|e(?=[drsx])|f(?=[afr])|h(?=[dorw])|i(?=n)|k(?=[8 \u00a0])"
    r"|l(?=[.glrtvw])|m(?=[aeipt])|n(?=[rt])|o(?=/)|p(?=[./Wckoprtw])|r(?=[.dem])"
    r"|s(?=[/cmprtuz])|t(?!\w)|t(?=a)|v(?=o)|w(?=[/k])|x(?= )|y(?=[Oo])|[(μ–-]"
)
"""How the words begin, with their next sign: the place of a word that begins otherwise is passed
over at once, instead of trying hundreds of them. Nothing is found that would not be without it."""


def every_context() -> str:
    """The pattern of all words, as it would be without the list of their beginnings."""
    words = (f"(?P<w{index}>{pattern})" for index, (pattern, _) in enumerate(_WORDS))
    return f"(?<![A-Za-z])(?:{'|'.join(words)})"


CONTEXTS = re.compile(f"(?<![A-Za-z])(?={_BEGINNINGS}){every_context()}")


_LAST = (
    "and following",
    "inclusive",
    "availability",
    "by volume",
    "population",
    "registration",
    "volume",
    *("month", "registered", "per month"),
    *("returns", "insurance", "holidays", "included", "weekdays", "weekends"),
    *("experience", "manual", "pair", "pack", "appointment", "interest", "patients", "denier"),
)


def _word(match: re.Match[str]) -> Token:
    words = _WORDS[int((match.lastgroup or "w0")[1:])][1]
    ends = (
        words in _LAST
        and match[0].endswith(".")
        and stop_ends_sentence(match.string, match.end() - 1)
    )
    return token(match, "abbreviation", words, end=match.end() - ends)


RULES = (Rule(CONTEXTS, _word),)
