"""Puts weights, encoders and ranks together into an engine that renders."""
