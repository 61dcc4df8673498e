"""Is this a lab in which the papers' effects can be seen? Measured before any claim, on design seeds."""
