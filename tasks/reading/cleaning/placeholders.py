"""Places in a text that nobody filled in, and remarks that are not meant to be spoken. Pure."""

import re
from collections.abc import Iterator

from tasks.reading.cleaning.draft import Draft
from tasks.reading.flaws import MOST_FLAWS, Flaw

_FIELD = frozenset(
    """
    account address age amount author birthday brand business city code company contact count
    country coupon customer date day deadline description discount email event field first
    firstname full fullname here hour insert item job last lastname link location manager minute
    month name nickname number offer order person phone place position price product
    quantity recipient role salutation sender seller signature store surname team text tbd time
    title todo topic total url user username value variable week year your xx xxx
    """.split()  # noqa: SIM905  a list of words is easier to read without quotes
)
_DIRECTIONS = frozenset(
    """
    applause beat breath breathes chuckles clears coughs crying curious cut excited fade gasps
    giggles groans inaudible intro laughing laughs laughter music outro pause sad scene
    shouting sighs silence singing smiles sniffs sound whispering whispers yawns
    """.split()  # noqa: SIM905  likewise
)
_NAME = r"[A-Za-z_\u3400-\u9fff][\w .:|'/-]{0,60}"
_TEMPLATE = re.compile(
    r"\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}|<%[^<>\n]*%>|<<[^<>\n]{1,60}>>|\[\[[^\[\]\n]{1,60}\]\]"
    r"|\$\{[^{}\n]*\}|#\{[^{}\n]*\}|@\{[^{}\n]*\}|\$\([A-Za-z_]\w*\)|%\([A-Za-z_]\w*\)[sdifr]"
    r"|(?<![A-Za-z0-9_%])%[A-Za-z_][A-Za-z0-9_]*%(?![A-Za-z0-9_%])|(?<![\w#])##?[A-Z][A-Z0-9_]+##?(?!\w)(?<=#)"
    r"|%%[A-Za-z_][\w ]{0,40}%%|(?<![A-Za-z0-9_%])%(?:\d{1,2}\$)?[sd](?![A-Za-z0-9_])"
    r"|(?<![A-Za-z0-9_%])%[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+%(?![A-Za-z0-9_%])|(?<!\S)%@(?!\S*\w)"
    r"|\{![A-Za-z_][\w.]*\}|(?<![\w#])##[A-Za-z_]+##(?![\w#])|\|\|[A-Z][A-Z_]+\|\|"
    r"|(?<![\w@])@(?:Model|ViewBag|User|Customer)\.[A-Z]\w*|\"\s?&\s?\$?[A-Z]{1,2}\$?\d{1,5}\s?&\s?\""
    r"|\*\|[A-Z_:]+\|\*|«[A-Za-z][A-Za-z0-9]*_?\w*»"
    r"|\{[A-Za-z_][\w.]*[ ]?\|[^{}\n]{0,60}[\"':(][^{}\n]{0,60}\}"
    r"|\{[A-Za-z_][\w.]*,[ ]?(?:[a-z]+=|(?:plural|select|selectordinal|number|date|time)\b)"
    r"[^{}\n]{0,80}\}"
)
_FRAMED = re.compile(
    r"@@([A-Za-z_]\w*)@@|(?<![A-Za-z0-9_#])#([a-z][a-z_]*)#(?![A-Za-z0-9_#])"
    r"|(?<![A-Za-z0-9_])__([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)__(?![A-Za-z0-9_])"
    r"|(?<![\w@])@([A-Za-z_]+)@(?![\w@])|(?<![\w~])~([A-Za-z_]+)~(?![\w~])"
    r"|(?:(?<=\s)|^):([a-z_]+)(?![\w:-])"
)
# as a person writes it who sends the text to somebody who fills it in
_GREETED_FIELD = re.compile(
    r"\b(?i:dear|hello|hi|hey|welcome|thanks|thank you)[ ,]{1,2}\((?i:(?:first |last |full |your |"
    r"customer |client |user )?name)\)"
    r"|(?:亲爱的|尊敬的|[您你]好[，,]?)[ ]?[（(#](?:客户|用户|您的|顾客|会员|学员)?"
    r"(?:姓名|名字|昵称|称呼)[)）#]"
)
_CHAT_MARK = re.compile(
    r"<[@#!][A-Za-z0-9|_.^-]{2,40}>|<a?:\w{2,32}:\d{5,20}>"  # of Slack and Discord
    # of language models
    r"|<\|[A-Za-z_][A-Za-z0-9_: -]{0,30}\|>|【\d{1,3}(?::\d{1,3})?†[^】\n]{0,40}】"
    r"|:contentReference\[oaicite:\d+\](?:\{index=\d+\})?"
    r"|[\ue200-\ue20f]?(?:cite|navlist|image_group)?[\ue200-\ue20f]?\bturn\d{1,2}(?:search|news|view|image|fetch|product)\d{1,3}[\ue200-\ue20f]?"
    r"|(?:cite)(?:turn\d{1,2}(?:search|news|view|image|fetch|product)\d{1,3})+"
    r"|//@[^\s:：]{1,30}[:：]|(?<![A-Za-z])O网页链接|(?:展开|收起)全文[a-z]?(?=\s|$)"  # of Weibo
)
_CHAT_EMOJI = re.compile(
    r"\[(?:doge|微笑|撇嘴|色|发呆|得意|流泪|害羞|闭嘴|睡|大哭|尴尬|发怒|调皮|呲牙|惊讶|难过|酷|囧|抓狂|吐|偷笑|愉快|可爱|白眼"
    r"|傲慢|困|惊恐|憨笑|悠闲|奋斗|咒骂|疑问|嘘|晕|衰|骷髅|敲打|再见|擦汗|抠鼻|鼓掌|坏笑|左哼哼|右哼哼|哈欠|鄙视|委屈|快哭了"
    r"|阴险|亲亲|可怜|菜刀|西瓜|啤酒|咖啡|猪头|玫瑰|凋谢|嘴唇|爱心|心碎|蛋糕|炸弹|便便|月亮|太阳|拥抱|强|弱|握手|胜利|抱拳|勾引"
    r"|拳头|OK|捂脸|奸笑|机智|皱眉|耶|吃瓜|加油|汗|天啊|社会社会|旺柴|好的|打脸|哇|红包|發|福|烟花|爆竹|庆祝|礼物|裂开|苦涩"
    r"|叹气|让我看看|666|翻白眼|心|赞|笑cry|允悲|二哈|喵喵|抱抱|摊手|跪了|作揖|嘻嘻|哈哈|给力|蜡烛|比心|话筒|送花花|飞吻)\]"
)
_CUE_MARK = re.compile(
    r"\{\\[a-zA-Z0-9]+[^{}\n]{0,80}\}|(?<=\w)\\[Nh](?=\w)|<\d{1,2}:\d{2}(?::\d{2})?[.,]\d{1,3}>"
)
_EMOJI_NAME = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]{1,30}:(?![\w:])")
_CLASSES = re.compile(r"\{[.#:][A-Za-z][\w.#: =\"-]{0,60}\}")
_LATEX = re.compile(
    r"\\[A-Za-z]{2,20}(?:\[[^\[\]\n]{0,40}\])?\{[^{}\n]{0,80}\}"
    r"|(?<![\w$])\$(?=[^\s$\d])[^$\n]{0,60}[\\^_{][^$\n]{0,60}(?<=[^\s$])\$(?![\w$])"
)
_BRACES = re.compile(rf"\{{(\d*|{_NAME})\}}")
_BRACKETS = re.compile(r"[\[［]([^\[\]［］\n]{0,80})[\]］]")
_KEYS = re.compile(
    r"(?:(?:Ctrl|Alt|Shift|Cmd|Win|Fn|Option)[ +-]*)*(?:Enter|Esc|Escape|Tab|Space|Backspace"
    r"|Delete|Del|"
    r"Return|Home|End|Ctrl|Alt|Shift|Cmd|Win|Fn|Option|F\d{1,2}|OK|Start|Power|Play|Stop|Menu|[A-Z])"
)
"""Keys of keyboards and remote controls: press [Enter]."""
_ANGLES = re.compile(rf"(?<![\w<])<({_NAME})>")
_BLANK = re.compile(r"_{3,}|[（(][ \u3000]{0,9}[)）]|(?:[?？]{2,}|\*{2,})(?=[元块折])")
_SHORTENED = re.compile(
    r"(?<![\w.])\d(?:\.\d+)?E[+-]\d{2,3}(?![A-Za-z0-9])(?=[\u3400-\u9fff，。；！]|$)"
)
_PROMPT = re.compile(
    r"[（(【\[](?:请?在?(?:此处|这里|此))(?:插入|填写|补充|替换|输入|添加|写)[^\n，。！？)）】\]]{0,16}[)）】\]]"
    r"|此处插入[^\n，。！？]{0,16}"
    r"|[（(【\[](?:待[定补填写]|待补充|待填写|待确认|待更新|略|同上|TBD|TBC)[)）】\]]"
)
_REMARKS = frozenset(
    (
        "citation needed",
        "source needed",
        "clarification needed",
        "who?",
        "when?",
        "which?",
    )
)
_WORDS = re.compile(r"[A-Za-z]+")
_EMPTY_VALUE = re.compile(
    r"#(?:REF!|NAME\?|VALUE!|N/A|DIV/0!|NUM!|NULL!|SPILL!|CALC!)|\[object Object\]"
    r"|(?<!\w)Err:5\d\d(?!\d)"
    r"|(?<![\w/])N/A(?![\w/])|(?<![\w.])NaN(?![\w.]\w)|\(null\)"
    r"|(?<=[A-Za-z,:] )NULL(?=[ ,.!?]*(?:$|[a-z]))"
)
_GREETED = re.compile(
    r"\b(?i:dear|hello|hi|hey|welcome|welcome back|thanks|thank you|congratulations|good morning|"
    r"good evening|mr\.?|mrs\.?|ms\.?|for only|for just|only|costs?|price:?|priced at|at|total:?|"
    r"save|[\w ]{1,20}[:=])[ ,]+[$€£¥]?(nan|None|null|undefined|nil)\b(?=[ %]?[.,!?;%]|\s*$"
    r"|[ ](?:dollars|euros|pounds|percent|days|items|points|off)\b)"
    r"|[$€£¥](?:nan|None|null|undefined)\b|\b(?:nan|None|null|undefined)%"
    r"|(?<=[\u3400-\u9fff，：])(?:nan|NaN|None|null|NULL|undefined)(?=[\u3400-\u9fff，。！]|$)"
)
_ESCAPED = re.compile(
    r"(?<=[A-Za-z])%(?:20|21|22|27|2C|3A|3F|0A|0D|E2%80%9[0-9A-F])(?=[A-Za-z ]|$)"
    r"|\A[A-Za-z]+(?:\+[A-Za-z]+){3,}[.!?]?\s*\Z"
)
_LONGEST_ADDRESS = 300
_TODO = re.compile(
    r"(?<![A-Za-z0-9_])(?:TODO(?! lists?\b)|FIXME|TKTK)[:： ]|(?<![A-Za-z0-9])XXX+(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])[Xx×]{2,}(?=公司|先生|女士|老师|同学|品牌|路|市|省|有限|，您|您|元|块|折|年|月|日|点|岁|个|件)"
)
_VARIABLE = re.compile(r"(?<![A-Za-z0-9_])\$([A-Za-z_][A-Za-z0-9_]*)")
_MANDARIN_FIELD = re.compile(
    r"【(?:客户|用户|您的)?(?:姓名|名字|称呼|昵称|公司(?:名称?)?|日期|时间|地点|地址|电话|手机号?|产品(?:名称?)?"
    r"|用户名|金额|数量|编号|订单号|验证码|链接)】"
)
_STRUCK = re.compile(
    r"(?<![\w~])~~(?=[^\s~])(?:[ -}]{1,80}|"
    r"[^~\n\d]{0,20}\d[^~\n]{0,40})(?<=[^\s~])~~(?![A-Za-z0-9_~])"
)
_FILL_IN = "fill it in, or write the words that are to be spoken"
_NO_FIELD = "fill it in; if these words are to be spoken, write them without the {}"


