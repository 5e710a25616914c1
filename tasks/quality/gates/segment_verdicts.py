"""Figures of one segment -> what its gates found wrong, each at its second. Pure.

F frames, L looks. Verdicts count seconds from the segment's first frame.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from model.engine import FPS
from tasks.gate_records import GateFigures, GateLimits, GateName, GateVerdict, SyncFigures
from tasks.quality.lipsync import FRAMES_PER_SECOND, fit_at

_LEAST_SPEECH_S = 2.0  # less cannot tell a fit from luck
_SURE_R = 0.6  # from here on a lag is a lag
_CLEARER_R = 0.1  # that the usual lag must fit worse: speech of an even beat fits a beat later too
_EQUAL_STEP = 0.0005  # grey levels: no pixel differs
_CLOSED_EYES = 0.4  # of the portrait's opening
_DEAD_FRAMES = 50
_LOUD, _LEAST_LOUD_SHARE = 0.35, 0.5
_HEAD_LOOK_S = 0.5
_CAUSES: tuple[GateName, ...] = (
    "black",
    "noise",
    "frozen",
    "exposure",
    "sharpness",
    "faces",
    "identity",
    "sync",
    "life",
    "seam",
    "drift",
)

_Frames = NDArray[np.float64]


def segment_verdicts(
    figures: GateFigures, limits: GateLimits, *, is_held: bool
) -> tuple[GateVerdict, ...]:
    """What is wrong with one segment, at most one finding a gate; empty: it passes.

    Args:
        figures: of the segment.
        limits: of its engine.
        is_held: whether a finding holds the video.
    """
    found: dict[GateName, GateVerdict] = {}
    for gate, frame, value, limit, words in _findings(figures, limits):
        verdict = GateVerdict(
            gate=gate,
            second=round(frame / FPS, 2),
            value=round(value, 3),
            limit=limit,
            held=is_held,
            words=words,
        )
        found.setdefault(gate, verdict)
    return in_order(found.values())


def in_order(verdicts: Iterable[GateVerdict]) -> tuple[GateVerdict, ...]:
    """By second; within one, what may have caused the others first."""
    return tuple(sorted(verdicts, key=lambda each: (int(each.second), _CAUSES.index(each.gate))))


def severity(verdicts: Sequence[GateVerdict]) -> tuple[int, float]:
    """For the choice between tries: how many findings, then how far beyond their limits."""
    beyond = [abs(each.value - each.limit) / max(abs(each.limit), 1.0) for each in verdicts]
    return len(verdicts), round(sum(beyond), 6)


_Finding = tuple[GateName, int, float, float, str]


def _findings(figures: GateFigures, limits: GateLimits) -> Iterator[_Finding]:
    limits = _placed(limits) if figures.face == "placed" else limits
    is_blank = _blank(figures, limits)
    is_noisy = _noisy(figures, limits)  # told every third frame: it may have begun before
    is_noisy |= _near(is_noisy[::-1], 2)[::-1]
    yield from _picture(figures, limits, is_blank, is_noisy)
    yield from _colours(figures, limits, is_blank | is_noisy)
    yield from _frozen(figures, limits)
    yield from _seam(figures, limits)
    if figures.face != "none":
        yield from _faces(figures, limits)
        yield from _likeness(figures, limits)
        yield from _life(figures, limits)
        # a blank frame is no mouth, and moves more than all the others together
        if not (is_blank | is_noisy).any():
            yield from _mouth(figures, limits)
            if figures.sync is not None:
                yield from _sync(figures, figures.sync, limits)


def _placed(limits: GateLimits) -> GateLimits:
    """Limits where a face is taken to stay: a head that moves is seen less well, not less good."""
    likeness = limits.placed_least_likeness
    return limits.model_copy(
        update={
            "least_r": limits.placed_least_r,
            "least_r_at_usual_lag": None,
            "least_likeness": likeness,
            "least_likeness_moment": likeness,
            "most_open_in_silence": None,
        }
    )


# --- the picture --------------------------------------------------------------------------------


def _blank(figures: GateFigures, limits: GateLimits) -> NDArray[np.bool_]:
    contrast = np.array(figures.contrast)
    return contrast < (-1.0 if limits.least_contrast is None else limits.least_contrast)


def _noisy(figures: GateFigures, limits: GateLimits) -> NDArray[np.bool_]:
    texture = np.array(figures.texture)
    return texture > (np.inf if limits.most_texture is None else limits.most_texture)


def _picture(
    figures: GateFigures,
    limits: GateLimits,
    is_blank: NDArray[np.bool_],
    is_noisy: NDArray[np.bool_],
) -> Iterator[_Finding]:
    if limits.least_contrast is not None and is_blank.any():
        frame = int(is_blank.argmax())
        value = float(np.array(figures.contrast)[is_blank].min())
        yield "black", frame, value, limits.least_contrast, "picture of one colour"
    texture = np.array(figures.texture)
    if limits.most_texture is not None and is_noisy.any():
        frame = int(is_noisy.argmax())
        yield "noise", frame, float(texture.max()), limits.most_texture, "picture full of noise"
    if limits.least_texture is not None:
        is_soft = (texture < limits.least_texture) & ~is_blank
        # the figure is taken every third frame: one that fell on a blank frame is no blur
        is_soft &= ~_near(is_blank, 2)
        if is_soft.any():
            value = float(texture[is_soft].min())
            yield (
                "sharpness",
                int(is_soft.argmax()),
                value,
                limits.least_texture,
                f"picture blurred: {value:.0%} of the portrait's detail is left",
            )


def _colours(
    figures: GateFigures, limits: GateLimits, is_left_out: NDArray[np.bool_]
) -> Iterator[_Finding]:
    colour = np.array(figures.colour)
    steps = np.abs(np.diff(colour, axis=0)).max(1, initial=0.0)
    steps[is_left_out[1:] | is_left_out[:-1]] = 0
    if limits.most_colour_step is not None and (steps > limits.most_colour_step).any():
        frame = int((steps > limits.most_colour_step).argmax()) + 1
        value = float(steps[frame - 1])
        words = f"colours change at once by {value:.1f} grey levels"
        yield "exposure", frame, value, limits.most_colour_step, words
    off = np.abs(colour).max(1)
    off[is_left_out] = 0
    if limits.most_colour_off is not None and (off > limits.most_colour_off).any():
        frame = int((off > limits.most_colour_off).argmax())
        value = float(off.max())
        words = f"colours differ from the portrait's by {value:.1f} grey levels"
        yield "exposure", frame, value, limits.most_colour_off, words


def _frozen(figures: GateFigures, limits: GateLimits) -> Iterator[_Finding]:
    most = limits.frozen_frames if figures.source == "raw" else limits.frozen_frames_decoded
    if most is None or figures.is_still:
        return
    is_equal = np.array(figures.step) <= _EQUAL_STEP
    is_equal[0] &= figures.seam is not None  # a first frame has none before it
    start, length = _longest(is_equal)
    if length >= most:
        words = "a frame is shown twice"
        if length > 1:
            words = f"picture frozen for {length / FPS:.1f} s"
        yield "frozen", start, float(length), float(most), words


def _seam(figures: GateFigures, limits: GateLimits) -> Iterator[_Finding]:
    seam = figures.seam
    if seam is None or limits.most_seam_step is None:
        return
    # one frame before the seam does not tell its motion: a blink that begins there is no jump, as
    # it is no larger than other steps of the segment
    largest = max(figures.step[1:], default=0.0)
    beyond = min(seam.unexplained_step - seam.unexplained_beside, figures.step[0] - largest)
    if beyond > limits.most_seam_step:
        words = "picture jumps where a segment begins"
        yield "seam", 0, beyond, limits.most_seam_step, words


# --- the presenter ------------------------------------------------------------------------------


def _faces(figures: GateFigures, limits: GateLimits) -> Iterator[_Finding]:
    strangers = np.array(figures.strangers)
    if limits.most_strangers is not None and (strangers > limits.most_strangers).any():
        look = int((strangers > limits.most_strangers).argmax())
        number = int(strangers.max()) + 1
        words = "a second face" if number == 2 else f"{number} faces"
        frame = _frame_of(look, figures)
        yield "faces", frame, float(strangers.max()), float(limits.most_strangers), words
    if limits.most_unseen_looks is not None and figures.face == "mesh":
        start, length = _longest(np.array([each is None for each in figures.likeness]))
        if length > limits.most_unseen_looks:
            limit = float(limits.most_unseen_looks)
            frame = _frame_of(start, figures)
            yield "faces", frame, float(length), limit, "the presenter's face is not seen"


def _likeness(figures: GateFigures, limits: GateLimits) -> Iterator[_Finding]:
    known = [(look, each) for look, each in enumerate(figures.likeness) if each is not None]
    words = "another face than the portrait's"
    if limits.least_likeness_moment is not None:
        limit = limits.least_likeness_moment
        for (look, first), (_, second) in pairwise(known):
            if max(first, second) < limit:  # one look may fall into a blink
                value = min(first, second)
                yield "identity", _frame_of(look, figures), value, limit, words
                return
    if limits.least_likeness is not None and known:
        value = float(np.median([each for _, each in known]))
        if value < limits.least_likeness:
            yield "identity", 0, value, limits.least_likeness, words


def _life(figures: GateFigures, limits: GateLimits) -> Iterator[_Finding]:
    if limits.most_eyes_closed_s is not None:
        is_closed = [each is not None and each < _CLOSED_EYES for each in figures.eyes]
        start, length = _longest(np.array(is_closed))
        seconds = (length - 1) * figures.look_every / FPS
        if length > 1 and seconds > limits.most_eyes_closed_s:
            words = f"eyes closed for {seconds:.1f} s"
            yield "life", _frame_of(start, figures), seconds, limits.most_eyes_closed_s, words
    if limits.most_head_move is not None:
        for look, (before, after) in enumerate(pairwise(figures.head)):
            if before is None or after is None:
                continue
            move = float(np.hypot(after[0] - before[0], after[1] - before[1]))
            if move > limits.most_head_move:
                words = f"head jumps by {move:.2f} eye distances within {_HEAD_LOOK_S} s"
                yield "life", _frame_of(look, figures), move, limits.most_head_move, words
                return


def _mouth(figures: GateFigures, limits: GateLimits) -> Iterator[_Finding]:
    """A mouth that stays shut while the voice is loud, or moves more than one can."""
    motion, speech = np.array(figures.motion), np.array(figures.speech)
    for start in range(0, max(1, len(motion) - _DEAD_FRAMES + 1), 5):
        part = slice(start, start + _DEAD_FRAMES)
        loud = float((speech[part] > _LOUD).mean())
        if limits.least_motion is None or loud < _LEAST_LOUD_SHARE or len(motion) < _DEAD_FRAMES:
            continue
        change = float(np.abs(np.diff(motion[part])).mean())
        if change < limits.least_motion:
            words = "mouth hardly moves while the voice is loud"
            yield "life", start, change, limits.least_motion, words
            break
    if limits.most_motion is not None and _reach(motion) > limits.most_motion:
        words = "mouth moves more than a mouth can"
        yield "life", 0, _reach(motion), limits.most_motion, words


def _sync(figures: GateFigures, found: SyncFigures, limits: GateLimits) -> Iterator[_Finding]:
    if found.speech_s >= _LEAST_SPEECH_S:
        is_luck = found.z < limits.least_segment_z  # seconds of another sound may reach r 0.5
        off = found.lag_ms - limits.usual_lag_ms
        least_r = _least_r(off, limits)
        if least_r is not None and found.r < least_r and is_luck:
            words = "mouth does not follow the sound"
            yield "sync", 0, found.r, least_r, words
        if found.r >= _SURE_R:
            mouth = np.array(figures.motion)
            levels = np.repeat(figures.speech, FRAMES_PER_SECOND // FPS)
            yield from lag_finding(0, found.lag_ms, (mouth, levels), limits)
    silent, most = found.open_in_silence, limits.most_open_in_silence
    if silent is not None and most is not None and silent > most:
        yield "sync", 0, silent, most, "mouth stays open in silence"


def _least_r(off_ms: float, limits: GateLimits) -> float | None:
    """The least correlation of a mouth whose lag is ``off_ms`` from what is usual."""
    most = limits.most_lag_off_ms
    if limits.least_r_at_usual_lag is None or most is None or abs(off_ms) > most:
        return limits.least_r
    return limits.least_r_at_usual_lag


def lag_finding(
    frame: int, lag_ms: float, heard: tuple[_Frames, _Frames], limits: GateLimits
) -> Iterator[_Finding]:
    """A mouth that is later or earlier than is usual, and does not fit the usual lag as well.

    Args:
        frame: from which it is.
        lag_ms: at which it fits best.
        heard: the mouth's opening ``(F,)`` and levels ``(T,)`` of every 10 ms.
        limits: of its engine.
    """
    usual_ms, most_ms = limits.usual_lag_ms, limits.most_lag_off_ms
    off_ms = lag_ms - usual_ms
    if most_ms is None or abs(off_ms) <= most_ms:
        return
    if fit_at(*heard, FPS, lag_ms) - fit_at(*heard, FPS, usual_ms) >= _CLEARER_R:
        side = "late" if off_ms > 0 else "early"
        yield "sync", frame, off_ms, most_ms, f"mouth {side} by {abs(off_ms):.0f} ms"


# --- curves -------------------------------------------------------------------------------------


def _reach(motion: _Frames) -> float:
    low, high = np.percentile(motion, [5, 95]).tolist()
    return high - low


def _frame_of(look: int, figures: GateFigures) -> int:
    return min(look * figures.look_every, len(figures.step) - 1)


def _longest(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """Start and length of the longest run; length 0 where there is none."""
    best_start, best, start = 0, 0, 0
    for index, flag in enumerate([*flags.tolist(), False]):
        if flag:
            continue
        if index - start > best:
            best_start, best = start, index - start
        start = index + 1
    return best_start, best


def _near(flags: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Frames at most ``reach`` behind a flag."""
    near = flags.copy()
    for shift in range(1, reach + 1):
        near[shift:] |= flags[:-shift]
    return near
