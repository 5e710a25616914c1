"""How words are set on a screen: their lines, their size."""
