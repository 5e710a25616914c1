"""One clause of a script: its words, its sound that campaigns share, who says it, and when."""
