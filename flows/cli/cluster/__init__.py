"""The cluster of this machine, started and found; and how what a server holds is printed."""
