"""How a script is read aloud: its tokens, their classes, and the words for them."""
