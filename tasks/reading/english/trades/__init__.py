"""What a trade writes its own way: recipes, medicine, law, sport, chemistry, tools, money."""
