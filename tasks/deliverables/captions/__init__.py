"""Burned captions: which words, how large, where, how they look, and when each word is lit."""
