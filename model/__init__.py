"""Turns conditions into frames and speech."""
