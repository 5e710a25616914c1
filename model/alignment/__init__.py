"""When the phones of a script are said in a recording of it."""
