"""StepScale: an open laboratory for verifiers and test-time compute."""

__version__ = "0.1.0"
