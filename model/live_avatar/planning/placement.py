"""How one video is laid over the GPUs of a machine; told without torch.

Ranks are processes, each with a GPU. *Stages* share out the denoising steps (timestep pipeline);
inside a stage, a group of ranks shares out the attention's heads, the weights, or both:

    rank   0 .. G-1     the group of stage 0        G = max(heads, shards)
    rank   G .. 2G-1    the group of stage 1
    ...
    the last rank       leads: encodes, draws, decodes; one of the last stage, or a decoder of its
                        own that does no steps

Written as ``stages=2,heads=2,shards=2,decoder=own``; what is left out is 1, or the last stage's.

Stages and shards change no value. Heads may change last bits: a matrix product over fewer tokens
is another kernel. So the number of heads' ranks is a setting of segments too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

from model.errors import CampaignError
from model.live_avatar.environment import PLACEMENT_VARIABLE

MOST_RANKS = 64
_NUMBERS = ("stages", "heads", "shards")
_DECODER = "decoder"
_EXAMPLE = "stages=2,heads=2,shards=2,decoder=own"


@dataclass(frozen=True)
class Placement:
    """See the module.

    Attributes:
        stages: of the timestep pipeline.
        heads: ranks of a stage among which the attention's heads are shared out.
        shards: ranks of a stage among which the weights are shared out.
        has_decoder: one more rank decodes, and does no steps.

    Raises:
        ValueError: a number is out of its range, or heads and shards are both above 1 and differ.
    """

    stages: int = 1
    heads: int = 1
    shards: int = 1
    has_decoder: bool = False

    def __post_init__(self) -> None:
        if min(self.stages, self.heads, self.shards) < 1 or self.num_ranks > MOST_RANKS:
            raise ValueError(
                f"stages, heads and shards must be at least 1 and make at most {MOST_RANKS} "
                f"ranks, got {self.stages}, {self.heads} and {self.shards}"
            )
        if min(self.heads, self.shards) > 1 and self.heads != self.shards:
            raise ValueError(
                "heads and shards share the same ranks: they must be equal, or one of them must be "
                f"1; got {self.heads} and {self.shards}"
            )

    @property
    def group_size(self) -> int:
        """Ranks of a stage."""
        return max(self.heads, self.shards)

    @property
    def num_ranks(self) -> int:
        """Of all."""
        return self.stages * self.group_size + self.has_decoder

    def stage_of(self, rank: int) -> int:
        """Which stage a rank is of; the decoder's is :attr:`stages`."""
        return rank // self.group_size

    def ranks_of(self, stage: int) -> range:
        """The ranks of a stage; the last one passes blocks on."""
        first = stage * self.group_size
        return range(first, min(first + self.group_size, self.num_ranks))

    def __str__(self) -> str:
        parts = [f"{name}={getattr(self, name)}" for name in _NUMBERS if getattr(self, name) > 1]
        return ",".join([*parts, "decoder=own"] if self.has_decoder else parts) or "stages=1"


ALONE = Placement()


def shares(count: int, num_takers: int) -> list[range]:
    """Steps over stages, or tokens over ranks: in order, as even as can be, the later ones less.

    With more stages than steps the last ones do none.

    Raises:
        ValueError: an argument is below 1.
    """
    if min(count, num_takers) < 1:
        raise ValueError(f"count and num_takers must be at least 1, got {count} and {num_takers}")
    each, more = divmod(count, num_takers)
    counts = [each + (index < more) for index in range(num_takers)]
    return [range(start, end) for start, end in pairwise((0, *accumulate(counts)))]


@dataclass(frozen=True)
class Seat:
    """A rank's place in a placement.

    Attributes:
        placement: the same.
        rank: 0 to ``num_ranks - 1``.
    """

    placement: Placement = ALONE
    rank: int = 0

    @property
    def leader(self) -> int:
        """The last rank of all."""
        return self.placement.num_ranks - 1

    @property
    def leads(self) -> bool:
        """Whether this is the rank that is asked for segments."""
        return self.rank == self.leader

    @property
    def decodes_alone(self) -> bool:
        """Whether it does no steps: a decoder of its own."""
        return self.leads and self.placement.has_decoder

    @property
    def mates(self) -> range:
        """The ranks that do every step of this stage together, itself included."""
        return self.placement.ranks_of(self._stage)

    @property
    def before(self) -> int | None:
        """The rank from which blocks come; None: they begin here."""
        return self.placement.ranks_of(self._stage - 1)[-1] if self._stage else None

    @property
    def after(self) -> range:
        """The ranks that blocks go to from here; none, unless it is the last of its stage."""
        is_passing = self.rank == self.mates[-1] and not self.leads
        return self.placement.ranks_of(self._stage + 1) if is_passing else range(0)

    def steps(self, num_steps: int) -> range:
        """Which of all steps are done here."""
        if self.decodes_alone:
            return range(num_steps, num_steps)
        return shares(num_steps, self.placement.stages)[self._stage]

    @property
    def _stage(self) -> int:
        return self.placement.stage_of(self.rank)


def placement_of(environ: Mapping[str, str]) -> Placement:
    """The placement that the environment names; absent: one rank.

    Raises:
        CampaignError: it cannot be read, or breaks the rules.
    """
    told = environ.get(PLACEMENT_VARIABLE, "")
    try:
        return read_placement(told)
    except ValueError as error:
        raise CampaignError(f'{PLACEMENT_VARIABLE}="{told}": {error}') from error


def read_placement(text: str) -> Placement:
    """From words such as ``stages=2,heads=2``; empty: one rank.

    Raises:
        ValueError: they cannot be read, or break the rules.
    """
    told: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        if name in told or name not in (*_NUMBERS, _DECODER):
            raise ValueError(f'"{part}" is unknown or given twice; write it like {_EXAMPLE}')
        told[name] = value
    decoder = told.pop(_DECODER, "")
    if decoder not in ("", "own"):
        raise ValueError(f'decoder must be "own" or left out, got "{decoder}"')
    wrong = [f"{name}={value}" for name, value in told.items() if not value.isdecimal()]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} must be whole numbers; write it like {_EXAMPLE}")
    return Placement(
        **{name: int(value) for name, value in told.items()}, has_decoder=bool(decoder)
    )
