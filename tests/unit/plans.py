"""Planned videos for tests, without files."""

from tasks.records import EncodeProfile, SegmentPlan, VideoPlan


def video_plan(segment_frames: int = 12, num_segments: int = 1, **changes: object) -> VideoPlan:
    """A video ``a`` of 16x16 on the null engine; its segments are as long as each other."""
    fields = {
        "video_id": "a",
        "title": "",
        "engine": "null",
        "settings": {},
        "portrait": "p.png",
        "portrait_sha256": "p",
        "rig": None,
        "speech_id": "s",
        "prompt": "",
        "seed": 0,
        "width": 16,
        "height": 16,
        "fps": 25,
        "num_frames": segment_frames * num_segments,
        "priority": 0,
        "encode": EncodeProfile(),
        "segments": tuple(
            SegmentPlan(
                index=index,
                start_frame=segment_frames * index,
                end_frame=segment_frames * (index + 1),
                key=str(index),
            )
            for index in range(num_segments)
        ),
    }
    return VideoPlan.model_validate(fields | changes)
