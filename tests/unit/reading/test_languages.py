"""The language of a script: English, Mandarin, or one that no built-in voice speaks."""

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.reading.languages import Language, earlier_language_of, language_flaw, language_of

WAYS_OUT = (
    'give a recording of it in the column "audio", or a voice of your own: "http:<voice>" with '
    '--voice-url, or "command:<voice>" with --voice-command'
)


@pytest.mark.parametrize(
    "text",
    [
        "内存16GB+512GB，100Mbps宽带，60Hz，1080P，IP68。",
        "CO2排放，H2O，Vitamin C，维生素B12。",
        "网址https://fernlight.com/a?b=1。",
        "5km/h，3m/s，10元/kg。",
        "今天用APP下单",
        "邮箱mara@fernlight.com，官网www.fernlight.com",
        "新品iPhone 15 Pro Max、MacBook Air、AirPods Pro上市",
        "支持Wi-Fi、USB-C、NFC、GPS",
        "用Adobe Photoshop Lightroom Premiere剪辑视频",
        "支持Google Chrome, Mozilla Firefox和Microsoft Edge浏览器",
        "型号：X1 Carbon Gen 12，14 inch",
        "Windows 11 Pro 64位",
        "USB Type-C 3.1 Gen2接口",
        "LED灯，AC 220V，DC 12V",
        "你好<break time='500ms'/>世界",
        "优の良品，全场八折",
        "我喜欢「ありがとう」这首歌",
    ],
)
def test_units_addresses_models_and_brands_make_no_english_of_chinese(text: str) -> None:
    assert language_of(text) == "zh"
    assert language_flaw(text, is_insisted=False) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello", "en"),
        ("123", "en"),
        ("", "en"),
        ("I love my 北京", "en"),
        ("Our tea 龙井 is grown in the hills of Hangzhou.", "en"),
        ("Meet the new lamp (灯) from Fernlight, out today", "en"),
        ("OPEN NOW: THE 北京 STORE IS BACK", "en"),
        ("Shanghai 上海 Beijing Tower Opening Gala", "en"),
        ("你好", "zh"),
    ],
)
def test_other_texts_keep_the_language_they_had(text: str, language: Language) -> None:
    assert language_of(text) == earlier_language_of(text) == language


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("안녕하세요.", "Korean"),
        ("Lumo 램프를 소개합니다.", "Korean"),
        ("こんにちは、マラです。", "Japanese"),
        ("東京タワーへようこそ", "Japanese"),
        ("新しいランプを使ってみてください", "Japanese"),
        ("ランプ", "Japanese"),
        ("ﾗﾝﾌﾟのご案内", "Japanese"),
        ("iPhoneのケースです", "Japanese"),
        (
            "Скидки: Oct 31 = Dec 25.",
            "Cyrillic letters (Russian, Ukrainian or another language)",
        ),
        ("Ласкаво просимо до Lumo!", "Cyrillic letters (Russian, Ukrainian or another language)"),
        ("สวัสดีครับ", "Thai"),
        ("नमस्ते, यह लैंप है।", "Devanagari (Hindi, Marathi or another language)"),
        ("مرحبا بكم في Lumo", "Arabic letters (Arabic, Persian, Urdu or another language)"),
        ("שלום, הנה המנורה", "Hebrew"),
        ("Καλώς ήρθατε στη Lumo", "Greek"),
        ("გამარჯობა", "Georgian letters"),
        ("வணக்கம்", "Tamil letters"),
        ("ሰላም ለሁሉም", "Ethiopic letters"),
        ("𝐇𝐞𝐥𝐥𝐨 𝐭𝐡𝐞𝐫𝐞", "mathematical letters that only look like the alphabet"),
    ],
)
@pytest.mark.parametrize("is_insisted", [False, True])
def test_letters_that_no_voice_can_say_are_refused_whatever_the_row_insists_on(
    text: str, letters: str, is_insisted: bool
) -> None:
    flaw = language_flaw(text, is_insisted=is_insisted)
    assert str(flaw) == (
        f'"{text}" the script is written in {letters}, which no built-in voice can say; {WAYS_OUT}'
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Xin chào các bạn.", "Vietnamese"),
        ("Bonjour tout le monde, bienvenue.", "French"),
        ("C'est l'été, profitez-en", "French"),
        ("Découvrez notre nouvelle collection de lampes.", "French"),
        ("Hola, buenos días a todos", "Spanish"),
        ("La nueva lámpara ya está aquí", "Spanish"),
        ("Guten Tag, ich bin Mara.", "German"),
        ("DIE NEUE LAMPE IST DA UND SIE IST SCHÖN", "German"),
        ("Ciao a tutti, benvenuti nel nostro negozio", "Italian"),
        ("Olá, seja bem-vindo à nossa loja", "Portuguese"),
        ("Hoş geldiniz", "Turkish"),
        ("Merci beaucoup", "French"),
        ("Größe und Qualität", "German"),
        ("Cześć, jestem Mara.", "Polish"),
        ("Welkom bij onze winkel", "Dutch"),
        ("Dzień dobry, witamy w naszym sklepie", "Polish"),
        ("Merhaba, hoş geldiniz", "Turkish"),
        ("Selamat datang di toko kami", "Indonesian"),
        ("Hej och välkommen till vår butik", "Swedish"),
        ("Vi ses!", "Swedish"),
        ("Ha en bra dag!", "Swedish"),
        ("Fri frakt. Bara idag!", "Swedish"),
        ("GOD MORGON", "Swedish"),
        ("Læs mere.", "Danish"),
        ("Klikk her!", "Norwegian"),
        ("Bis bald!", "German"),
        ("Tot ziens!", "Dutch"),
        ("Velkommen til vores butik", "Danish"),
        ("Dobrý den, vítejte v našem obchodě", "Czech"),
        ("Üdvözöljük az üzletünkben", "Hungarian"),
        ("Bună ziua și bine ați venit", "Romanian"),
    ],
)
def test_languages_in_latin_letters_are_refused_unless_the_row_insists(
    text: str, name: str
) -> None:
    assert str(language_flaw(text, is_insisted=False)) == (
        f'"{text}" the script seems to be {name}, which no built-in voice speaks; {WAYS_OUT}; '
        'to have it read as English, write "en" in the column "language"'
    )
    assert language_flaw(text, is_insisted=True) is None


