"""From a master to what is uploaded: one final encode for each size that a row asks for."""
