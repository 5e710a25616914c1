"""Languages in Latin letters that no built-in voice speaks, told from English."""