NAMES = """
L'Oréal|Häagen-Dazs|Citroën|Crème de la Mer|La Roche-Posay|Le Creuset|Los Pollos|El Niño|São Paulo
München|Château Margaux|Pão de Açúcar|Škoda|Nguyễn Văn An|François Côté|Łukasz Wójcik|Pokémon Go
Moët & Chandon|Fjällräven|Café del Mar|Casa de las Flores|Villa d'Este|Costa del Sol|Die Hard
Piazza della Signoria|Der Spiegel|La La Land|Van der Berg|Ya Kun|Bon Appétit|Piña Colada|Müller
Tagliatelle al Ragù|Pain au Chocolat|Aceto Balsamico di Modena|Jamón Ibérico|Pâté en Croûte|Bánh Mì
"""
SENTENCES = """
Meet {}.|{} is back.|{}: now 20% off|Introducing {}, the lamp that glows.|Shop {}|{} bundle deal
{} SALE ENDS SUNDAY|{} ultra-soft cotton duvet covers|Say hello to {}!|Fresh flavors from {}
Premium {} accessories|FAST. LIGHT. {}.|Sauté {} gently|Chef José plates {} beautifully
Organic fair-trade coffee, {} roast
"""
SLOGANS = """
Crème brûlée|Déjà vu|Hola Lumo|Soy sauce|Gracias, Lumo
Hasta la vista, baby|C'est la vie, he said.|Mi casa es su casa|Sans-serif fonts, bold colors
Kindergarten teachers love zeitgeist posters|Espresso macchiato, latte, cappuccino, americano
Buenos Aires, La Paz, Santiago de Chile|Naïve Bayes beats logistic regression|Van life vans
Über-comfortable socks|Touché! Voilà!|Sole trader, sole owner|Gift sets|No no no|Dig it, dude
Pro rata, ad hoc, de facto, et cetera|Die cut stickers|Ham and brie baguette|Pain relief gel
Vi ses Lumo|En lampa by Lumo|The Tot Ziens bar|Bis bald, my friend
Say „Привет“ to our new friend|Our engineer Łukasz reads 書 and かな|Café, 5 μm, 3 Ω, α-test
The word こんにちは means hello|Try our tteokbokki (떡볶이) today, it is hot|We love the π day sale
"""


def listed(texts: str) -> list[str]:
    return texts.strip().replace("\n", "|").split("|")


def test_no_english_text_is_refused_for_names_brands_and_borrowed_words() -> None:
    texts = [sentence.format(name) for sentence in listed(SENTENCES) for name in listed(NAMES)]
    texts += [text.upper() for text in texts]
    texts += listed(SLOGANS)

    assert len(texts) > 1000
    assert not [text for text in texts if language_flaw(text, is_insisted=False)]


