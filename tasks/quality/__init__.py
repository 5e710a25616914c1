"""Measures finished videos: lip-sync, identity and seams."""
