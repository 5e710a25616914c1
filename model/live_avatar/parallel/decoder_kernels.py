"""How a finished VAE's decoder is run: what lies around its convolutions compiled, or not.

Apart from :mod:`.kernels`, as ranks that do not decode have no VAE and do not import its layers.
"""

from functools import cache

from torch import nn

from model.live_avatar.encoders.vae_layers import (
    EAGER_VAE,
    VaePieces,
    convolved_without_bias,
    fusible_activated,
    fusible_added,
    use_vae_pieces,
)
from model.live_avatar.parallel.kernels import BACKEND, prepare_compiling, whole
from model.live_avatar.settings import COMPILE_VAE


def decode_by(decoder: nn.Module, *, is_compiled: bool) -> None:
    """Run a VAE's decoder as its segment's setting ``compile_vae`` asks.

    Raises:
        ResourceError: nothing can be compiled here.
    """
    if is_compiled:
        prepare_compiling(next(decoder.parameters()).device, COMPILE_VAE)
    use_vae_pieces(decoder, compiled_vae(BACKEND) if is_compiled else EAGER_VAE)


@cache
def compiled_vae(backend: str) -> VaePieces:
    """The decoder's pieces, as :func:`.kernels.compiled` has those of the transformer."""
    return VaePieces(
        convolved_without_bias,
        whole(fusible_activated, backend, COMPILE_VAE),
        whole(fusible_added, backend, COMPILE_VAE),
    )
