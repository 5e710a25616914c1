"""What the parity tests share: pictures that are encoded once."""

import hashlib
from collections.abc import Iterator
from functools import wraps
from typing import Any

import pytest
import torch
from torch import Tensor

_known: dict[tuple[str, ...], Any] = {}  # for as long as the process lives, and for its forks


def _digest(tensor: Tensor) -> str:
    held = tensor.detach().cpu().contiguous().view(torch.uint8).numpy()
    return f"{tensor.dtype} {tuple(tensor.shape)} {hashlib.sha256(held.tobytes()).hexdigest()}"


@pytest.fixture(scope="module")
def pictures_encoded_once() -> Iterator[None]:
    """Let a VAE encode the same picture with the same weights once in a session.

    A segment begins with 73 copies of its first picture in the encoder, which take a good part of
    a short segment of the tiny model. For tests whose subject is not the encoder: what they are
    given is what it made of the very same pixels and weights.
    """
    from model.live_avatar.encoders.vae_layers import Encoder

    still = Encoder.still

    @wraps(still)
    def remembered(encoder: Encoder, picture: Tensor, *told: Any) -> list[Tensor]:
        weights = (_digest(each) for _, each in sorted(encoder.named_parameters()))
        key = (str(told), _digest(picture), *weights)
        if key not in _known:
            _known[key] = still(encoder, picture, *told)
        return _known[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Encoder, "still", remembered)
        yield


@pytest.fixture
def pictures_encoded_anew(pictures_encoded_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not so in this test, whose subject is what one segment leaves behind for the next."""
    from model.live_avatar.encoders.vae_layers import Encoder

    monkeypatch.setattr(Encoder, "still", vars(Encoder.still)["__wrapped__"])