def placeholder_flaws(draft: Draft) -> Iterator[Flaw]:
    """Everything in the text that a person must fill in, decide or remove, in order."""
    found: dict[int, Flaw] = {}
    taken: list[tuple[int, int]] = []
    for pattern, judge, signs in _KINDS:
        if not any(sign in draft.text for sign in signs):
            continue
        for match in pattern.finditer(draft.text):
            if len(found) >= MOST_FLAWS:
                break
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            told = judge(match)
            if told:
                rule, way_out = told
                taken.append(match.span())
                shown = match[0].strip()
                found[match.start()] = Flaw(
                    shown, f"{rule} ({draft.place(match.start())})", way_out
                )
    for _, flaw in sorted(found.items()):
        yield flaw


def names_field(name: str) -> bool:
    """Whether a word in capitals is the name of a field: ``NAME``, ``FIRST_NAME``."""
    return name.isupper() and ("_" in name or name.lower() in _FIELD)


_Told = tuple[str, str] | None


def _template(match: re.Match[str]) -> _Told:
    del match
    return "is a placeholder that was not filled in", _FILL_IN


def _variable(match: re.Match[str]) -> _Told:
    words = [word.lower() for word in _WORDS.findall(match[1].replace("_", " "))]
    if "_" in match[1] or any(word in _FIELD for word in words):
        return "is a placeholder that was not filled in", _FILL_IN
    return None


