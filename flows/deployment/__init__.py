"""What an operator sets up on a Prefect server, submits to it and asks of it."""
