"""One clause of a script: its words, its sound that campaigns share, who speaks it, and when it is said."""
