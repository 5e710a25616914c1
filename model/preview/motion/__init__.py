"""What moves in a frame: from sound, phones and the seed to poses."""
