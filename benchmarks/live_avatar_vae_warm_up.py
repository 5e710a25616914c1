"""After how many latents a fresh decoder is one that saw all; a random VAE on the CPU.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/live_avatar_vae_warm_up.py [--videos 3]

A decoder that has seen 40 latents decodes a block. A fresh one first decodes the last few of those
and throws the frames away, then the same block. Pixels go from -1 to 1; the largest difference.
"""

import argparse
from pathlib import Path

import torch

from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import BLOCK_LATENTS, TINY_VAE
from model.live_avatar.encoders.vae import StreamingDecoder, build_vae, load_vae
from model.live_avatar.weights.state import built_empty

NUM_SEEN, SIDE = 40, 8
WARM_UPS = (1, 4, 7, 10, 13, 16, 19, 22, 25)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=3)
    parser.add_argument("--weights", type=Path, help="of a VAE as wide as TINY_VAE; default random")
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    if wanted.weights:
        vae = load_vae(wanted.weights, config=TINY_VAE, dtype=torch.float32, device="cpu")
    else:
        vae = filled(built_empty(lambda: build_vae(TINY_VAE)), torch.float32, torch.device("cpu"))
    source = torch.Generator().manual_seed(1)
    shape = (1, TINY_VAE.latent_channels, NUM_SEEN + BLOCK_LATENTS, SIDE, SIDE)
    found: dict[int, list[float]] = {count: [] for count in WARM_UPS}
    spreads: list[float] = []
    for _ in range(wanted.videos):
        latents = torch.randn(shape, generator=source)
        whole = StreamingDecoder(vae)
        whole.decode(latents[:, :, :NUM_SEEN])
        truth = whole.decode(latents[:, :, NUM_SEEN:])
        spreads.append(float(truth.std()))
        for count in WARM_UPS:
            fresh = StreamingDecoder(vae)
            fresh.decode(latents[:, :, NUM_SEEN - count : NUM_SEEN])
            made = fresh.decode(latents[:, :, NUM_SEEN:])
            found[count].append(float((made - truth).abs().max()))
    print(
        f"{wanted.videos} videos of {SIDE * 8}x{SIDE * 8}, spread of their pixels "
        f"{sum(spreads) / len(spreads):.2f}\n"
    )
    print("| latents decoded before | largest difference |\n|---|---|")
    for count, values in found.items():
        print(f"| {count} | {max(values):.2g} |")


if __name__ == "__main__":
    main()
