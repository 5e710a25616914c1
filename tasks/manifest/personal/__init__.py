"""What makes a row personal: the variables in its cells, and the videos that one row stands for."""
