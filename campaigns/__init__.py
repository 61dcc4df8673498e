"""Proof under fire: hostile texts, malformed files, kills at random moments and sick disks, thousands of each.

``python -m campaigns text --cases 100000`` (or ``make campaign-text``). A campaign is no test: it takes minutes to
hours, goes on where it stopped, and ends with one line of JSON. docs/reliability.md has the last figures.
"""