def _framed(match: re.Match[str]) -> _Told:
    """``@@anything@@``; ``#name#``, but no tag that a person wrote (``#summer#``)."""
    name = next((group for group in match.groups()[1:] if group), "")
    words = _WORDS.findall(name.replace("_", " ").lower())
    if match[1] or "_" in name or any(word in _FIELD for word in words):
        return "is a placeholder that was not filled in", _FILL_IN
    return None


def _emoji_name(match: re.Match[str]) -> _Told:
    """``:smile:``, but no hours of a list (``:30:``), which have no letters."""
    del match
    return "is an emoji as chat programs write it", "remove it"


def _chat_mark(match: re.Match[str]) -> _Told:
    del match
    return "is a mark that a chat program left", "remove it"


def _cue_mark(match: re.Match[str]) -> _Told:
    del match
    return "is a mark of subtitles", "remove it"


def _classes(match: re.Match[str]) -> _Told:
    del match
    return "is a mark of a page's layout", "remove it"


def _latex(match: re.Match[str]) -> _Told:
    del match
    return "is written in LaTeX", "write it in words"


def _struck(match: re.Match[str]) -> _Told:
    del match
    return "is struck out", "remove it, or write it without ~~"


def _braces(match: re.Match[str]) -> _Told:
    """A single name, or words that name a field; ``{not a placeholder}`` is left alone."""
    inner = match[1].strip()
    words = _WORDS.findall(inner.replace("_", " "))
    is_name = " " not in inner or not inner.isascii()
    if is_name or any(word.lower() in _FIELD for word in words):
        return "is a placeholder that was not filled in", _NO_FIELD.format("braces")
    return None


