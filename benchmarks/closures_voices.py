"""Lets many speakers say sentences, with the times of their phones, for the closures net to hear.

    python -m benchmarks.closures_voices SPEECH.npz --styles FOLDER
    python -m benchmarks.closures_voices HELD_OUT.npz --held-out

The speakers are all voices of Kokoro-82M v1.0 (the files ``<voice>.bin`` of a folder, as the npm
package kokoro-js 1.2.1 has them), hibari, and voices of flite and festival, which Debian packages
and which have to be installed: flite, festival, festvox-kallpc16k, festvox-kdlpc16k,
festvox-us-slt-hts, festvox-ru, festvox-ca-ona-hts, festvox-suopuhe-lj, festvox-suopuhe-mv. With
``--held-out`` those speak that nothing is learnt from: festvox-czech-dita, -krb, -machac and -ph,
festvox-italp16k and festvox-itapc16k.
"""

import argparse
import copy
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy import signal
from scipy.io import wavfile

from benchmarks import alignment, closures
from benchmarks.closures import Spoken, levelled, spoken_by, write
from model.engine import ENGINE_SAMPLE_RATE_HZ
from model.speech.voices import load_voice

ENGLISH = (*closures.ENGLISH, *alignment.ENGLISH)
MANDARIN = (*closures.MANDARIN, *alignment.MANDARIN)
SPEEDS = (1.0, 0.9, 1.12)
STRETCHES = (1.0, 0.85, 1.2)
FINNISH = (
    "Mummo meni metsään poimimaan marjoja.",
    "Poika pelaa palloa pihalla naapurin kanssa.",
    "Bussi pysähtyy Pasilan aseman edessä.",
    "Äiti paistoi pannukakkua ja me söimme sen heti.",
    "Kuulemme pian lisää uudesta ohjelmasta.",
    "Lapset lähtivät kouluun kello kahdeksan.",
    "Pöydällä on kuppi kahvia ja palanen leipää.",
    "Tampereella sataa lunta mutta Turussa paistaa aurinko.",
    "Minun pitää ostaa paperia ja pari kynää.",
    "Hän vastasi kysymykseen hyvin nopeasti.",
    "Kesällä menemme mökille saunomaan.",
    "Baari on auki iltaisin kymmeneen asti.",
)
RUSSIAN = (
    "Мама мыла раму, а папа пил пиво.",
    "Мы покупаем хлеб и молоко в магазине.",
    "Поезд прибывает на первую платформу.",
    "Бабушка приготовила вкусный борщ.",
    "Сегодня хорошая погода, светит солнце.",
    "Этот учебник нужен студентам третьего курса.",
    "Пожалуйста, подождите меня у подъезда.",
    "Наш новый сайт помогает быстро найти работу.",
    "Брат подарил мне большую книгу о птицах.",
    "Он сказал, что скоро вернётся домой.",
    "Музей открыт каждый день, кроме понедельника.",
    "Собака бежит по улице за белой кошкой.",
)
CATALAN = (
    "La meva mare compra pomes al mercat.",
    "El bisbe va parlar amb el president del poble.",
    "Demà al matí plourà a Barcelona.",
    "El metge em va recomanar beure més aigua.",
    "Les taronges de l'arbre són massa verdes.",
    "Un home amb barba espera l'autobús.",
    "Posa el paper damunt la taula, si us plau.",
    "Qui té la clau de la casa vella?",
    "El cambrer porta pa amb tomàquet.",
    "Sempre plou quan anem a la platja.",
    "Els nens juguen al carrer tota la tarda.",
    "Aquesta empresa produeix bombetes i piles.",
)
CZECH = (
    "Maminka pekla bábovku a pes pil vodu.",
    "Prosím, počkejte na mě před domem.",
    "Bratr koupil nový počítač a mobilní telefon.",
    "Dnes bude v Praze pěkné počasí.",
    "Vlak přijede na první nástupiště.",
    "Děti si hrají celé odpoledne na ulici.",
    "Na stole leží kniha o velkých ptácích.",
    "Můj soused pracuje v bance už osm let.",
    "Kde je klíč od starého domu?",
    "Potřebuji papír a pár modrých tužek.",
    "V neděli jsme byli v muzeu a v parku.",
    "Tento program pomáhá rychle najít práci.",
)
ITALIAN = (
    "La mamma prepara una torta di pane per il bambino.",
    "Il treno per Bologna parte dal binario sette.",
    "Domani mattina pioverà su tutta la costa.",
    "Ho comprato un computer e una lampada nuova.",
    "Il medico mi ha detto di bere molta acqua.",
    "Dove sono le chiavi della vecchia casa?",
    "Un uomo con la barba aspetta l'autobus.",
    "Per favore, metti il libro sopra il tavolo.",
    "I ragazzi giocano in strada tutto il giorno.",
    "Sempre più persone imparano questa lingua.",
    "Abbiamo bisogno di tempo, pazienza e buona volontà.",
    "Il museo rimane aperto ogni giorno tranne lunedì.",
)


