"""What people decide of finished videos: recorded once, never changed, about one file each."""
