"""The watch over clusters and stores that wakes a person."""
