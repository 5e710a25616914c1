"""Neural text to speech that ships in packages: voices that need no network and no GPU."""
