"""How a lexicon gives pronunciations, and those of well-known brands."""
