"""Live Avatar: an audio-driven causal video diffusion transformer, rendered block by block."""
