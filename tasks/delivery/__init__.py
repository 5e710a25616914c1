"""What may leave the house: which files, under which names, and the list of them."""
