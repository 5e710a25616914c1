"""Settings of a row's clips and of its engine: where they come from, and what is wrong with them.

A row's value is its cell's, else the option's, else the preset's, else the engine's own.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from model.engine import FRAME_MULTIPLE, EngineIdentity, engine_identity, load_engine
from model.errors import CampaignError
from tasks.manifest.cell_values import BadValueError, parse_number, smaller_size_fault
from tasks.manifest.presets import Preset
from tasks.records import ManifestRow, Scalar

INFER_FRAMES, SEGMENT_CLIPS, HANDOFF = "infer_frames", "segment_clips", "handoff"
CLIP_RANGES: Mapping[str, tuple[int, int]] = {INFER_FRAMES: (1, 480), SEGMENT_CLIPS: (1, 10_000)}
"""What planning itself reads, whatever the engine."""
_MOST_WHOLE = 10**15
SETTING_COLUMNS = (
    INFER_FRAMES,
    SEGMENT_CLIPS,
    "sample_steps",
    "sample_guide_scale",
    "dtype",
    HANDOFF,
)
"""Settings with a column and an option of their own; the others are reached with ``--set``."""

LAST_FRAME = "last-frame"
"""What an engine without a ``handoff`` counts as: each of its segments is an unbroken run."""
CONTEXT = "context"
DEFAULT_SEGMENT_CLIPS: Mapping[str, int] = {LAST_FRAME: 3, CONTEXT: 10}
"""Where neither the row, an option nor the preset says.

last-frame: every seam costs a new beginning, and drift adds up from seam to seam; but a failure
costs one segment. Three clips of 48 frames are 5.8 s, a sentence, so cuts find pauses.
context: a segment first fills its memories again, which costs its last clip's blocks but one, so
longer ones waste less; the run goes on over the seam, so their number changes nothing else.
"""


@dataclass(frozen=True)
class RowSettings:
    """What a row is planned with.

    Attributes:
        infer_frames: frames of a clip, as they are counted.
        segment_clips: clips that a segment aims at.
        engine: every setting of the engine.
        asked: names of those that the row, an option or its preset gives.
    """

    infer_frames: int
    segment_clips: int
    engine: dict[str, Scalar]
    asked: frozenset[str]


def row_settings(
    row: ManifestRow, preset: Preset, options: Mapping[str, Scalar], identity: EngineIdentity
) -> RowSettings:
    """A row's values, complete.

    Raises:
        BadValueError: an option is of another kind than its setting; see :func:`check_options`.
    """
    wanted = {**preset.settings, **options, **row.settings}
    engine = {
        name: as_kind_of(default, wanted.get(name, default))
        for name, default in sorted(identity.known_settings.items())
    }
    later = identity.later_settings
    engine = {name: value for name, value in engine.items() if value != later.get(name)}
    usual = DEFAULT_SEGMENT_CLIPS[str(engine.get(HANDOFF, LAST_FRAME))]
    return RowSettings(
        infer_frames=_whole(wanted[INFER_FRAMES]),
        segment_clips=_whole(wanted.get(SEGMENT_CLIPS, usual)),
        engine=engine,
        asked=frozenset(wanted.keys() & identity.known_settings.keys()),
    )


# --- one value ----------------------------------------------------------------------------------


def setting_value(engine: str, name: str, given: Scalar) -> Scalar:
    """What somebody wrote for a setting, as the engine takes it.

    Raises:
        BadValueError: neither the engine nor planning has it, or the value breaks a rule of it.
    """
    known = engine_identity(engine).known_settings
    if name not in known and name not in CLIP_RANGES:
        raise BadValueError(
            f"engine {engine} does not have this setting", "leave it out or choose another engine"
        )
    if name in CLIP_RANGES:
        given = parse_number(str(given), *CLIP_RANGES[name])
    if name not in known:
        return given
    value = as_kind_of(known[name], given)
    fault = load_engine(engine).setting_fault(name, value)
    if fault:
        raise BadValueError(fault, f'try "{known[name]}"')
    return value


def as_kind_of(default: Scalar, given: Scalar) -> Scalar:
    """``given`` as a value of the default's type: cells and options are text, JSON is not.

    Raises:
        BadValueError: it is none.
    """
    if isinstance(default, bool):
        return _yes_or_no(given)
    if isinstance(default, int):
        return _whole(given)
    if isinstance(default, float):
        return _number(given, default)
    if not isinstance(given, str):
        raise BadValueError("must be text", f'try "{default}"')
    return given


def _yes_or_no(given: Scalar) -> bool:
    words = {"true": True, "false": False}
    text = str(given).lower()
    if text not in words:
        raise BadValueError("must be true or false", "write one of the two")
    return words[text]


def _whole(given: Scalar) -> int:
    try:
        return parse_number(str(given), -_MOST_WHOLE, _MOST_WHOLE)
    except BadValueError as error:
        raise BadValueError("must be a whole number", error.args[1]) from error


def _number(given: Scalar, default: float) -> float:
    try:
        value = math.nan if isinstance(given, bool) else float(given)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadValueError("must be a number", f'try "{default}"')
    return value


# --- a whole campaign ---------------------------------------------------------------------------


def check_options(
    rows: Sequence[ManifestRow], presets: Mapping[str, Preset], options: Mapping[str, Scalar]
) -> None:
    """What rows get from options and presets obeys the rules of their engines.

    Raises:
        CampaignError: it does not, with every fault; or no engine of the rows can use an option.
    """
    engines = sorted({row.engine for row in rows})
    faults = [
        *(
            fault
            for name, given in options.items()
            for fault in _option_faults(name, given, engines)
        ),
        *_preset_faults(rows, presets),
        *_size_faults(rows, presets),
    ]
    if faults:
        raise CampaignError("\n".join(dict.fromkeys(faults)))


def _option_faults(name: str, given: Scalar, engines: Sequence[str]) -> Iterator[str]:
    users = [
        each for each in engines if name in {*engine_identity(each).known_settings, *CLIP_RANGES}
    ]
    if not users:
        known = {each for engine in engines for each in engine_identity(engine).known_settings}
        names = ", ".join(sorted(known | set(CLIP_RANGES)))
        yield (
            f'setting "{name}" has no use in engine {", ".join(engines)}, whose settings are '
            f"{names}; leave it out or choose another --engine"
        )
    for engine in users:
        try:
            setting_value(engine, name, given)
        except BadValueError as error:
            rule, way_out = error.args
            yield f'setting "{name}" "{given}": {rule}; {way_out}'


def _preset_faults(rows: Sequence[ManifestRow], presets: Mapping[str, Preset]) -> Iterator[str]:
    for preset, engine in sorted({(row.preset, row.engine) for row in rows}):
        known = {*engine_identity(engine).known_settings, *CLIP_RANGES}
        for name, given in presets[preset].settings.items():
            if name not in known:
                continue  # a preset serves every engine
            try:
                setting_value(engine, name, given)
            except BadValueError as error:
                rule, way_out = error.args
                yield f'preset "{preset}", engine {engine}: {name} "{given}": {rule}; {way_out}'


def _size_faults(rows: Sequence[ManifestRow], presets: Mapping[str, Preset]) -> Iterator[str]:
    for row in rows:
        yield from _smaller_size_faults(row, presets[row.preset])
        least = engine_identity(row.engine).min_side
        way_out = f"engine {row.engine} needs at least {least} pixels on each side"
        if row.width is None or row.height is None:
            preset = presets[row.preset]
            if preset.area < least**2:
                size = f"{preset.width}x{preset.height}"
                yield f'preset "{row.preset}": {size} is too small: {way_out}; choose another'
        elif min(row.width, row.height) < least:  # a cell's was refused with its row
            larger = f"{max(row.width, least)}x{max(row.height, least)}"
            yield f'--size "{row.width}x{row.height}" is too small: {way_out}; try "{larger}"'


def _smaller_size_faults(row: ManifestRow, preset: Preset) -> Iterator[str]:
    """What only the option or the preset makes wrong; a cell's was refused with its row."""
    if row.smaller_size is None:
        return
    told = "{}x{}".format(*row.smaller_size)
    least = engine_identity(row.engine).min_side
    if min(row.smaller_size) < least:
        yield (
            f'--smaller-size "{told}" is too small: engine {row.engine} needs at least {least} '
            f"pixels on each side; "
            f'try "{max(row.smaller_size[0], least)}x{max(row.smaller_size[1], least)}"'
        )
    size = (preset.width, preset.height)
    fault = smaller_size_fault(size, row.smaller_size) if row.width is None else None
    if fault:
        yield (
            f'{row.video_id}: smaller_size "{told}", preset "{row.preset}": {fault[0]}; {fault[1]}'
        )


