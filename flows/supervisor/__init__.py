"""A whole cluster on one machine: Prefect's server and its workers under one process."""
