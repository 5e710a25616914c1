"""The dispatcher of one machine: videos side by side in one process tree."""