def notices_of(
    rows: Sequence[ManifestRow], presets: Mapping[str, Preset], options: Mapping[str, Scalar]
) -> list[str]:
    """What somebody asked for and rows do not get to the letter, each said once.

    A preset serves every engine, so a value of it that an engine has no use for is no news.
    """
    notices: list[str] = []
    for engine in sorted({row.engine for row in rows}):
        unused = set(options) - {*engine_identity(engine).known_settings, *CLIP_RANGES}
        if unused:
            names = ", ".join(sorted(unused))
            notices.append(
                f"{names} has no effect on rows with the {engine} engine, which does not use it"
            )
    clips: dict[int, bool] = {}  # frames -> whether an engine's attention window is as long
    for row in rows:
        identity = engine_identity(row.engine)
        frames = row_settings(row, presets[row.preset], options, identity).infer_frames
        clips[frames] = clips.get(frames, False) or INFER_FRAMES in identity.settings
    uneven = {frames: clips[frames] for frames in sorted(clips) if frames % FRAME_MULTIPLE}
    return [*notices, _uneven_notice(uneven)] if uneven else notices


def _uneven_notice(clips: Mapping[int, bool]) -> str:
    windows = [
        f"{frames} -> {math.ceil(frames / FRAME_MULTIPLE) * FRAME_MULTIPLE}"
        for frames, is_window in clips.items()
        if is_window
    ]
    told = ", and the attention window is rounded up to whole blocks: " if windows else ""
    return (
        f"infer_frames {', '.join(map(str, clips))} is not a multiple of {FRAME_MULTIPLE}: clips "
        f"have this length, but segments are cut at multiples of {FRAME_MULTIPLE} frames"
        f"{told}{', '.join(windows)}"
    )
