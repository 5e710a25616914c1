"""One device: which it is, its copy streams, and what happens when its memory is full."""
