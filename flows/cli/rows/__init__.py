"""The options that say how a manifest is read: how its rows are filled, and which are chosen."""
