"""A warm engine in a process, or a group of processes, of its own."""