def _table(pairs: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in pairs.split())


# what voices of English call their phones, and what those of other languages do; what is in
# neither counts as a phone of an unknown kind
_ENGLISH_PHONES = _table(
    "aa:ɑ ae:æ ah:ʌ ao:ɔ aw:W ax:ə axr:ɚ ay:I b:b ch:ʧ d:d dh:ð dx:ɾ eh:ɛ el:l em:m en:n er:ɜ "
    "ey:A f:f g:ɡ hh:h hv:h ih:ɪ iy:i jh:ʤ k:k l:l m:m n:n nx:n ng:ŋ ow:O oy:Y p:p r:ɹ s:s "
    "sh:ʃ t:t th:θ uh:ʊ uw:u v:v w:w y:j z:z zh:ʒ"
)
_OTHER_PHONES = _table(
    "m:m mm:m p:p pp:p b:b bb:b n:n nn:n J:ɲ nj:ɲ t:t tt:t d:d dd:d k:k kk:k g:ɡ gg:ɡ f:f ff:f "
    "v:v vv:v s:s ss:s z:z zz:z S:ʃ sh:ʃ zh:ʒ ch:ʧ l:l ll:l h:h j:j yy:j w:w a:a aa:a e:e ee:e "
    "E:ɛ i:i ii:i o:o oo:o O:ɔ u:u uu:u y:y ax:ə ae:æ oe:ø c:ʦ ts:ʦ r:r rr:r N:ŋ ng:ŋ x:x"
)
_SILENCES = ("#", "_", "pau", "ssil", "h#", "##")
_FESTIVAL = (
    "(define (say voice text path stretch)"
    " (eval (list (intern (string-append 'voice_ voice))))"
    " (Parameter.set 'Duration_Stretch stretch)"
    " (set! said (utt.synth (eval (list 'Utterance 'Text text))))"
    ' (utt.save.wave said (string-append path ".wav") \'riff)'
    ' (let ((file (fopen (string-append path ".ends") "w")))'
    "  (mapcar (lambda (phone)"
    '   (format file "%s:%f\\n" (item.name phone) (item.feat phone \'end)))'
    "   (utt.relation.items said 'Segment))"
    "  (fclose file)))\n"
)


def said_by_many(styles: Path) -> Iterator[Spoken]:
    """What is learnt from, in this order."""
    for turn, voice in enumerate(("kal16", "awb", "rms", "slt")):
        yield from said_by_flite(voice, [ENGLISH[(k * 2 + turn) % 58] for k in range(26)])
    for turn, voice in enumerate(("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts")):
        texts = [ENGLISH[(k * 2 + turn + 1) % 58] for k in range(22)]
        yield from said_by_festival(voice, texts, _ENGLISH_PHONES, "utf-8")
    yield from said_by_festival("msu_ru_nsh_clunits", RUSSIAN, _OTHER_PHONES, "utf-8")
    yield from said_by_festival("upc_ca_ona_hts", CATALAN, _OTHER_PHONES, "iso-8859-15")
    for voice in ("suo_fi_lj_diphone", "hy_fi_mv_diphone"):
        yield from said_by_festival(voice, FINNISH, _OTHER_PHONES, "iso-8859-15")
    yield from said_by_kokoro(styles, NUM_KOKORO)
    for k, text in enumerate(ENGLISH):
        if k % 2 == 0:
            yield from spoken_by(load_voice("hibari"), "hibari", text, SPEEDS[k % 3])


def said_by_others() -> Iterator[Spoken]:
    """What nothing is learnt from."""
    for voice in ("czech_dita", "czech_krb", "czech_machac", "czech_ph"):
        yield from said_by_festival(voice, CZECH, _OTHER_PHONES, "iso-8859-2")
    for voice in ("lp_diphone", "pc_diphone"):
        yield from said_by_festival(voice, ITALIAN, _OTHER_PHONES, "iso-8859-1")


