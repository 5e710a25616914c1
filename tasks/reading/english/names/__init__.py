"""Numbers and letters that name something: models, codes, telephones, addresses."""
