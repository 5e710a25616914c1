"""Recordings as the voice: read, judged, mended where they need it, and fitted to their script."""
