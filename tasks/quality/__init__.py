"""Measures finished videos: lip-sync, identity, seams and loudness."""
