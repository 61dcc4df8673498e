"""The ratings of a step (Lightman et al. 2023, 2.4), as the column ``rating`` of step labels holds them."""

NEGATIVE, NEUTRAL, POSITIVE = -1, 0, 1
