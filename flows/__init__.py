"""In what order, how often and where the steps run."""
