"""How words are set on a screen: their fonts, their lines, their size."""
