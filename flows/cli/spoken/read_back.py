"""How scripts are read, for people: one text spoken, and what of a campaign differs from print."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from model.errors import RowError
from tasks.errors import counted
from tasks.inputs.inputs import Inputs
from tasks.manifest.lexicon_file import LexiconFile, read_lexicon
from tasks.manifest.presets import load_presets
from tasks.manifest.row import RowDefaults, RowReader
from tasks.manifest.row_files import Files
from tasks.reading.lexicon import NO_LEXICON
from tasks.reading.readback import ReadBack, read_back
from tasks.records import ManifestRow, Record
from tasks.speech.row_speech import row_request
from tasks.speech.speech import VoiceSettings, make_speech
from tasks.speech.speech_files import speech_files
from tasks.speech_records import ReadWords

_PORTRAITS = Path(__file__).parents[3] / "manifests" / "portraits"
_PORTRAIT = "mara.png"  # of the one-row manifest that a text is; nobody sees it
_LEAST_WIDTH = 12
_DOUBTS = "check these words: "  # a warning of the speech; here each doubt is told by itself


class Uncertain(Record):
    """Words whose reading a person should check."""

    written: str
    spoken: str
    why: str


class Saying(Record):
    """What `nightshoot say --json` prints."""

    language: str
    spoken: str
    phonemes: str
    duration_s: float
    notices: tuple[str, ...]
    uncertain: tuple[Uncertain, ...]


@dataclass(frozen=True)
class SayRequest:
    """A text to say, or the file with it, and what its row would say of it."""

    text: str | None = None
    script_file: Path | None = None
    voice: str | None = None
    language: str | None = None
    seed: int | None = None
    lexicon: Path | str | None = None
    voice_settings: VoiceSettings = field(default_factory=VoiceSettings)


@dataclass(frozen=True)
class Said:
    """A text that was said: what to tell of it, and the file that viewers would hear."""

    saying: Saying
    words: tuple[ReadWords, ...]
    sound: Path


def say_one(asked: SayRequest, folder: Path) -> Said:
    """Read and speak a text as if it were a manifest's only row.

    Args:
        asked: the text, and who speaks it.
        folder: an empty one, for the sound.

    Raises:
        RowError: what `nightshoot plan` would tell of such a row.
        LexiconError: the lexicon has faults.
    """
    file = _lexicon_of(asked, folder)
    row = _row_of(asked)
    lexicon = file.lexicon if file else NO_LEXICON
    speech = make_speech(row_request(row, asked.voice_settings, lexicon), folder)
    back = read_back(row.script or "", row.language, lexicon)
    notices = file.told([(row.script or "", row.language)]) if file else ()
    saying = Saying(
        language=row.language,
        spoken=back.spoken,
        phonemes=" ".join(clause.line for clause in speech.clauses if speech.source == "builtin"),
        duration_s=round(speech.num_samples / speech.sample_rate_hz, 3),
        notices=(*notices, *(each for each in speech.warnings if not each.startswith(_DOUBTS))),
        uncertain=tuple(_uncertain(back)),
    )
    return Said(saying, back.words, speech_files(speech.speech_id, folder).viewer)


def _lexicon_of(asked: SayRequest, folder: Path) -> LexiconFile | None:
    if asked.lexicon is None:
        return None
    with Inputs(folder / "inputs") as inputs:
        return read_lexicon(asked.lexicon, inputs)


def _row_of(asked: SayRequest) -> ManifestRow:
    cells = {
        "video_id": "say",
        "portrait": _PORTRAIT,
        "script": asked.text or "",
        "script_file": str(asked.script_file.resolve()) if asked.script_file else "",
        "voice": asked.voice or "",
        "language": asked.language or "",
        "seed": "" if asked.seed is None else str(asked.seed),
    }
    files = Files(_PORTRAITS, allow_outside=True, inputs=None)
    reader = RowReader(1, cells, RowDefaults(), files, tuple(load_presets()))
    row = reader.read()
    if row is None:
        raise RowError("\n".join(map(str, reader.faults)))
    return row


def _uncertain(back: ReadBack) -> Iterator[Uncertain]:
    for words in back.words:
        if words.doubt:
            yield Uncertain(written=words.written, spoken=words.spoken, why=words.doubt)


def said_tables(said: Said, out: Path | None) -> Iterator[RenderableType]:
    """What `nightshoot say` prints."""
    saying = said.saying
    table = Table(show_header=False, box=None)
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("language", saying.language)
    table.add_row("spoken", Text(saying.spoken))
    table.add_row("phonemes", Text(saying.phonemes or "(the voice keeps them to itself)"))
    table.add_row("duration", f"{saying.duration_s:.2f} s")
    if out is not None:
        table.add_row("written to", Text(str(out)))
    yield table
    if said.words:
        words = _words_table()
        for each in said.words:
            words.add_row(*_cells(each))
        yield words
    for notice in saying.notices:
        yield Text(f"note: {notice}", style="yellow")


def spoken_tables(readings: Sequence[tuple[str, Sequence[ReadWords]]]) -> Iterator[RenderableType]:
    """What `nightshoot plan --spoken` prints: for each video, what differs from its script.

    Args:
        readings: video_id and words, in the manifest's order.
    """
    table = _words_table("video")
    told = [(video_id, words) for video_id, words in readings if words]
    for video_id, words in told:
        for index, each in enumerate(words):
            table.add_row(Text(video_id if index == 0 else ""), *_cells(each))
    if told:
        yield table
    num_plain = len(readings) - len(told)
    if num_plain:
        yield Text(f"{counted(num_plain, 'script')} read as written")
    num_doubts = sum(1 for _, words in told for each in words if each.doubt)
    if num_doubts:
        yield Text(f"{counted(num_doubts, 'reading')} to check, marked ?", style="yellow")


def _words_table(*first: str) -> Table:
    table = Table(box=None)
    for name in first:
        table.add_column(name, overflow="fold")
    for name in ("written", "spoken"):
        table.add_column(name, overflow="fold", min_width=_LEAST_WIDTH, ratio=3)
    table.add_column("check", overflow="fold", ratio=2)
    return table


def _cells(words: ReadWords) -> tuple[Text, Text, Text]:
    style = "yellow" if words.doubt else ""
    told = f"? {words.doubt}" if words.doubt else ""
    return Text(words.written), Text(words.spoken or "(silence)", style), Text(told, style)
