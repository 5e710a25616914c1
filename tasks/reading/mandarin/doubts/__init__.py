"""What of a Mandarin text a person should check before it is spoken."""
