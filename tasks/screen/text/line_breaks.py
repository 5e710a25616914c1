"""Where no line of a caption may break: inside words of Chinese, and inside what is read as one.

Chinese is written without spaces; a small model of its characters tells where words begin, and two
dictionaries where they do not.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from typing import Protocol

from model.speech.hanzi.traditional import simplified
from tasks.reading.english.reader import english_tokens
from tasks.reading.languages import Language
from tasks.reading.mandarin.reader import mandarin_tokens
from tasks.reading.tokens import Token
from tasks.screen.text.figures import places_in_figures

_READERS: Mapping[Language, Callable[[str], tuple[Token, ...]]] = MappingProxyType(
    {"en": english_tokens, "zh": mandarin_tokens}
)
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_SHORT_RUN = 2  # a run of two characters is one
_DIGITS = "一二三四五六七八九十百千万亿两几半零"
_NUMERAL = re.compile(rf"第?(?:[{_DIGITS}]+分之)?[{_DIGITS}]+(?:点[{_DIGITS}]+)?")
# dates, times, periods: their parts are read one by one, and belong together
_TOGETHER: Mapping[Language, re.Pattern[str]] = MappingProxyType(
    {
        "en": re.compile(
            r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Fig|Vol|Rev|Sgt|Capt|Ext|ext|Apt|Ste|Rm)\. \w"
            r"|\b\d{1,5} [NSEW]\. \d|\b(?:Gen|Mark|Type|Size|Room|Gate|Flight) \d"
        ),
        "zh": re.compile(
            r"\d+年\d+月(?:\d+[日号])?|\d+月\d+[日号]"
            r"|\d{1,2}[点时]\d{1,2}分?"
            r"|(?:星期|礼拜|周)[一二三四五六日天]|\b(?:Gen|Mark|Pro|Type) (?:\d|Max\b)"
            r"|(?:上午|下午|早上|晚上|中午|凌晨|傍晚|今晚|周|星期|第|约|共)\d+[\u3400-\u9fff]?|[\d%][\u3400-\u9fff]"
            r"|[A-Za-z]\d|\d[A-Za-z]|个半?(?:小时|月|星期|季度|世纪|钟头)"
        ),
    }
)
_TRADITIONAL = re.compile(r"[們這個時國會說對學來後點開關門車長東電話請將買賣為麼還讓價錢員]")
_WORDS = re.compile(
    "直播间|试衣间|更衣间|样板间|卫生间|洗手间|粉丝|主播|充电宝|充电器|扫地机器?人?|机器人|洗碗机|"
    "洗衣机|投影仪|净水器|加湿器|除湿机|电饭煲|电饭锅|养生壶|保温杯|行车记录仪|数据线|耳机|蓝牙|"
    "小程序|公众号|朋友圈|购物车|收藏夹|优惠券|满减券|代金券|红包|旗舰店|专卖店|体验店|连锁店|"
    "门店|下单|立减|客服|包邮|秒杀|团购|预售|定金|尾款|保质期|说明书|二维码|验证码|快递|物流|退货|换货|"
    "七天无理由|面膜|精华液|防晒霜|口红|粉底液|卫衣|羽绒服|牛仔裤|运动鞋|连衣裙|双十一|双十二|"
    "短视频|小黄车|带货|种草|盲盒|抖音|快手|微博|小红书|淘宝|京东|拼多多|支付宝"
)
"""Words of shops that neither the model nor the dictionaries know."""
_OFFERS = re.compile("下单|立减")
"""Of these, verbs before which a line may always break: the dictionary reads 前|下|单立|减."""
# a line does not begin with a particle, and does not end with a word that needs the next
_NEVER_FIRST = frozenset("的了着过吗呢吧啊们里地得么嘛呀哦等著過嗎們裡麼上下中内外前后後")
_ALONE = frozenset(
    "在到从從与與和及或将將把被给給对對为為让讓比按请請即可已均共含另又也都就才再有无無是用他她我你您起"
)
"""Words of one character with which a run of characters begins."""
_NEEDS_NEXT = frozenset("从從到在把将將被给給对對为為向往由与與跟和及或至让讓按比")
"""Words of one character that say something of the next: no line ends with them."""
_NEVER_LAST = frozenset("全不没沒很太最更再每第各这那這某超约約近仅僅只还還可")


def unbroken(text: str, language: Language) -> frozenset[int]:
    """Indices of ``text`` before which no line may begin."""
    inside = set(unbroken_figures(text, language))
    for match in _TOGETHER[language].finditer(text):
        inside.update(range(match.start() + 1, match.end()))
    if language == "zh":
        for match in _HAN_RUN.finditer(text):
            starts = {match.start() + start for start in _word_starts(match[0])}
            inside.update(set(range(match.start() + 1, match.end())) - starts)
    return frozenset(inside)


def unbroken_figures(text: str, language: Language) -> frozenset[int]:
    """Those inside what is read as one, where a line rather begins inside a word."""
    inside = {
        index for token in _READERS[language](text) for index in range(token.start + 1, token.end)
    }
    if language == "zh":
        inside.update(places_in_figures(text))
    return frozenset(inside)


def _word_starts(run: str) -> set[int]:
    """Where words begin in a run of Han characters, but for its first; numbers keep their units."""
    starts: set[int] = set()
    if len(run) <= _SHORT_RUN:
        return starts
    start = 0
    for chunk, following in pairwise(_parser(bool(_TRADITIONAL.search(run))).parse(run)):
        start += len(chunk)
        if (start == 1 and chunk not in _ALONE) or start == len(run) - 1:
            continue  # 抖|音, 发动|机: hardly a word of its own
        if chunk not in _NEVER_LAST and following[0] not in _NEVER_FIRST:
            starts.add(start)
    starts.difference_update(_inside_words(run))
    for match in _WORDS.finditer(run):
        starts.difference_update(range(match.start() + 1, match.end()))
    for match in _OFFERS.finditer(run):
        if match.start() and run[match.start() - 1] not in _NEVER_LAST:
            starts.add(match.start())
    for match in _NUMERAL.finditer(run):
        starts.difference_update(range(match.start() + 1, match.end() + 1))
        if len(match[0]) > 1:
            starts.add(match.start())
    return starts


def _inside_words(run: str) -> set[int]:
    """Places inside words that a dictionary has: the model parts 说|明书 and 皮|肤明显."""
    import rjieba
    from pypinyin.seg.mmseg import seg

    inside: set[int] = set()
    read = simplified(run)
    for words in (rjieba.cut(read, hmm=False), seg.cut(read)):  # the second's are pronunciations
        start = 0
        for word in words:
            inside.update(range(start + 1, start + len(word)))
            start += len(word)
    return inside | _behind_prepositions(read)


def _behind_prepositions(read: str) -> set[int]:
    """Places behind 从, 到, 把 and the like, where these are words of their own."""
    import rjieba

    places: set[int] = set()
    start = 0
    for word in rjieba.cut(read, hmm=False):
        start += len(word)
        if word in _NEEDS_NEXT:
            places.add(start)
    return places


class _Parser(Protocol):
    def parse(self, sentence: str) -> list[str]: ...


@cache
def _parser(is_traditional: bool) -> _Parser:
    import budoux

    if is_traditional:
        return budoux.load_default_traditional_chinese_parser()
    return budoux.load_default_simplified_chinese_parser()
