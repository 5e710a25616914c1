"""What of a row is shown in a proof: its framing, its voice, its first seconds, small. Pure."""

from collections.abc import Mapping

from tasks.deliver_records import Size
from tasks.manifest.presets import Preset, size_for
from tasks.records import ManifestRow
from tasks.screen.formats import LEAST_SIDE

FPS = 25
FEWEST_S, MOST_S = 1.0, 19.0
"""A proof is one clip, which has at most 480 frames."""
PRESET_NAME = "nightshoot-proof"
PRESET = Preset(about="small, for proofs", width=256, height=160, sample_steps=2, crf=26)
ENDING = "-proof"
"""Of the name of a campaign's proofs, which are a campaign of their own."""
_LAYOUT_SIDE = 480  # the longer side of a format whose layout is shown
_CPU_ENGINES: Mapping[str, str] = {"null": "null"}


def proof_row(row: ManifestRow, seconds: float) -> ManifestRow:
    """A row as its proof is made: by the preview engine, in one short clip, in a small size.

    Its formats are small too; what of them is made is the layout (``flows/rows/deliverables.py``).

    Raises:
        ValueError: ``seconds`` is not from ``FEWEST_S`` to ``MOST_S``.
    """
    if not FEWEST_S <= seconds <= MOST_S:
        raise ValueError(f"a proof has from {FEWEST_S:g} to {MOST_S:g} seconds, not {seconds:g}")
    width, height = row.width, row.height
    if width is not None and height is not None:
        width, height = size_for(PRESET, width, height)
    return row.model_copy(
        update={
            "engine": _CPU_ENGINES.get(row.engine, "preview"),
            "preset": PRESET_NAME,
            "width": width,
            "height": height,
            "smaller_size": None,
            "num_clip": 1,
            "deliver": tuple(dict.fromkeys(map(small_format, row.deliver))),
            "music_path": None,
            "has_music": False,
            "teaser": None,
            "settings": {"infer_frames": round(seconds * FPS), "segment_clips": 1},
        }
    )


def small_format(size: Size) -> Size:
    """A format of the same shape whose longer side has 480 pixels; smaller ones stay."""
    scale = min(1.0, _LAYOUT_SIDE / max(size))
    width, height = (max(LEAST_SIDE, 2 * round(side * scale / 2)) for side in size)
    return width, height
