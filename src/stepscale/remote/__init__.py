"""Models behind a server: where it is, and how it is asked."""
