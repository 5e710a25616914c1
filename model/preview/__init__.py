"""The CPU engine: animates the portrait itself."""
