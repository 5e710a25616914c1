"""Files that come from outside: local, https and S3 sources, checked before use."""
