"""Readings of a character of several that no word covers, where a word list has a rarer one. Pure.

A list gives a character alone the reading that comes first in a dictionary, which may be that of an
old book (掺 can4, 尽 jin3) or of one word (勒 lei1, 茄 jia1). These are the readings that most such
characters have in running text, names and brands among them.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

_READINGS = (
    "长chang2 薄bao2 炸zha2 脏zang1 弹tan2 缝feng2 铺pu1 教jiao1 切qie1 "
    # verbs, measures and things
    "掺chan1 幢zhuang4 杠gang4 拽zhuai4 茄qie2 琢zhuo2 椎zhui1 泊bo2 佛fo2 煞sha4 伺si4 尽jin4 "
    "脯fu3 挣zheng4 晃huang4 龈yin2 丧sang1 靓liang4 舍she4 帖tie3 蛤ge2 剥bao1 削xiao1 "
    "炔que1 仆pu2 藉jie4 俟si4 "
    # names of people and places
    "艮gen4 晟sheng4 剌la4 町ting3 掖ye4 阆lang4 翟zhai2 缪miu4 勒le4 媛yuan2 什shi2 卜bu3 肖xiao1 "
    "杓shao2 耶ye1 隽jun4 覃qin2 纥he2 鹄hu2 芾fu2 "
    # at the end of a sentence
    "哦o5 喔o5 咯lo5 哟yo5 哩li5"
)
_ALONE: Mapping[str, str] = MappingProxyType(
    {entry[0]: entry[1:] for entry in re.findall(r"\S+", _READINGS)}
)


def alone(sign: str) -> str | None:
    """The reading of a character that is a word of its own, where a word list has another."""
    return _ALONE.get(sign)
