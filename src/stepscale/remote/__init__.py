"""Models behind a server: its address, and how requests are sent."""
