"""Records of what is said: a speech, its clauses and their sounds; words read otherwise."""

from typing import Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from tasks.record import Record


class Cue(Record):
    """A stretch of text as it is spoken: ``start_sample <= i < end_sample`` of the speech."""

    text: str
    start_sample: int = Field(ge=0)
    end_sample: int


class TimedPhoneme(Record):
    """A phone in the engine's copy of the speech, in samples at 16 kHz from its start."""

    symbol: str
    start: int
    end: int


class SpokenClause(Record):
    """One clause of a spoken script: how it was read, and its sound in the shared store."""

    spoken: str = Field(description="In words.")
    line: str = Field(
        description="What the voice was given: phonemes, or a text; empty for a recording."
    )
    sound: str = Field(
        description="Key of its sound, shared by all campaigns of a folder; empty for a recording."
    )
    reading: str = Field(
        default="", description="Phonemes that were found in a sound that came without; else empty."
    )

    @model_serializer(mode="wrap")
    def _read_where_found(self, dump: SerializerFunctionWrapHandler) -> dict[str, object]:
        """A built-in voice's clause is written as every release wrote it."""
        fields: dict[str, object] = dump(self)
        return fields if self.reading else {k: v for k, v in fields.items() if k != "reading"}


class ClauseSound(Record):
    """What is known of the sound of one clause, inside its own file."""

    key: str
    sample_rate_hz: int = Field(ge=1)
    num_samples: int = Field(ge=0)
    sha256: str = Field(description="Of its samples, 32-bit floats, low byte first.")
    phones: tuple[tuple[str, int, int], ...] | None = Field(
        description="Symbol, first sample, sample behind the last; None where a voice gives none."
    )


class Reread(Record):
    """Words that are read otherwise today than when their speech was made."""

    written: str
    spoken: str = Field(description="Today.")


class Speech(Record):
    """The receipt of one spoken script or imported recording (`speech/<sha256>.json`).

    The viewer's copy is `<sha256>.wav` (loudness untouched); the engine's copy is
    `<sha256>.16k.wav` (16 kHz mono int16, level normalised).
    """

    speech_id: str = Field(description="sha256 of everything the sound depends on.")
    source: Literal["builtin", "recording", "http", "command"]
    voice: str
    language: Literal["en", "zh"]
    sample_rate_hz: int = Field(ge=8000, description="Of the viewer's copy.")
    num_channels: int = Field(ge=1, le=2)
    num_samples: int = Field(ge=1, description="Per channel, of the viewer's copy.")
    engine_gain_db: float = Field(description="From the viewer's to the engine's copy.")
    grid_levels_db: tuple[float, ...] = Field(
        description="Level around frame 12*i for i = 0, 1, ...: where a cut would be heard least."
    )
    cues: tuple[Cue, ...] = Field(description="Captions; empty for a recording without a script.")
    phonemes: tuple[TimedPhoneme, ...] | None = None
    clauses: tuple[SpokenClause, ...] = Field(
        default=(), description="One for each caption; empty where their words were not found."
    )
    front_end: str = Field(default="", description="Digest of all by which the script was read.")
    request_sha256: str = Field(
        default="", description="Of what was asked; empty where the speech has that name itself."
    )
    warnings: tuple[str, ...] = ()
    file_sha256: str = Field(description="Of the viewer's copy.")
    engine_file_sha256: str = Field(description="Of the engine's copy.")
    versions: dict[str, str] = Field(default_factory=dict)


class ReadWords(Record):
    """Words of a script that are not read as they are written, or that a person should check."""

    written: str
    spoken: str = Field(description="In words; phonemes or pinyin where exact sounds are given.")
    doubt: str | None = Field(default=None, description="Why a person should check it.")
