"""What people decide of a campaign's videos: taken down, carried out, released."""
