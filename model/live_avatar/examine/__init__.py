"""Looks at this machine: its files, devices and links, and how fast it is."""
