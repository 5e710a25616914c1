"""From a CSV file to rows whose every cell has been checked."""
