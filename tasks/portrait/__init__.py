"""Pictures of presenters: reading them and finding the face."""
