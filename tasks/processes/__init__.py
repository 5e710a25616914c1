"""The only room that starts processes: ffmpeg, other programs, and our own children."""
