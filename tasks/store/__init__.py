"""The campaign folder, on a disk or on S3: names, receipts, locks and whole files."""
