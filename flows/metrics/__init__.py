"""Figures of campaigns and workers for Prometheus, as text files that node_exporter picks up."""
