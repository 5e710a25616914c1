"""What keeps a script from being read: garbled text, other languages, what programs leave in it."""
