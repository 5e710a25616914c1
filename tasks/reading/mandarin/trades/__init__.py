"""What a trade writes its own way: sport, schools, medicine, money, cars, factories, homes."""