def _brackets(match: re.Match[str]) -> _Told:
    inner = match[1].strip()
    if _KEYS.fullmatch(inner):
        return None
    words = [word.lower() for word in _WORDS.findall(inner.replace("_", " "))]
    if inner[:1] in "/^" or "=" in inner or inner.lower() in ("b", "i", "u", "url", "quote"):
        return "is a mark of a forum or a wiki", "remove it"
    if inner.lower() in _REMARKS:
        return "is a remark of an editor, which is not to be spoken", "remove it"
    if inner.isdecimal():
        return "is the mark of a footnote", "remove it"
    is_manner = len(words) == 1 and bool(re.fullmatch("[a-z]{3,}ly", inner)) and inner != "family"
    if words and (
        is_manner
        or words[0] in _DIRECTIONS
        or (len(words) == 1 and words[0].rstrip("s") in _DIRECTIONS)
    ):
        return (
            "is a direction, which is not to be spoken",
            "remove it; for silence write [pause 0.8s]",
        )
    is_field = any(word in _FIELD for word in words) or "_" in inner
    has_capital = any(sign.isupper() for sign in inner[:1])
    if is_field or has_capital or not inner or any("\u3400" <= sign <= "\u9fff" for sign in inner):
        return "looks like a placeholder that was not filled in", _NO_FIELD.format("brackets")
    return None


