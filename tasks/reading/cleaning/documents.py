"""Texts that are no script at all: empty values of programs, subtitles, data, tables. Pure."""

import re

from tasks.reading.cleaning.draft import Draft
from tasks.reading.cleaning.speakers import speaker_labels
from tasks.reading.flaws import Flaw

_NOTHING = re.compile(
    r"(?i:nan|nat|none|null|nil|n/a|#?n/a|<na>|undefined|\(null\)|\[object object\])"
    r"|#(?:REF!|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!|#+)|-+|—+|N\.A\.|NA|TRUE|FALSE|True|False|true|false|/+|无|没有|空"
)
_UNWRITTEN = re.compile(
    r"(?i:todo|tbd|tbc|fixme|tktk|x{3,}|placeholder|(?:your |insert |add )?(?:script|copy) here"
    r"|(?:your |insert |add )?text here|to be (?:written|done|decided|confirmed))[ .!:…]*"
    r"|待定|待补充|待填写|暂无|请?(?:在?(?:此处|此|这里))?(?:填写|输入)(?:您的)?(?:文字|文本|内容|脚本|文案|台词|口播稿?)"
    r"|[单点]击此处(?:添加|编辑|输入)\w{0,12}|(?:示例|样例|占位|测试)(?:文本|文字|脚本|文案|内容)|(?:此处|在此)(?:填写|输入)\w{0,4}"
)
_CUE_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?[,.]\d{1,3}[ \t]*-+>[ \t]*\d{1,2}:\d{2}")
_SUBTITLES = re.compile(r"\A\ufeff?WEBVTT\b|^Dialogue: ?\d+,\d+:\d{2}:\d{2}", re.MULTILINE)
_LYRICS_TIME = re.compile(r"^[ \t]{0,8}\[\d{1,2}:\d{2}[.:]\d{1,3}\]", re.MULTILINE)
_LINE_TIME = re.compile(
    r"^[ \t]{0,8}(?:[\[(]\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?[\])]|\d{1,2}:\d{2}:\d{2}"
    r"|\d{1,2}:\d{2}(?=[ \t]*\n))(?=\s)",
    re.MULTILINE,
)
_DATA = re.compile(
    r"\A\s*\"?(?:\{\s*\\?[\"'][^\"'\n]*[\"']\s*:|\[\s*(?:[\"'{]|\d+\s*,))[\s\S]*[\]}]\"?\s*\Z"
)
_FIELD_OF_DATA = re.compile(
    r"\A\s*(?:-[ ]+(?:script|text|narration|voice_?over|content|dialogue|say)|"
    r"\"(?:script|text|narration|voice_?over|content|dialogue|say)\""
    r"|(?:script|text|narration))[ ]?:[ ]"
)
_CHAT = re.compile(
    r"\A\s*(?:(?i:sure|certainly|of course|absolutely|great|got it)(?i:[ ]thing)?[!,.]\s+)?"
    r"(?i:here(?:['’]s|[ ]is|[ ]are)|below[ ]is)[ ](?:\w{1,20}[ -]){0,8}?"
    r"(?i:(?:script|voice-?over|narration|rewrite)\b[^\n.!?:]{0,60}:"
    r"|(?:version|draft|copy|caption|translation)\b[^\n.!?:]{0,60}:(?=\s{0,9}(?:\n|[\"“])))"
    r"|(?i:\bas an ai (?:language )?model\b|\blet me know if you(?:(?:['’]d| would) like| want) "
    r"(?:me to )?(?:any )?(?:changes|adjust|tweak|revis|shorten|modif|edit|another)\w*"
    r"|\bwould you like me to (?:shorten|rewrite|adjust|tweak|translate|revise|make (?:it|this)"
    r" (?:shorter|longer|more|less))\b)"
    r"|\A\s*(?:好的|当然(?:可以)?|没问题)?[，,！!。]?\s{0,9}(?:以下|这|下面)(?:就)?是[^。！？\n]{0,24}"
    r"(?:(?:脚本|文案|口播稿?|旁白|台词)[^。！？\n]{0,12}[：:]|版本[：:](?=\s{0,9}(?:\n|[“\"])))"
    r"|如需(?:修改|调整|其他(?:版本|风格))[^。！？\n]{0,12}(?:告诉我|告知我|随时说)"
    r"|作为一个?(?:AI|人工智能)(?:语言)?(?:模型|助手)"
)
_FIRST_SECOND = re.compile(
    r"\A\s*(?:0?0:[0-5]\d(?:[.,]\d{1,3})?|[\[(]0?\d:[0-5]\d(?::[0-5]\d)?[\])])[ \t]+"
    r"(?=[^\W\d_]|[\"'“‘])"
)
_TABLE = re.compile(
    r"^[ \t]{0,8}\|?[ \t]{0,8}:?-{2,}:?[ \t]{0,8}(?:\|[ \t]{0,8}:?-{2,}:?[ \t]{0,8})+\|?[ \t]{0,8}$"
    r"|^[ \t]{0,8}\|[^\n|]*\|[^\n]*\|[ \t]{0,8}$",
    re.MULTILINE,
)
_FORMULA = re.compile(
    r"\A\s*=(?:\"[^\"\n]*\"\s*\Z|[A-Z][A-Z.]{1,20}\(|\$?[A-Z]{1,3}\$?\d{1,6}(?:[&+*/,;(-]|\s*\Z))"
)
_FENCE = re.compile(r"^[ \t]{0,8}(?:```|~~~)[^\n]*", re.MULTILINE)
_RICH_TEXT = re.compile(r"\A\s*\{\\rtf|\\(?:par|pard|fs\d+|f\d)\b")
_ROWS = re.compile(
    r"\A(?=[^\d]*\d)(?:[^,\n。！？]*(?:,(?! )[^,\n。！？]*){2,}(?:\n|\Z)){2,}\s*\Z"
    r"|\A(?:[^\t\n]*(?:\t[^\t\n]*){2,}(?:\n|\Z)){2,}\s*\Z"
)
_PAIRS = re.compile(
    r"\A\s*(?:[a-z_]{2,20}: [^\n]*(?:\n|\Z)){2,}\s*\Z|\A\s*\w+=[^\s&=]*(?:&\w+=[^\s&=]*)+\s*\Z"
)
_COMMENT = re.compile(r"/\*[^\n]{0,200}?\*/|^[ \t]*//(?=[ \t]|[\u3400-\u9fff])[^\n]*", re.MULTILINE)
_FILLER = re.compile(r"lorem ipsum", re.IGNORECASE)
_DIRECTION = re.compile(
    r"[(（*_]\s*(?i:laugh(?:s|ing|ter)|applause|music|pauses?|beat|sighs|silence|whisper(?:s|ing)|coughs"
    r"|cry(?:ing)?|cries|giggles|chuckles|gasps|groans|yawns|inaudible|clears throat"
    r"|笑|大笑|微笑|掌声|鼓掌|音乐|停顿|叹气|沉默)\s*[)）*_]"
    r"|[(（【](?:此处|这里)?(?:停顿|暂停) ?(?:[\d.一二两三半]{1,4} ?秒钟?|一下|片刻)?[)）】\]]"
    # music as captions for the deaf describe it
    r"|[(\[]\s*(?i:(?:(?:upbeat|soft|gentle|dramatic|background|happy|calm|inspiring|cheerful"
    r"|piano|guitar|acoustic|electronic|uplifting|ambient|tense|sad|slow|light"
    r"|energetic) ){1,3}music"
    r"|(?:[a-z]+ ){0,2}music (?:plays|playing|fades|swells|starts|stops|continues|fading)"
    r"(?: (?:in|out|up))?)\s*[)\]]"
    r"|[(*\[](?i:smil(?:es|ing)|nod(?:s|ding)|wink(?:s|ing)|shrugs|grins|waves|takes a breath"
    r"|deep breath|excited(?:ly)?|cheerful(?:ly)?|to camera|looks at camera)[)*\]]"
    # what Mandarin scripts put in brackets for the camera, the cutter or the actor
    r"|[(（【\[]\s*(?:(?:片头|片尾|背景|轻快|欢快|舒缓|激昂|温馨|动感)的?(?:音乐|音效|配乐)(?:渐?[起入弱强停出]|响起)?"
    r"|(?:音乐|音效|配乐|BGM)[:：]?(?:渐?[起入弱强停出]|响起|淡[入出])"
    r"|(?:镜头|画面|场景)(?:切换?[至到]?|转场?[至到]?|拉[近远]|推[近进]|淡[入出]|特写|[:：])[^)）】\]\n]{0,14}"
    r"|[\u4e00-\u9fff]{0,4}特写|转场|淡[入出]|黑屏|定格|字幕[:：][^)）】\]\n]{0,20}|"
    r"(?:微|大|苦|偷|坏)?笑(?:着说|了笑)|语气[\u4e00-\u9fff]{1,6}|深呼吸|看镜头|挥手|鞠躬|点头|摇头|眨眼|比心|小声|大声|低声|轻声|"
    r"转身|转头|起身|画外音|旁白|(?:拿起|举起|"
    r"放下|指[着向]|展示|走[向到近]|看向|凑近)[^用柜架版区台)）】\]\n]{1,8})\s*[)）】\]]"
)
_SHOTS = re.compile(
    r"^[ \t]{0,8}(?:[【\[]?(?:镜头|分镜|场景|Scene|SCENE|Shot|SHOT) "
    r"?[\d一二三四五六七八九十]{1,3}[】\]]?"
    r"(?:[（(][^（()）\n]{1,12}[)）])?[:：]|BGM ?[:：]"
    r"|\d{1,2} ?[-~–—到至] ?\d{1,3} ?(?:秒|s|sec)[:：]"
    r"|(?:画面|字幕|景别|音效|道具)[:：](?=[\s\S]{0,2000}^[ \t]*"
    r"(?:旁白|口播|台词|解说|配音|文案)[:：])"
    r"|标题[:：](?=[\s\S]{0,2000}^[ \t]*正文[:：])"
    r"|[【\[](?:开场白?|开头|结尾|结束语|引入|过渡|正文|钩子|痛点|行动号召|转场)[】\]]"
    r"|(?:Hook|HOOK|CTA|Call to Action|Script|SCRIPT|Voiceover Script|Voice-over Script"
    r"): (?=\S)|0?0:[0-5]\d ?[-~–—] ?0?0:[0-5]\d(?!\d))",
    re.MULTILINE,
)
_SHOWN_CHARS = 40


