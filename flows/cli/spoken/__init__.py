"""How scripts are read and said: `nightshoot say`, and the readings of a plan."""