def _angles(match: re.Match[str]) -> _Told:
    del match
    rule = "is neither a mark that is known nor a placeholder that was filled in"
    return rule, _NO_FIELD.format("angle brackets")


def _blank(match: re.Match[str]) -> _Told:
    del match
    return "is a blank that was not filled in", _FILL_IN


def _empty(match: re.Match[str]) -> _Told:
    del match
    return "is what a program writes where there is no value", _FILL_IN


def _shortened(match: re.Match[str]) -> _Told:
    """1.23E+05元, as a spreadsheet shows a number that its column is too narrow for."""
    del match
    return "is a number as a spreadsheet shortens it", "write all of its digits"


def _escaped(match: re.Match[str]) -> _Told:
    left = re.split(r"\s", match.string[max(0, match.start() - _LONGEST_ADDRESS) : match.start()])[
        -1
    ]
    if "/" in left or "." in left:
        return None
    if match[0] != "%20":
        return "is text as addresses write it", "write it with spaces and signs"
    return "is a space as addresses write it", "write a space"


def _todo(match: re.Match[str]) -> _Told:
    del match
    return "says that the script is not finished", _FILL_IN


_KINDS = (
    (_LATEX, _latex, ("\\", "$")),
    (_TEMPLATE, _template, (*tuple("{<[«%#@"), "$(", "*|", "||", "&")),
    (_EMPTY_VALUE, _empty, ("#", "[o", "Err:", "N/A", "NaN", "NULL", "(null)")),
    (_GREETED, _empty, ("nan", "None", "null", "undefined", "nil")),
    (_VARIABLE, _variable, ("$",)),
    (_FRAMED, _framed, ("@", "#", "__", "~", ":")),
    (_GREETED_FIELD, _template, ("(", "（", "#")),
    (_CHAT_EMOJI, _emoji_name, ("[",)),
    (_CHAT_MARK, _chat_mark, ("<", "†", "oaicite", "turn", "//@", "网页链接", "全文")),
    (_CUE_MARK, _cue_mark, ("\\", "<")),
    (_EMOJI_NAME, _emoji_name, (":",)),
    (_CLASSES, _classes, ("{.", "{#", "{:")),
    (_MANDARIN_FIELD, _template, ("【",)),
    (_STRUCK, _struck, ("~~",)),
    (_BRACES, _braces, ("{",)),
    (_BRACKETS, _brackets, ("[", "［")),
    (_ANGLES, _angles, ("<",)),
    (_BLANK, _blank, ("__", "(", "（", "??", "？？", "**")),
    (_SHORTENED, _shortened, ("E+", "E-")),
    (_PROMPT, _todo, ("此", "这里", "待", "略", "同上", "TB")),
    (_ESCAPED, _escaped, ("%2", "%3", "%0", "%E2", "+")),
    (_TODO, _todo, ("TODO", "FIXME", "TKTK", "XX", "xx", "××")),
)
"""A pattern, what is said of a match, and what a text holds that has one: searched for first."""
