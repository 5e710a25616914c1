"""Sizes, costs, memory and time by count, and which placement is best; needs no torch."""
