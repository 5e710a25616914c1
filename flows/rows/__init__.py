"""The parts of preparing a row: its portrait, its request, its plan, the order of work."""
