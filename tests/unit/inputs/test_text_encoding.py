import pytest

from tasks.inputs.text_encoding import decode_legacy
from tasks.inputs.text_files import TextFileError, decode_text

SIMPLIFIED = (
    *("你好，欢迎。", "限时优惠：全场五折，买二送一！", "新款台灯，三档调光，护眼不频闪。"),
    *("价格", "这款耳机续航三十小时。", "春季新品上市", "欢迎来到我们的店铺", "女士羊毛大衣"),
    "陶瓷刀具套装，锋利耐用",
)
TRADITIONAL = (
    *("你好，歡迎光臨。", "限時優惠：全場五折，買二送一！", "新款檯燈，三檔調光，護眼不頻閃。"),
    *("這款耳機續航三十小時。", "春季新品上市", "女士羊毛大衣", "今天下單，明天到貨。"),
)
JAPANESE = (
    *("こんにちは、マラです。", "新商品のご紹介です。", "送料無料", "カメラ"),
    *("お得なセール開催中！", "このランプはとても明るいです。"),
)
KOREAN = (
    *("램프를 소개합니다.", "안녕하세요.", "오늘만 특별 할인! 무료 배송", "새로운 노트북"),
    *("가격은 삼만 원입니다.", "서울 강남구", "고객님께 감사드립니다"),
)
WESTERN = (
    *("Bücher für alle: schöne Grüße", "L'été à la plage, déjà vu", "El niño comió jalapeños"),
    *("Größe: 40", "São Paulo, coração", "Ærø og Ålborg", "naïve café"),
)


def a_manifest(script: str) -> str:
    return f"video_id,script,portrait\nlamp,{script},a.png\n"


@pytest.mark.parametrize(
    ("script", "codec", "name"),
    [
        *((text, "gb18030", "GB18030") for text in SIMPLIFIED),
        *((text, "big5", "Big5") for text in TRADITIONAL),
        *((text, "cp932", "Shift-JIS") for text in JAPANESE),
        *((text, "euc_jp", "EUC-JP") for text in JAPANESE),
        *((text, "euc_kr", "EUC-KR") for text in KOREAN),
    ],
)
def test_the_encodings_of_east_asia_are_told_apart(script: str, codec: str, name: str) -> None:
    assert decode_text(a_manifest(script).encode(codec)) == (a_manifest(script), name)


def read_or_reason(data: bytes) -> str:
    try:
        return decode_text(data)[0]
    except TextFileError as error:
        return error.rule


@pytest.mark.parametrize(
    ("script", "codec"), [("陶瓷刀具套裝，鋒利耐用", "big5"), ("東京都渋谷区", "cp932")]
)
def test_what_is_not_clear_is_asked_for_and_never_guessed(script: str, codec: str) -> None:
    text = a_manifest(script)
    assert read_or_reason(text.encode(codec)) in (text, "its encoding cannot be told for certain")


@pytest.mark.parametrize("script", WESTERN)
@pytest.mark.parametrize("codec", ["cp1252", "mac_roman", "cp850"])
def test_western_letters_are_never_taken_for_another_script(script: str, codec: str) -> None:
    assert decode_legacy(a_manifest(script).encode(codec)) is None


@pytest.mark.parametrize("codec", ["cp1251", "koi8-r", "cp866", "iso8859-7", "cp1256"])
def test_other_eight_bit_encodings_are_asked_for(codec: str) -> None:
    texts = {"iso8859-7": "Καλημέρα σας", "cp1256": "مرحبا بكم في المتجر"}
    data = a_manifest(texts.get(codec, "Скидки на лампы сегодня и завтра")).encode(codec)
    with pytest.raises(TextFileError, match="cannot be told for certain"):
        decode_text(data)
