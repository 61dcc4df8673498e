"""The labeling page: people rate the steps of solutions in a browser; each answer is a PRM800K record on disk."""
