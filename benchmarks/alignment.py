"""Learns the net that lays a script into its recording, and measures it; needs torch to learn.

    python -m benchmarks.alignment speak SPEECH.npz
    python -m benchmarks.alignment learn SPEECH.npz NET.npz --without bm_george zf_xiaoxiao
    python -m benchmarks.alignment measure SPEECH.npz --net NET.npz --voices bm_george zf_xiaoxiao
    python -m benchmarks.alignment scripts SPEECH.npz --net NET.npz --voices bm_george
    python -m benchmarks.alignment others OTHERS.npz --styles FOLDER
    python -m benchmarks.alignment words OTHERS.npz

``speak`` lets the built-in voices say the sentences of ``benchmarks.closures`` and 52 more.
``learn`` makes the net that is shipped from all of them; with ``--without``, voices are left out,
and half of the sentences with them. ``measure`` prints how far from the voices' own times phones
are laid, and how many m, b and p close with them: clean and in noise. ``scripts`` prints how much
better recordings fit their own script than another one. ``--unlearnt`` keeps to the sentences that
``--without`` left out. ``others`` lets voices speak that the shipped net has not learnt from, in
sentences that it has not: those of the files ``<voice>.bin`` of Kokoro-82M v1.0 in a folder.
``words`` prints how far from the voices' own times words begin, and for how much of a word's time
it is the one that is lit.
"""

import argparse
import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

from benchmarks.closures import (
    LEVEL_DBFS,
    MIX,
    Score,
    Sound,
    Spoken,
    is_unlearnt,
    learnt_from,
    levelled,
    mixed,
    noisy,
    read,
    said,
    spoken_by,
    write,
)
from model.alignment import phone_net
from model.alignment.alignment import Alignment, aligned
from model.alignment.phone_net import HOP, KIND_OF, NUM_KINDS, PAUSE, RATE_HZ, features
from model.speech.phones import sounding
from model.speech.voices import CARDS, load_voice
from tasks.reading.languages import Language
from tasks.speech.clauses.script_times import script_times
from tasks.speech.script import read_script

Net = dict[str, NDArray[np.float32]]
ENGLISH = (
    "The young engineer measured the bridge twice before the concrete was poured.",
    "Could you show me where the nearest train station is, please?",
    "Fresh coffee, warm croissants and a view of the harbour are waiting for you.",
    "Our team has been working on this feature since the beginning of the year.",
    "The weather forecast promises sunshine in the south and heavy showers elsewhere.",
    "Choose a colour, upload your logo, and we will do everything else.",
    "Every Thursday evening the choir rehearses in the old church on George Street.",
    "He thought about the journey, sighed, and closed the window again.",
    "In the first quarter, revenue grew by twelve percent to nine million dollars.",
    "Welcome back to the channel; today we are going to fix a broken zipper.",
    "Through the thick fog they could hardly see their own hands.",
    "Please fasten your seat belts and put your tables in the upright position.",
    "The judge asked both lawyers to approach the bench.",
    "Which of these three voices do you like best?",
    "A quiet boy from the village became a famous violinist.",
    "Wash the vegetables, cut them into thin slices, and fry them gently in olive oil.",
    "Nobody knows exactly how the painting got into the attic.",
    "You can cancel at any time, and we will refund the whole amount.",
    "The oyster was as large as a child's fist.",
    "Please hold the line; one of our agents will be with you shortly.",
    "My brother enjoys cooking, though he usually burns the onions.",
    "Version four is faster, lighter, and works without an internet connection.",
    "Just above the waterfall, a narrow path leads to the shepherd's hut.",
    "Do not mix these pills with alcohol or grapefruit juice.",
    "Zoe asked whether the museum was open on public holidays.",
    "They measured pressure, humidity and temperature every sixty seconds.",
    "Thank you for watching, and see you in the next video.",
    "The huge hall was full of noise, laughter and the smell of roast beef.",
    "Employees should change their passwords before the end of the month.",
    "Each chapter begins with a short poem about the sea.",
    "Good morning, everybody, my name is Pamela and I am your guide today.",
    "Put the blue lamp on the shelf beside the mirror.",
)
MANDARIN = (
    "欢迎大家观看今天的节目，我是主持人小明。",
    "请把门关上，外面的风太大了。",
    "这款手机的屏幕更大，电池也更耐用。",
    "下个星期三下午两点，我们在会议室见面。",
    "他从小就喜欢画画，现在成了一名设计师。",
    "只要扫一扫二维码，就可以领取优惠券。",
    "秋天到了，树叶慢慢变黄，天气也凉快了。",
    "第一步，打开包装；第二步，连接电源。",
    "老师说，学习语言最重要的是坚持。",
    "公司去年的收入增长了百分之十五。",
    "如果你有任何问题，请随时联系客服。",
    "北方人爱吃面，南方人爱吃米饭。",
    "地铁站就在前面，走路大概五分钟。",
    "医生建议他少喝酒，多运动，早点睡觉。",
    "小狗在草地上跑来跑去，非常开心。",
    "新产品将于本月底正式发布，敬请期待。",
    "她的普通话说得很标准，声音也好听。",
    "把鸡蛋打散，加一点盐，再放进锅里。",
    "昨天晚上的比赛真精彩，我们赢了三个球。",
    "谢谢您的支持，祝您生活愉快，再见。",
)
UNLEARNT_ENGLISH = (
    "Meet the new lamp that reads your evening and dims before you do.",
    "Shipping is free this week, and returns are on us until the end of January.",
    "Four out of five customers told us they would buy it again tomorrow.",
    "If the screen stays dark, hold both buttons and count slowly to ten.",
    "We opened our first workshop above a bakery, and the smell never left.",
    "Your account manager will call you on Thursday with three offers.",
)
UNLEARNT_MANDARIN = (
    "这盏台灯会根据天色自动调节亮度，晚上看书更舒服。",
    "本周下单免运费，收到以后三十天内都可以退货。",
    "如果屏幕没有亮，请同时按住两个按钮，数到十。",
    "我们的第一家店开在面包房楼上，到现在还能闻到香味。",
)


