"""What is made of finished videos, as tasks of Prefect: one for each size."""
