"""The eyes: lids that come down, irises that move, and what in a picture forbids it."""
