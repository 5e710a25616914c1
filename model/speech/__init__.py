"""Neural text to speech, on the CPU."""
