"""One clause of a script: its words, its sound that campaigns share, and who speaks it when."""
