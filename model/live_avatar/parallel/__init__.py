"""What changes a finished model from outside: several ranks, 8 bits, offload, kernels."""
