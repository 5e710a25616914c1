"""The commands by which people decide, release and share what they looked at."""
