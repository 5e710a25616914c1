"""Words that are written short, with full stops, slashes or without: abbreviations, initials."""