def test_plain_english_does_not_load_the_model_of_other_languages() -> None:
    code = (
        "import sys\n"
        "from tasks.reading.languages import language_flaw\n"
        "assert not language_flaw('The café is open, Łukasz says.', is_insisted=False)\n"
        "assert 'py3langid' not in sys.modules\n"
        "assert language_flaw('Zielgruppe verfehlt leider knapp', is_insisted=False)\n"
        "assert 'py3langid' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "text", ["新商品発売", "期間限定販売中", "東京駅前店開業", "特別価格三千円", "圧縮袋八枚入"]
)
def test_japanese_without_kana_is_told_by_the_shapes_of_its_characters(text: str) -> None:
    flaw = language_flaw(text, is_insisted=False)

    assert flaw is not None
    assert "is written in Japanese" in str(flaw)


@pytest.mark.parametrize(
    "text",
    ["新品發售", "這價格實惠", "渋谷旗舰店盛大开业", "一千日元", "全国送料無料", "円山应举的画"],
)
def test_characters_that_chinese_has_too_are_chinese(text: str) -> None:
    assert language_flaw(text, is_insisted=False) is None


def _trials(verdict: str) -> list[str]:
    table = Path(__file__).with_name("foreign_trials.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines()]
    return [script for told, script in rows if told == verdict]


def test_slogans_of_eighty_languages_are_refused_with_and_without_their_marks() -> None:
    scripts = _trials("refused")

    assert len(scripts) > 1000
    assert not [text for text in scripts if not language_flaw(text, is_insisted=False)]


def test_english_with_dishes_titles_mottos_and_dialects_is_read() -> None:
    scripts = _trials("read")

    assert len(scripts) > 1000
    assert not [text for text in scripts if language_flaw(text, is_insisted=False)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kupte ted a usetrete", "Czech"),
        ("Vasaroljon most, fizessen kesobb", "Hungarian"),
        ("Promo spesial", "Indonesian"),
        ("Bukas na!", "Filipino"),
        ("Aaj hi order kijiye", "Hindi or Urdu"),
        ("Halv pris på alle sko", "Danish or Norwegian"),
        ("Huanying guanglin women de dian", "Mandarin in pinyin"),
        ("Nha thuoc mo cua suot dem", "Vietnamese"),
    ],
)
def test_a_language_is_named_by_the_words_of_its_list(text: str, name: str) -> None:
    rule = f"the script seems to be {name}, which no built-in voice speaks"
    flaw = language_flaw(text, is_insisted=False)

    assert flaw is not None
    assert flaw.rule == rule


@pytest.mark.parametrize(
    "text",
    [
        "Mon-Thu 11a to 9p, Fri-Sat till 10.",
        "Tues.-Sat.",
        "Vol. 2, pt. 3, ed. 4.",
        "Heat at 350°F (175°C) for 20–25 min.",
        "EPA est. 28 city/36 hwy/31 comb. mpg.",
        "Net sales: $842.3M, -2.1% YoY; op. margin 11.4% vs. 10.9%.",
        "Joie de vivre.",
        "Haute couture, prêt-à-porter prices.",
        "Verdi's La forza del destino.",
        "MEET CRÈME DE LA MER.",
        "Gigi Hadid for Maybelline.",
        "Luiz Inácio Lula da Silva.",
    ],
)
def test_abbreviations_quoted_phrases_and_names_are_no_foreign_words(text: str) -> None:
    assert language_flaw(text, is_insisted=False) is None


@pytest.mark.parametrize(
    "text", ["我哋嘅新燈到咗啦，你係咪想買？", "呢個嘢唔錯，快啲嚟睇下", "佢喺邊度？"]
)
def test_written_cantonese_is_refused_unless_the_row_insists_on_mandarin(text: str) -> None:
    flaw = language_flaw(text, is_insisted=False)

    assert flaw is not None
    assert flaw.rule == "the script seems to be Cantonese, which no built-in voice speaks"
    assert flaw.way_out.endswith('to have it read as Mandarin, write "zh" in the column "language"')
    assert language_flaw(text, is_insisted=True) is None


@pytest.mark.parametrize(
    "text", ["香港的「唔該」是謝謝的意思。", "學而時習之，不亦說乎", "係数和关系"]
)
def test_mandarin_that_quotes_a_word_and_classical_lines_are_read(text: str) -> None:
    assert language_flaw(text, is_insisted=False) is None
