"""The preview engine: one portrait animated on the CPU, as fast as a laptop needs it.

A frame is always drawn from the portrait itself, never from the frame before it, so nothing
accumulates; the handoff carries the frame counter, from which blinks, head and breath go on.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cache, partial
from math import cos, pi

import cv2
import numpy as np

from model.engine import (
    FPS,
    FRAME_MULTIPLE,
    EngineIdentity,
    Pixels,
    Rendering,
    SegmentJob,
    Setting,
    SingleProcess,
    check_settings,
)
from model.errors import PortraitError
from model.numbered import NumberedFrames, frame_numbers
from model.preview.eyes.blinks import Eyes
from model.preview.face import DETECTOR_NAME, MESH_NAME
from model.preview.features import Features, locate
from model.preview.fit import fit
from model.preview.head import CANVAS_SCALE, Head
from model.preview.motion.closures import CLOSURES_NAME
from model.preview.motion.curves import CONTEXT_SAMPLES, poses
from model.preview.mouth import Mouth
from model.preview.networks import NETS_PATH
from model.preview.pose import Pose
from model.preview.refined import REFINED_MESH_NAME

SETTINGS: Mapping[str, Setting] = {"on_no_face": "fail"}
_NO_FACE_POLICIES = ("fail", "still")
_MAX_ACTORS = 4
_ZOOM, _ZOOM_S = 0.05, 40.0  # a still picture is enlarged by this much and back in this time


class Actor:
    """A face in its frame, ready to be drawn.

    Mouth and eyes are drawn on a canvas of twice the frame's size, from which the head's movement
    samples the frame: a cubic kernel on twice the pixels keeps what it blurs on the frame's own
    (96 to 102 % of the picture's Laplacian energy, where that kept 86 to 98).
    """

    def __init__(self, picture: Pixels, features: Features) -> None:
        height, width = picture.shape[:2]
        size = (width * CANVAS_SCALE, height * CANVAS_SCALE)
        self._canvas = np.asarray(
            cv2.resize(picture, size, interpolation=cv2.INTER_LANCZOS4), np.uint8
        )
        placed = features.placed(
            np.full(2, float(CANVAS_SCALE)), np.full(2, CANVAS_SCALE / 2 - 0.5)
        )
        self._mouth, self._eyes = Mouth(self._canvas, placed), Eyes(self._canvas, placed)
        self._head = Head(features, self._canvas)

    def frame(self, pose: Pose) -> Pixels:
        """``(H, W, 3)`` of the portrait in ``pose``."""
        canvas = self._canvas.copy()
        self._mouth.draw(canvas, pose)
        self._eyes.draw(canvas, pose)
        return self._head.draw(canvas, pose)


class _Still:
    """A picture without a usable face: a slow zoom."""

    def __init__(self, picture: Pixels) -> None:
        self._picture = picture

    def frame(self, frame_index: int) -> Pixels:
        height, width = self._picture.shape[:2]
        phase = 0.5 - 0.5 * cos(2 * pi * frame_index / (_ZOOM_S * FPS))
        scale = 1 + _ZOOM * phase
        matrix = np.array(
            [[scale, 0, (1 - scale) * width / 2], [0, scale, (1 - scale) * height / 2]]
        )
        return cv2.warpAffine(
            self._picture,
            matrix,
            (width, height),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.uint8, copy=False)


class PreviewEngine(SingleProcess):
    """Animates a portrait by warping it; see the module."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)  # workers are processes; threads of their own would only contend
        self._actors: OrderedDict[str, Actor | _Still] = OrderedDict()

    @property
    def identity(self) -> EngineIdentity:
        """Name, version, weights and context."""
        return EngineIdentity(
            name="preview",
            version=7,
            weights_id=_weights_id(),
            fps=FPS,
            frame_multiple=FRAME_MULTIPLE,
            left_context=CONTEXT_SAMPLES,
            right_context=CONTEXT_SAMPLES,
            settings=SETTINGS,
            needs_face=True,
            is_preview=True,
        )

    def setting_fault(self, name: str, value: Setting) -> str:
        """See :class:`model.engine.Engine`."""
        is_known = name != "on_no_face" or value in _NO_FACE_POLICIES
        return "" if is_known else f"must be one of {_NO_FACE_POLICIES}"

    def load(self) -> None:
        """There is nothing large to load: its nets are read at the first portrait."""

    def render(self, job: SegmentJob) -> Rendering:
        """Start rendering ``job``; frames come in batches of twelve.

        Raises:
            ValueError: a setting, the audio's length or the handoff breaks the engine's rules.
            PortraitError: there is no face and the policy is to fail, or the rig is unusable.
        """
        check_settings(self, job.settings)
        if job.left_context + job.right_context > len(job.pcm):
            raise ValueError(
                f"pcm of {len(job.pcm)} samples is shorter than its contexts, "
                f"{job.left_context} + {job.right_context}"
            )
        numbers = frame_numbers(job)
        actor = self._actor(job)
        if isinstance(actor, _Still):
            if job.settings["on_no_face"] == "fail":
                raise PortraitError(
                    "no face was found in the portrait, so nothing can be animated; "
                    "place one by hand with `nightshoot rig PORTRAIT`, "
                    "or show the still picture with `--on-no-face still`"
                )
            return NumberedFrames(partial(_drawn, actor.frame), numbers)
        moves = dict(zip(numbers, poses(job, numbers.start), strict=True))
        return NumberedFrames(partial(_drawn, lambda n: actor.frame(moves[n])), numbers)

    def _actor(self, job: SegmentJob) -> Actor | _Still:
        """The job's portrait, analysed once for each content and size."""
        key = _actor_key(job)
        if key not in self._actors:
            features = locate(job.portrait, job.rig)
            fitted = fit(job.portrait, features, job.width, job.height)
            if features is None:
                actor: Actor | _Still = _Still(fitted.picture)
            else:
                actor = Actor(fitted.picture, features.placed(fitted.scale, fitted.shift))
            self._actors[key] = actor
            while len(self._actors) > _MAX_ACTORS:
                self._actors.popitem(last=False)
        self._actors.move_to_end(key)
        return self._actors[key]


def _drawn(draw: Callable[[int], Pixels], numbers: range) -> Pixels:
    return np.stack([draw(number) for number in numbers])


@cache
def _weights_id() -> str:
    digest = hashlib.sha256()
    for name in (DETECTOR_NAME, MESH_NAME, REFINED_MESH_NAME, CLOSURES_NAME):
        digest.update((NETS_PATH / name).read_bytes())
    return digest.hexdigest()[:16]


def _actor_key(job: SegmentJob) -> str:
    rig = None if job.rig is None else dict(job.rig)
    header = [job.portrait.shape, job.width, job.height, rig]
    digest = hashlib.sha256(json.dumps(header, sort_keys=True, default=str).encode())
    digest.update(np.ascontiguousarray(job.portrait).data)
    return digest.hexdigest()
