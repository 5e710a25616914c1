"""Files of weights: where they lie, what they hold, and how they become a module."""
