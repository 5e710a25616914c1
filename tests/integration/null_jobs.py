"""A job of the null engine, apart from the tests: processes that render it need no pytest."""

import numpy as np

from model.engine import SegmentJob


def job(handoff=None, num_frames=30, width=96, height=64, **settings):
    rng = np.random.default_rng(5)
    return SegmentJob(
        key="k",
        portrait=rng.integers(0, 255, (90, 120, 3), np.uint8),
        rig=None,
        handoff=handoff,
        pcm=np.zeros(640 * num_frames, np.int16),
        left_context=0,
        right_context=0,
        phonemes=None,
        prompt="",
        seed=1,
        width=width,
        height=height,
        num_frames=num_frames,
        settings={"delay_ms": 0, "fail": ""} | settings,
    )
