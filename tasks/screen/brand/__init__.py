"""What a brand file says, with its pictures, fonts and clips, and all that is wrong with it."""
