"""Where a layout puts presenter, product and words in each format, and when they are seen."""
