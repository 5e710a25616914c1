"""Lists: the campaigns of an output, the videos that used something, what manifests differ in."""
