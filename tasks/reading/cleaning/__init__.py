"""What programs leave in scripts: text that was garbled, marks, placeholders; repaired or told."""
