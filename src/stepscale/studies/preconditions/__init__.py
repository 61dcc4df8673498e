"""Checks that the papers' effects can show up in this lab. Measured before any claim, on design seeds."""
