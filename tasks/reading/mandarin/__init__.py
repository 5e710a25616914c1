"""The Mandarin words for numbers, prices, dates, addresses and signs."""
