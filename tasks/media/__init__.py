"""From frames to a finished video: encoding, stitching, captions, contact sheets."""
