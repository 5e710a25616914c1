"""What wakes a person: rules over figures, and messages that arrive once."""