# --- speech -------------------------------------------------------------------------------------


def also_said() -> Iterator[Spoken]:
    """What is learnt from besides the sentences of :mod:`benchmarks.closures`, in this order."""
    for text in ENGLISH:
        yield from spoken_by(load_voice("hibari"), "hibari", text)
    names = [name for name, card in CARDS.items() if card.engine == "kokoro"]
    english = [name for name in names if CARDS[name].language == "en"]
    mandarin = [name for name in names if CARDS[name].language == "zh"]
    for turn, text in enumerate(ENGLISH):
        name = english[turn % 4]
        yield from spoken_by(load_voice(name), name, text, (1.0, 0.88, 1.15)[turn % 3])
    for turn, text in enumerate(MANDARIN):
        for name in mandarin:
            yield from spoken_by(load_voice(name), name, text, (1.0, 0.9, 1.1)[turn % 3])
    for turn, text in enumerate(ENGLISH[::2]):
        voice = mixed(english[turn % 4], english[(turn + 1 + turn // 4 % 2) % 4], 0.5)
        yield from spoken_by(voice, MIX, text, (0.9, 1.05)[turn % 2])


def said_by_others(folder: Path) -> Iterator[Spoken]:
    """What English and Mandarin voices say that are not built in."""
    names = [path.stem for path in sorted(folder.glob("[abz]*.bin")) if path.stem not in CARDS]
    for turn, name in enumerate(names):
        voice = copy.copy(load_voice(reader_of(name)))
        vars(voice)["_styles"] = np.fromfile(folder / f"{name}.bin", np.float32).reshape(-1, 256)
        is_mandarin = CARDS[reader_of(name)].language == "zh"
        texts = UNLEARNT_MANDARIN if is_mandarin else UNLEARNT_ENGLISH
        for text in (texts[turn % len(texts)], texts[(turn + 1) % len(texts)])[: 1 + is_mandarin]:
            yield from spoken_by(voice, name, text, (1.0, 0.9, 1.12)[turn % 3])


# --- learning -----------------------------------------------------------------------------------


def versions(
    one: Spoken, num: int, rng: np.random.Generator, others: Sequence[Spoken]
) -> Iterator[Spoken]:
    """A sentence as it is, and with other formants, microphones, rooms and noises around it."""
    yield _surrounded(one, rng)
    for _ in range(num):
        up = int(100 * rng.uniform(0.84, 1.2))  # formants and pitch move with the speed
        sound = signal.resample_poly(one.sound, up, 100).astype(np.float32)
        phones = tuple(
            (s, int(start * up / 100), int(end * up / 100)) for s, start, end in one.phones
        )
        tilt_db, corner_hz = rng.uniform(-8, 8), rng.uniform(600, 2500)
        low = signal.lfilter(*signal.butter(1, corner_hz / 8000), sound)
        sound = low + (sound - low) * 10 ** (tilt_db / 20)
        if rng.random() < 0.15:  # a telephone
            band = signal.butter(2, [200, 3600], "bandpass", fs=16_000, output="sos")
            sound = signal.sosfilt(band, sound)
        if rng.random() < 0.4:  # a room
            echo = rng.normal(0, 1, 3200) * np.exp(-np.arange(3200) / rng.uniform(200, 1000))
            echo /= np.sqrt((echo**2).sum())
            sound = sound + rng.uniform(0.1, 0.6) * np.convolve(sound, echo)[: len(sound)]
        sound = levelled(sound.astype(np.float32))
        if rng.random() < 0.7:
            sound = sound + _background(len(sound), rng, others)
        yield _surrounded(replace(one, sound=sound, phones=phones), rng)


def _background(num_samples: int, rng: np.random.Generator, others: Sequence[Spoken]) -> Sound:
    """White, coloured, or a person who says something else."""
    if rng.random() < 0.25:
        noise, loudest_db = np.resize(others[rng.integers(len(others))].sound, num_samples), -12
    else:
        noise, loudest_db = rng.normal(0, 1, num_samples), -6
        if rng.random() < 0.67:
            noise = signal.lfilter([1], [1, -rng.uniform(0.5, 0.97)], noise)
    noise = noise / np.sqrt((noise**2).mean())
    return (noise * 10 ** ((LEVEL_DBFS + rng.uniform(-35, loudest_db)) / 20)).astype(np.float32)


def _surrounded(one: Spoken, rng: np.random.Generator) -> Spoken:
    """With silence at both ends, in half of them not quite silent."""
    before, after = (int(n) for n in rng.integers(0, 8000, 2))
    sound = np.pad(one.sound, (before, after))
    if rng.random() < 0.5:
        sound = sound + rng.normal(0, 10 ** (rng.uniform(-75, -45) / 20), len(sound))
    phones = tuple((s, start + before, end + before) for s, start, end in one.phones)
    return replace(one, sound=sound.astype(np.float32), phones=phones)


def kinds_of(one: Spoken, num_steps: int) -> NDArray[np.int64]:
    """The kind of phone at each step."""
    kinds = np.full(num_steps, PAUSE)
    middles = np.arange(num_steps) * HOP + HOP // 2
    for symbol, start, end in one.phones:
        if symbol in KIND_OF:
            kinds[(middles >= start) & (middles < end)] = KIND_OF[symbol]
    return kinds


def learnt(told: Sequence[Spoken], num_versions: int, num_rounds: int, num_hidden: int) -> Net:
    """The net, on one thread, so that the same speech makes the same weights."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    rng = np.random.default_rng(5)
    made = [each for one in told for each in versions(one, num_versions, rng, told)]
    steps = [features(each.sound) for each in made]
    kinds = np.concatenate([kinds_of(each, len(s)) for each, s in zip(made, steps, strict=True)])
    inputs = np.concatenate(steps)
    mean, scale = inputs.mean(0), inputs.std(0) + 1e-3
    inputs, wanted = torch.tensor((inputs - mean) / scale), torch.tensor(kinds)
    torch.manual_seed(0)
    layers = [
        nn.Linear(inputs.shape[1], num_hidden),
        nn.Linear(num_hidden, num_hidden),
        nn.Linear(num_hidden, NUM_KINDS),
    ]
    first, second, last = layers
    net = nn.Sequential(
        first, nn.ReLU(), nn.Dropout(0.15), second, nn.ReLU(), nn.Dropout(0.15), last
    )
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=2e-2)
    num_steps = num_rounds * (len(inputs) // 1024 + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=num_steps)
    for _ in range(num_rounds):
        for part in torch.randperm(len(inputs)).split(1024):
            unsharp = inputs[part] + 0.1 * torch.randn(len(part), inputs.shape[1])
            loss = nn.functional.cross_entropy(net(unsharp), wanted[part], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"{len(inputs)} steps of 10 ms, loss {loss.item():.3f}", flush=True)
    shares = np.bincount(kinds, minlength=NUM_KINDS) / len(kinds)
    values = {"mean": mean, "scale": scale, "prior": np.log(np.maximum(shares, 1e-3))}
    for name, layer in zip("123", layers, strict=True):
        values |= {f"w{name}": layer.weight.detach(), f"b{name}": layer.bias.detach()}
    return {name: np.asarray(each, np.float32) for name, each in values.items()}


# --- measuring ----------------------------------------------------------------------------------


def reader_of(voice: str) -> str:
    """The built-in voice that reads for a voice: its names say which language it speaks."""
    if voice in CARDS:
        return voice
    return {"b": "bf_emma", "z": "zf_xiaoxiao"}.get(voice[0], "af_heart")


def line_of(voice: str, text: str) -> str:
    """The phonemes that a sentence's voice was given."""
    return load_voice(reader_of(voice)).read((text,)).symbols


def laid(sound: Sound, line: str) -> Alignment | None:
    """Where a recording says ``line``."""
    return aligned(lambda start, end: sound[start:end], len(sound), [line])


def measure(told: Sequence[Spoken]) -> None:
    """Print a table of voices: phones' times, and closures, without the script and with it."""
    print("| voice | phones begin within 20, 40 ms | m, b, p | closed | false presses a second ")
    print("|---|---|---|---|---|")
    for noise_db in (None, 15.0, 5.0):
        name = "" if noise_db is None else f", noise {noise_db:.0f} dB below"
        totals = Score(), Score()
        for voice in dict.fromkeys(one.voice for one in told):
            off_ms: list[float] = []
            scores = Score(), Score()
            for one in (one for one in told if one.voice == voice):
                heard = one if noise_db is None else replace(one, sound=noisy(one.sound, noise_db))
                found = laid(heard.sound, line_of(voice, one.text))
                assert found is not None, "a sentence has room for its own phones"
                (line,) = found.lines
                own = [phone for phone in one.phones if phone[0] in KIND_OF]
                pairs = zip(line.phones, own, strict=True)
                off_ms += [abs(found.start - start) / 16 for found, (_, start, _) in pairs]
                for without, with_script in (scores, totals):
                    without.add(heard)
                    with_script.add(heard, line.phones)
            near = [np.mean(np.array(off_ms) <= limit) for limit in (20, 40)]
            print(f"{voice}{name}: {near[0]:.0%}, {near[1]:.0%}")
            for kind, score in zip(("sound alone", "script"), scores, strict=True):
                print(score.row(f"{voice}{name}, {kind}"), flush=True)
        for kind, score in zip(("sound alone", "script"), totals, strict=True):
            print(score.row(f"in all{name}, {kind}"), flush=True)


def measure_words(told: Sequence[Spoken]) -> None:
    """Print how far from their own times words begin, by language, as campaigns lay them."""
    print("| language, noise | followed | words | off: median, 95th, greatest (ms) | 80 ms | lit |")
    print("|---|---|---|---|---|---|")
    for language in ("en", "zh"):
        of_language = [one for one in told if CARDS[reader_of(one.voice)].language == language]
        for noise_db in (None, 15.0, 5.0):
            off_ms: list[float] = []
            lit = whole = num_followed = 0
            for one in of_language:
                words = laid_words(one if noise_db is None else noisier(one, noise_db), language)
                if words is None:
                    continue
                num_followed += 1
                own = [phone for phone in one.phones if phone[0] in KIND_OF]
                own_words = words_of(line_of(one.voice, one.text), own)
                for (start, end), (own_start, own_end) in zip(words, own_words, strict=True):
                    off_ms.append(abs(start - own_start) / 16)
                    lit += max(0, min(end, own_end) - max(start, own_start))
                    whole += own_end - own_start
            if off_ms:
                name = language if noise_db is None else f"{language}, {noise_db:.0f} dB below"
                told_ms = ", ".join(f"{ms:.0f}" for ms in np.percentile(off_ms, [50, 95, 100]))
                near = np.mean(np.array(off_ms) <= 80)
                print(
                    f"| {name} | {num_followed} of {len(of_language)} | {len(off_ms)} | {told_ms} "
                    f"| {near:.1%} | {lit / whole:.1%} |"
                )


def noisier(one: Spoken, noise_db: float) -> Spoken:
    """A sentence with noise so far below it."""
    return replace(one, sound=noisy(one.sound, noise_db))


def laid_words(one: Spoken, language: Language) -> list[tuple[int, int]] | None:
    """Where a recording says the words of its script; None where it does not seem to."""
    script = read_script(one.text, language)
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "recording.wav"
        soundfile.write(path, one.sound, RATE_HZ, subtype="PCM_16")
        found = script_times(path, script, language)
    if found.phonemes is None or not all(found.readings):
        return None
    phones = [(each.symbol, each.start, each.end) for each in found.phonemes]
    return words_of(" ".join(found.readings), phones)


def words_of(line: str, phones: Sequence[tuple[str, int, int]]) -> list[tuple[int, int]]:
    """First and last sample of the spoken words of a line."""
    found: list[tuple[int, int]] = []
    at = 0
    for word in line.split():
        first = at
        for symbol in sounding(word):
            if at < len(phones) and phones[at][0] == symbol:
                at += 1
        if at > first:
            found.append((phones[first][1], phones[at - 1][2]))
    assert at == len(phones), "the phones are those of the line"
    return found


def measure_scripts(told: Sequence[Spoken]) -> None:
    """Print how much better recordings fit their own script, and another one, than any words."""
    for noise_db in (None, 15.0, 5.0):
        own, others = [], []
        for number, one in enumerate(told):
            sound = one.sound if noise_db is None else noisy(one.sound, noise_db)
            other = next(each for each in (*told[number:], *told) if each.text != one.text)
            own.append(advantage(sound, line_of(one.voice, one.text)))
            others.append(advantage(sound, line_of(one.voice, other.text)))
        found = [f"{np.percentile(own, 0):.2f} {np.percentile(own, [5, 50])}"]
        found += [f"{np.percentile(others, [50, 95])} {max(others):.2f}"]
        print(noise_db, "own", found[0], "other", found[1], flush=True)


def advantage(sound: Sound, line: str) -> float:
    """How much likelier a line is than other words; -1 where there is no room for it."""
    found = laid(sound, line)
    return found.likeness - found.other_likeness if found else -1.0


def main() -> None:
    """Speak, learn or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    steps = ("speak", "learn", "measure", "scripts", "others", "words")
    parser.add_argument("step", choices=steps)
    parser.add_argument("speech", type=Path)
    parser.add_argument("net_path", nargs="?", type=Path, help="Where the learnt net is written.")
    parser.add_argument("--without", nargs="*", default=[], help="Voices to learn nothing from.")
    parser.add_argument("--voices", nargs="*", default=[], help="Measure these alone.")
    parser.add_argument("--unlearnt", action="store_true", help="Measure left-out sentences alone.")
    parser.add_argument("--net", type=Path, help="Measure this net, not the shipped one.")
    parser.add_argument("--styles", type=Path, help="Folder of the voices of others.")
    wanted = parser.parse_args()
    if wanted.step == "speak":
        write(wanted.speech, [*said(), *also_said()])
        return
    if wanted.step == "others":
        if wanted.styles is None:
            parser.error("others needs the voices: others OTHERS.npz --styles FOLDER")
        write(wanted.speech, [*said_by_others(wanted.styles)])
        return
    told = read(wanted.speech)
    if wanted.step == "learn":
        if wanted.net_path is None:
            parser.error("learn needs a place for the net: learn SPEECH.npz NET.npz")
        if wanted.without:
            told = learnt_from(told, wanted.without)
        net = learnt(told, num_versions=5, num_rounds=6, num_hidden=128)
        np.savez(wanted.net_path, **{name: each.astype(np.float16) for name, each in net.items()})
        return
    if wanted.voices:
        told = [one for one in told if one.voice in wanted.voices]
    if wanted.unlearnt:
        told = [one for one in told if is_unlearnt(one.text)]
    with patch.object(phone_net, "NET_PATH", wanted.net or phone_net.NET_PATH):
        {"measure": measure, "scripts": measure_scripts, "words": measure_words}[wanted.step](told)


if __name__ == "__main__":
    main()
