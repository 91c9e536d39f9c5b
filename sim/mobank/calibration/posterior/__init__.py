"""A posterior on disk: written, read again, updated by a new figure."""