def document_flaw(draft: Draft) -> Flaw | None:
    """What says that the text is no script; None where nothing does."""
    text = draft.text.strip()
    if _NOTHING.fullmatch(text):
        rule = "this is what a program writes where there is no value"
        return Flaw(text, rule, "write the script, or remove the row")
    if _UNWRITTEN.fullmatch(text):
        rule = "this says that the script is not written yet"
        return Flaw(_shown(text), rule, "write the script, or remove the row")
    for pattern, rule, way_out in _KINDS:
        match = _first(pattern, draft.text)
        if match:
            return Flaw(_shown(match[0]), f"{rule} ({draft.place(match.start())})", way_out)
    times = list(_LINE_TIME.finditer(draft.text))
    if len(times) > 1:
        rule = f"lines of the script begin with times ({draft.place(times[0].start())})"
        return Flaw(times[0][0].strip(), rule, "remove the times, and keep the words")
    first = _FIRST_SECOND.search(draft.text)
    if first:
        rule = f"the script begins with a time of its video ({draft.place(first.start())})"
        return Flaw(first[0].strip(), rule, "remove the times, and keep the words")
    return None


def _first(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The first match; a direction in the label of who speaks goes with the label."""
    if pattern is not _DIRECTION:
        return pattern.search(text)
    labels = speaker_labels(text)
    for match in pattern.finditer(text):
        if not any(start <= match.start() < end for start, end, _ in labels):
            return match
    return None


def _shown(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= _SHOWN_CHARS else shown[: _SHOWN_CHARS - 1] + "…"


_KINDS = (
    (_CUE_TIME, "these are subtitles, not a script", "keep the words, without numbers and times"),
    (_LYRICS_TIME, "these are subtitles, not a script", "keep the words, without times"),
    (_SUBTITLES, "these are subtitles, not a script", "keep the words, without numbers and times"),
    (_DATA, "this is data of a program, not a script", "write the words that are to be spoken"),
    (
        _FIELD_OF_DATA,
        "this is data of a program, not a script",
        "write the words that are to be spoken",
    ),
    (
        _CHAT,
        "this is what a chat program says to whoever asked it",
        "keep only the words that are to be spoken",
    ),
    (_ROWS, "these are rows of a table, not a script", "write them in sentences"),
    (_PAIRS, "this is data of a program, not a script", "write the words that are to be spoken"),
    (_COMMENT, "the script holds a comment, which is not to be spoken", "remove it"),
    (_FORMULA, "this is a formula of a spreadsheet", "save the file with the text it results in"),
    (_RICH_TEXT, "this is rich text with its commands", "save it as plain text"),
    (_TABLE, "the script holds a table of Markdown", "write it in sentences"),
    (_FENCE, "the script holds a block of code", "remove it, or write what is to be said"),
    (
        _DIRECTION,
        "the script holds a direction, which is not to be spoken",
        "remove it; for silence write [pause 0.8s]",
    ),
    (
        _SHOTS,
        "the script is a list of shots, or holds a note for the cutter",
        "keep only what is to be said",
    ),
    (_FILLER, "this is filler text", "write what is to be said"),
)