def said_by_kokoro(styles: Path, num: int) -> Iterator[Spoken]:
    """Every voice of the folder in turn, English, Mandarin, or both in the accent of another."""
    names = sorted(path.stem for path in styles.glob("*.bin"))
    english = [name for name in names if name[0] in "ab"]
    mandarin = [name for name in names if name[0] == "z"]
    foreign = [name for name in names if name[0] not in "abz"]
    jobs: list[tuple[str, str, float]] = []
    for turn in range(6):
        for i, name in enumerate(english):
            text = ENGLISH[(i * 2 + turn * 13 + i // 13) % 58]
            jobs.append((name, text, SPEEDS[(i + turn) % 3]))
        for i, name in enumerate(mandarin):
            text = MANDARIN[(i * 3 + turn * 5) % 28]
            jobs.append((name, text, (1.0, 0.9, 1.1)[(i + turn) % 3]))
            jobs.append((name, MANDARIN[(i * 3 + turn * 5 + 14) % 28], 1.0))
        for i, name in enumerate(foreign):
            if (i + turn) % 2:
                jobs.append((name, ENGLISH[(i * 3 + turn * 7 + 5) % 58], SPEEDS[(i + turn) % 3]))
            else:
                jobs.append((name, MANDARIN[(i * 2 + turn * 3) % 28], 1.0))
    for name, text, speed in jobs[:num]:
        reader = "zf_xiaoxiao" if text in MANDARIN else "bf_emma" if name[0] == "b" else "af_heart"
        voice = copy.copy(load_voice(reader))
        vars(voice)["_styles"] = np.fromfile(styles / f"{name}.bin", np.float32).reshape(510, 256)
        yield from spoken_by(voice, name, text, speed)


def said_by_flite(voice: str, texts: Sequence[str]) -> Iterator[Spoken]:
    """Sentences in a voice of flite, which prints when its phones end."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        for turn, text in enumerate(texts):
            stretch = f"duration_stretch={STRETCHES[turn % 3]}"
            command = ["flite", "-voice", voice, "-psdur", "--setf", stretch, "-t", text, "-o"]
            done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True)
            yield _spoken(f"flite_{voice}", text, path, done.stdout.split(), _ENGLISH_PHONES)


def said_by_festival(
    voice: str, texts: Sequence[str], phones: Mapping[str, str], encoding: str
) -> Iterator[Spoken]:
    """Sentences in a voice of festival, whose segments end when its phones do."""
    with TemporaryDirectory() as folder:
        said, script = Path(folder) / "said", Path(folder) / "say.scm"
        for turn, text in enumerate(texts):
            call = f'(say "{voice}" "{text}" "{said}" {STRETCHES[turn % 3]})\n'
            script.write_bytes((_FESTIVAL + call).encode(encoding))
            subprocess.run(["festival", "-b", str(script)], capture_output=True, check=True)
            ends = said.with_suffix(".ends").read_text(encoding="latin-1").split()
            yield _spoken(f"fest_{voice}", text, said.with_suffix(".wav"), ends, phones)


def _spoken(
    name: str, text: str, wav: Path, ends: Sequence[str], phones: Mapping[str, str]
) -> Spoken:
    """A sentence from its sound and ``phone:end in seconds``."""
    rate, pcm = wavfile.read(wav)
    sound = pcm.astype(np.float32) / 32768
    if rate != ENGINE_SAMPLE_RATE_HZ:
        sound = signal.resample_poly(sound, ENGINE_SAMPLE_RATE_HZ, rate).astype(np.float32)
    found: list[tuple[str, int, int]] = []
    start = 0
    for told in ends:
        symbol, _, end_s = told.rpartition(":")
        end = int(float(end_s) * ENGINE_SAMPLE_RATE_HZ)
        if symbol not in _SILENCES:
            found.append((phones.get(re.sub(r"[0-9:']+$", "", symbol), "?"), start, end))
        start = end
    return Spoken(name, text, levelled(sound), tuple(found))


NUM_KOKORO = 126
"""Sentences of Kokoro's voices that are learnt from."""


def main() -> None:
    """Speak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--styles", type=Path, help="The folder of Kokoro's voices.")
    parser.add_argument("--held-out", action="store_true", help="Let the other speakers speak.")
    wanted = parser.parse_args()
    if wanted.held_out:
        write(wanted.speech, list(said_by_others()))
    elif wanted.styles is None:
        parser.error("the folder of Kokoro's voices is missing: add --styles FOLDER")
    else:
        write(wanted.speech, list(said_by_many(wanted.styles)))


if __name__ == "__main__":
    main()
