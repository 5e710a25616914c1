"""Settings of the engine that change pixels: their defaults and their rules.

``dtype`` is that of the weights at work:

*bfloat16*   as the model was trained.
*float8*     bfloat16, but for the transformer's large linear layers (98 % of its weights), whose
             weights and inputs have 8 bits: half the memory, and twice the speed of their products
             where the GPU has such products (compute capability 8.9 and newer).
*float8-kept*    float8, but for the first and the last block and the injectors' norm layers, where
             rounding does most harm.
*float8-tensor*  float8 with one scale for a matrix and one for all tokens of a call, as the
             reference has it; else every output channel and every token has its own.
*float16*    three bits more than bfloat16, but no number above 65504; the text encoder, which
             needs larger ones, stays in bfloat16.
*float32*    twice the memory, and slow: to compare with.

``attention`` is the kernel of torch that attends: ``math`` spells it out and is slow,
``efficient``, ``flash`` and ``cudnn`` are there on some GPUs for some dtypes, and ``flash3`` is
FlashAttention-3, for GPUs of compute capability 9.0, where its package is installed.
``flash3-float8`` is the same with the products of self-attention in 8 bits, which changes pixels: a
row has it where it asks for it, and not otherwise. A row's ``auto`` leaves the choice to planning,
which names the kernel that was calibrated. A plan's ``auto`` is of an earlier release, or of a
planner without a calibration: torch chooses on each machine.
``compile`` lets torch make code of the transformer's blocks before the first one is denoised. A row
that says nothing of it leaves it to planning, which compiles where that was calibrated as faster.
``compile_vae`` does the same with what lies around the convolutions of the VAE's decoder; a row has
it where it asks for it.
``head_parallel`` is over how many ranks of a stage the heads of self-attention are shared out. A
product of fewer rows may be summed otherwise, so a segment is rendered as it was planned, or not
at all; the default is what ``NIGHTSHOOT_PLACEMENT`` says where the campaign is planned.
"""

from collections.abc import Mapping
from typing import cast

from model.engine import Setting
from model.live_avatar.planning.placement import MOST_RANKS

DEFAULT_PROMPT = (
    "A person looks into the camera and speaks with a calm, friendly face; natural light, a still "
    "camera, sharp details."
)
DEFAULT_CONTINUATION = "The same person goes on speaking, without a cut."
DTYPES = ("bfloat16", "float32", "float16", "float8", "float8-kept", "float8-tensor")
HANDOFFS = ("last-frame", "context")
HEAD_PARALLEL = "head_parallel"
ATTENTION, AUTO = "attention", "auto"
COMPILE, COMPILE_VAE = "compile", "compile_vae"
NARROW_ATTENTION = "flash3-float8"
ATTENTIONS = (AUTO, "math", "efficient", "flash", "cudnn", "flash3", NARROW_ATTENTION)

DEFAULTS: Mapping[str, Setting] = {
    ATTENTION: AUTO,
    COMPILE: False,
    "continuation": DEFAULT_CONTINUATION,
    "dtype": "bfloat16",
    "handoff": "last-frame",
    HEAD_PARALLEL: 1,
    "infer_frames": 48,
    "sample_guide_scale": 0.0,
    "sample_shift": 3.0,
    "sample_steps": 4,
    "truncate_schedule": False,
}
LATER_DEFAULTS: Mapping[str, Setting] = {COMPILE_VAE: False}
"""Of later releases: see :class:`model.engine.EngineIdentity`."""
# the blocks that a context handoff fills the memories with must lie within the 10 s of audio
_RANGES = {HEAD_PARALLEL: (1, MOST_RANKS), "infer_frames": (1, 240), "sample_steps": (1, 100)}
_CHOICES = {ATTENTION: ATTENTIONS, "dtype": DTYPES, "handoff": HANDOFFS}
_MOST_SHIFT = 100.0
_MOST_CONTINUATION = 1000


def attention_dtype(dtype: str) -> str:
    """In which attention is given what it attends to where the weights have ``dtype``."""
    return "bfloat16" if dtype.startswith("float8") else dtype


def setting_fault(name: str, value: Setting) -> str:
    """The rule that a value breaks, and the way out; empty where it breaks none.

    Args:
        name: one of :data:`DEFAULTS` or :data:`LATER_DEFAULTS`.
        value: of its default's type.
    """
    if name in _RANGES:
        least, most = _RANGES[name]
        is_inside = least <= cast("int", value) <= most
        return "" if is_inside else f"must be from {least} to {most}"
    if name in _CHOICES:
        return "" if value in _CHOICES[name] else f"must be one of {', '.join(_CHOICES[name])}"
    if name == "sample_guide_scale" and value != 0:
        return "must be 0: the model was distilled to do without guidance, one pass a step"
    if name == "sample_shift" and not 0 < float(value) <= _MOST_SHIFT:
        return f"must be above 0 and at most {_MOST_SHIFT:g}"
    if name == "continuation" and len(str(value)) > _MOST_CONTINUATION:
        return f"must be at most {_MOST_CONTINUATION} characters long"
    return ""
