"""GPU leases, engine hosts, and what their processes log."""
