"""The claims and figures of the project, each with the command that gives it, so that a stranger can redo them.

``make evidence`` redoes those that take under ten minutes and says which moved. ``figures.toml`` is the table: a figure
more is an entry more.
"""
