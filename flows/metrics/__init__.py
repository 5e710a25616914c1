"""Figures of campaigns and workers for Prometheus: in files for node_exporter, or at `/metrics`."""
