"""What follows a failure, what a video gives up to fit, what fits into a night."""
