"""Backup, restore and purge of the campaigns of an output."""
