"""The columns of a manifest that say what stands on the screen, and the brand files of its rows."""
