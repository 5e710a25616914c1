"""From a brand, a row's words and pictures and its speech to the screen of one format."""
