"""Noise levels of the denoising steps: flow matching with a shift, as the model was distilled.

The reference shifts twice, once its table's end and once the levels spread up to it; so four steps
are 1, 0.857692, 0.602151 and 0.008929. The last one moves the latents by less than a hundredth;
``is_truncated`` leaves it out.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

NUM_TRAIN_TIMESTEPS = 1000
_NEGLIGIBLE = 0.01


@dataclass(frozen=True)
class Schedule:
    """Sigmas of every step, and the zero after the last.

    Attributes:
        sigmas: ``(steps + 1,)`` float32, falling from 1 to 0.
    """

    sigmas: Tensor

    @property
    def num_steps(self) -> int:
        """How often the transformer is asked."""
        return self.sigmas.shape[0] - 1

    @property
    def timesteps(self) -> Tensor:
        """``(steps,)`` float32, 0 to 1000."""
        return self.sigmas[:-1] * NUM_TRAIN_TIMESTEPS

    def step(self, latents: Tensor, velocity: Tensor, index: int) -> Tensor:
        """The latents after step ``index``; the change is rounded to the velocity's dtype."""
        # a number of the host's: sent to a GPU as such, which does not wait for it
        change = (self.sigmas[index + 1] - self.sigmas[index]) * velocity
        return (latents.float() + change.to(velocity.dtype).float()).to(latents.dtype)


def make_schedule(num_steps: int, shift: float = 3.0, *, is_truncated: bool = False) -> Schedule:
    """Spread ``num_steps`` levels.

    Args:
        num_steps: at least 1.
        shift: above 0; more of it spends more steps on much noise.
        is_truncated: leave out a last step whose level is below 0.01.

    Raises:
        ValueError: an argument is out of its range.
    """
    if num_steps < 1 or shift <= 0:
        raise ValueError(
            f"num_steps must be at least 1 and shift above 0, got {num_steps} and {shift}"
        )
    least = _shifted(torch.tensor(1 / NUM_TRAIN_TIMESTEPS, dtype=torch.float64), shift)
    levels = torch.linspace(1.0, float(least), num_steps, dtype=torch.float64)
    sigmas = _shifted(levels, shift).float()
    if is_truncated and num_steps > 1 and float(sigmas[-1]) < _NEGLIGIBLE:
        sigmas = sigmas[:-1]
    return Schedule(torch.cat((sigmas, sigmas.new_zeros(1))))


def _shifted(sigma: Tensor, shift: float) -> Tensor:
    return shift * sigma / (1 + (shift - 1) * sigma)
