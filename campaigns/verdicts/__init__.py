"""Verdicts on hostile pairs beside those of the reference graders."""
