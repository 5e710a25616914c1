"""`nightshoot say` and `plan --spoken`: scripts read back to a person."""

import json
import sys
from io import StringIO
from pathlib import Path

import pytest
import soundfile
from rich.console import Console

from flows.cli.main import main
from flows.cli.spoken.read_back import spoken_tables
from tasks.speech_records import ReadWords

ROOT = Path(__file__).parents[3]
PORTRAIT = (ROOT / "manifests" / "portraits" / "mara.png").read_bytes()


@pytest.fixture
def command(monkeypatch, capsys):
    """The command line in this process: its exit code, what it printed, what it complained of."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["nightshoot", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "80")
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


def test_a_text_is_said_as_json_with_exactly_these_fields(command):
    code, out, _ = command("say", "--json", "The IKEA lamp costs $1,999 until 03/04/2026.")
    said = json.loads(out)
    assert code == 0
    assert list(said) == [
        "language", "spoken", "phonemes", "duration_s", "notices", "uncertain",
    ]  # fmt: skip
    assert said["language"] == "en"
    assert said["spoken"] == (
        "The IKEA lamp costs one thousand nine hundred ninety-nine dollars until March fourth, "
        "twenty twenty-six."
    )
    assert "Ikˈiə lˈæmp" in said["phonemes"]
    assert 5 < said["duration_s"] < 9
    (uncertain,) = said["uncertain"]
    assert list(uncertain) == ["written", "spoken", "why"]
    assert uncertain["written"] == "03/04/2026"
    assert uncertain["why"] == "day and month could be swapped"
    assert said["notices"] == []


def test_a_mandarin_text_is_recognised_and_said(command):
    code, out, _ = command("say", "--json", "HUAWEI手机只要￥299。")
    said = json.loads(out)
    assert (code, said["language"]) == (0, "zh")
    assert said["spoken"] == "HUAWEI手机只要二百九十九元。"
    assert said["phonemes"].startswith("xwa↗wei↗")
    assert said["uncertain"] == []


def test_the_terminal_shows_what_was_changed_and_what_to_check(command):
    code, out, _ = command("say", "Pay $5 by 03/04/2026.")
    assert code == 0
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "language  en" in out
    assert "Pay five dollars by March fourth, twenty twenty-six." in out
    assert "phonemes" in out
    assert "duration" in out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "$5 five dollars" in lines
    assert any(line.startswith("03/04/2026 March fourth, twenty twenty-six ?") for line in lines)


def test_the_sound_is_written_where_it_is_asked_for(command, tmp_path):
    sound = tmp_path / "new" / "hello.wav"
    code, out, _ = command("say", "--out", sound, "Hello there.")
    assert code == 0
    assert "written to" in out
    info = soundfile.info(sound)
    assert info.frames / info.samplerate > 0.5
    assert [path.name for path in sound.parent.iterdir()] == ["hello.wav"]


def test_a_script_comes_from_a_file(command, tmp_path):
    script = tmp_path / "script.txt"
    script.write_bytes("你好，世界。".encode("gb18030"))
    code, out, _ = command("say", "--json", "--file", script)
    assert (code, json.loads(out)["spoken"]) == (0, "你好，世界。")


def test_a_lexicon_is_used_and_its_idle_words_are_told(command, tmp_path):
    words = tmp_path / "words.csv"
    words.write_text("word,say\nZoe,zoh ee\nYves,eve\n")
    code, out, _ = command("say", "--json", "--lexicon", words, "Zoe smiles.")
    said = json.loads(out)
    assert (code, said["spoken"]) == (0, "zoh ee smiles.")
    assert said["notices"] == [f"{words}: no script has this word: Yves"]
    words.write_text("word,say\nZoe,z0e\n")
    code, _, err = command("say", "--lexicon", words, "Zoe smiles.")
    assert code == 2
    assert err == f'{words}:2: say "z0e": has digits; write numbers in words\n'


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), 'give either a TEXT, such as "Hello there.", or --file'),
        (("Hi.", "--file", __file__), 'give either a TEXT, such as "Hello there.", or --file'),
        (("Hi.", "--out", "a.mp3"), '--out "a.mp3" must end in .wav, because WAV is what is'),
        (("Hi.", "--voice", "nobody"), 'voice "nobody": must be one of hibari'),
        (("Hi.", "--seed", "-1"), 'seed "-1": must be'),
        (("",), "script: the row has nothing to speak"),
        (("...",), "nothing in the script can be spoken: '...'; write words or numbers"),
        (("你好", "--voice", "hibari"), 'voice "hibari" speaks English and cannot say "你好"'),
    ],
)
def test_what_cannot_be_said_is_refused_before_any_sound(command, arguments, told):
    code, out, err = command("say", *arguments)
    assert (code, out) == (2, "")
    assert told in err


def manifest(folder: Path, *scripts: str) -> Path:
    (folder / "mara.png").write_bytes(PORTRAIT)
    path = folder / "june.csv"
    # plan times each engine on short videos: the null engine takes the least
    rows = [f'v{number},"{script}",mara.png,null' for number, script in enumerate(scripts)]
    path.write_text("video_id,script,portrait,engine\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("script", ["...", "Привет, как дела?"])
def test_a_refused_text_gets_the_message_that_plan_gives(command, tmp_path, script):
    code, _, err = command("say", script)
    path = manifest(tmp_path, script)
    planned, out, plan_err = command("plan", path, "--out", tmp_path / "renders", "--json")
    assert (code, planned) == (2, 2)
    message = " ".join(err.split())
    assert message
    assert message in " ".join((out + plan_err).split()).replace('\\"', '"')


def test_plan_shows_written_and_spoken_side_by_side(command, tmp_path):
    (tmp_path / "lexicon.csv").write_text("word,say\nZoe,zoh ee\nYves,eve\n")
    path = manifest(tmp_path, "Zoe pays $5 by 03/04/2026.", "Hello there.")
    out = tmp_path / "renders"
    plan = ("plan", path, "--out", out, "--workers", 1)
    code, text, _ = command(*plan, "--spoken")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert code == 0
    assert f"note: {tmp_path / 'lexicon.csv'}: no script has this word: Yves" in lines
    assert "v0 Zoe zoh ee" in lines
    assert "$5 five dollars" in lines
    assert "1 script read as written" in lines
    assert "1 reading to check, marked ?" in lines

    plan = (*plan, "--set", "fail=resource")  # so that it makes no more videos to time them
    code, text, _ = command(*plan, "--spoken", "--json")
    assert code == 0
    first, second = json.loads(text)["videos"]
    assert [words["written"] for words in first["words"]] == ["Zoe", "$5", "03/04/2026"]
    assert first["words"][2]["doubt"] == "day and month could be swapped"
    assert second["words"] == []
    code, text, _ = command(*plan, "--json")
    assert code == 0
    assert json.loads(text)["videos"][0]["words"] == []


def test_the_readings_of_a_campaign_fit_eighty_columns():
    words = (
        ReadWords(written="%" * 90, spoken="one two three four five six seven eight " * 4),
        ReadWords(
            written="￥1,299.00", spoken="一千二百九十九元" * 6, doubt="a longish doubt " * 5
        ),
        ReadWords(written="™", spoken=""),
    )
    console = Console(width=80, file=StringIO())
    for part in spoken_tables([("a-video-with-quite-a-long-name-of-its-own", words), ("b", ())]):
        console.print(part)
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("%") == 90
    assert "(silence)" in text


def test_plan_without_a_manifest_has_no_scripts_to_show(command):
    code, _, err = command("plan", "--gpus", "1xH100", "--spoken")
    assert code == 2
    assert "--spoken works only together with a MANIFEST; give one" in err
