"""The commands that back up, restore and purge campaigns."""
