"""Where the text encoder's weights are between prompts, told without the library of its layers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.live_avatar.weights.state import Put, put

if TYPE_CHECKING:
    from transformers.models.umt5.modeling_umt5 import UMT5Stack


def _stay(_encoder: "UMT5Stack") -> None:
    """Leave it as it is."""


@dataclass(frozen=True)
class TextHome:
    """Where the encoder's weights are between prompts; by default on the device.

    Attributes:
        put_weight: is given each weight when it is loaded; see
        :mod:`model.live_avatar.parallel.offload`.
        settle: is given the encoder when it has all.
    """

    put_weight: Put = put
    settle: Callable[["UMT5Stack"], None] = _stay


ON_DEVICE = TextHome()
