"""From noise to frames: steps, blocks, rollouts and segments."""
