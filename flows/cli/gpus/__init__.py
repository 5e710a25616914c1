"""What is asked of GPUs on the command line: plans for them, and calibration."""
