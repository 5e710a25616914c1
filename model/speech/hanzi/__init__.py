"""Chinese characters to the syllables that they are read with."""
