"""The transformer on one device: one step of one block."""
