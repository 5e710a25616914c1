"""Figures of a Chinese text that no line of a caption parts: times, dates, prices, addresses. Pure.

Their parts are read one by one (上午 | 10点30分), and belong together.
"""

import re
from collections.abc import Iterator

from model.speech.hanzi.traditional import simplified

_NUMBER = r"\d+(?:[.,]\d+)*"
_DIGITS = "[零〇一二三四五六七八九十百千万亿两几半]"
_UNIT = (
    "(?:个(?:半|工作日|小时|月|星期|季度|世纪|钟头|人)?|小时|分钟|单元|号楼|公里|平方?米?|工作日|航站楼|"
    "[年月日号点时分秒天晚夜周室厅卫房栋幢座楼层期区弄巷块毛角元米万千百季集章岁吨斤两寸尺度折件人位名])"
)
_PART_OF_DAY = "(?:上午|下午|早上|晚上|中午|凌晨|傍晚|清晨|深夜|夜间)"
_DAY = (
    f"(?:{_PART_OF_DAY}|今晚|今早|明早|明晚|今天|明天|次日|当天|每天|"
    "(?:周|星期|礼拜)[一二三四五六日天末]|[早晚])"
)
_WHOLE = tuple(
    re.compile(pattern)
    for pattern in (
        # 上午10点30分, 周六19:30, 下午三点四十五分, 早上9:00-11:30
        rf"{_DAY} ?(?:\d{{1,2}}(?:[点时](?:\d{{1,2}}分?|半|整)?|[:：]\d\d))",
        rf"{_PART_OF_DAY} ?{_DIGITS}{{1,3}}[点时](?:{_DIGITS}{{1,4}}分?|整)?",
        r"(?:周|星期|礼拜)[一二三四五六日天末](?:[至到](?:周|星期|礼拜)?[一二三四五六日天末])?",
        rf"{_DIGITS}{{4}}年{_DIGITS}{{1,2}}月(?:{_DIGITS}{{1,3}}[日号])?|{_DIGITS}{{1,2}}月{_DIGITS}{{1,3}}[日号]",
        rf"{_DIGITS}+块{_DIGITS}|{_DIGITS}+[多余来]?[块元]",
        # 3室2厅, 9块9, 2小时30分钟, 88号3栋2单元501室, 12月24日至26日, 3至5个工作日
        rf"{_NUMBER}{_UNIT}?(?:[至到]?{_NUMBER}{_UNIT}?)*(?:半|整|多|余)?",
        r"\d+[点时]半",
        r"\d(?:个半|多万|[余多][\u4e00-\u9fff])",
        # 满300减50, 每人128元, 99元/人
        rf"[满买拍付充]{_NUMBER}{_UNIT}?[减送返赠得抵享免]{_NUMBER}{_UNIT}?",
        rf"每[人位份件天晚月年平次]{_NUMBER}[元块]?",
        rf"{_NUMBER}[元块]?/[\u4e00-\u9fff]",
        r"(?:第\d+[季集章节期课关回])+",
        r"第\d+件半价|第\d+[件杯][\d.]+折",
        rf"(?:[¥￥$€£]|HK\$|NT\$|US\$) ?{_NUMBER}[万千百亿]?元?",
        # 中山北路1200号5楼, A座1203室, 地铁2号线, T2航站楼
        r"[\u4e00-\u9fff]{1,4}(?:大道|[路街道巷])\d+[号弄](?:\d+(?:单元|号楼?|[楼层室栋幢弄]))*",
        r"[A-Za-z]座?\d+[室楼号区栋座馆厅门口]?",
        r"\d+(?:楼|层)[A-Z]区?",
        r"(?:地铁|公交|高铁)?\d+号?[线路]",
        r"[A-Z]{1,2}\d+(?:航站楼|次列车|航班|次|号线)",
        r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z][·]?[A-Z\d]{5,6}",
        rf"{_NUMBER}(?:[a-zA-Z]{{1,2}}|米|厘米|毫米) ?[×xX*] ?{_NUMBER}",
        # 138 1234 5678
        r"\d{3,4}[ -]\d{3,4}[ -]\d{3,4}",
    )
)


def places_in_figures(text: str) -> Iterator[int]:
    """Indices of ``text`` inside a figure: each pattern looks at the whole text."""
    plain = simplified(text)
    for pattern in _WHOLE:
        for match in pattern.finditer(plain):
            yield from range(match.start() + 1, match.end())
