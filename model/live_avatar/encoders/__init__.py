"""Prompts, speech and pictures on their way in, and pictures on their way out."""
