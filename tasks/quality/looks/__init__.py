"""What a viewer sees wrong with the presenter of a finished video, and at which second."""
