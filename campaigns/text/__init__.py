"""Hostile texts through everything that reads what a model or a data set wrote."""
