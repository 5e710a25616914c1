"""Copies of what cannot be made again, and what of finished campaigns may go."""
