"""The English words for numbers, prices, dates, addresses and signs."""
