"""Where a video is cut, what each segment hears, and the keys that follow."""
