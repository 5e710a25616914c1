"""What fits which GPUs and for how long, from measured or assumed speeds."""
