"""A campaign folder under a prefix of an S3 bucket: objects, a lock that expires, and files."""
