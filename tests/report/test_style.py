"""Lines of one figure are told apart."""

from stepscale.report.style import COLORS, line_colors


def test_as_many_lines_as_a_thorough_search_has_are_of_different_colors() -> None:
    names = ["Majority", "PRM", "ORM", *(f"strategy {i}" for i in range(11))]
    assert len(set(line_colors(names).values())) == len(names)


def test_a_label_keeps_its_own_color_and_its_vote_the_verifiers() -> None:
    colors = line_colors(["PRM", "public", "public, weighted vote"])
    assert colors["PRM"] == COLORS["PRM"]
    assert colors["public"] == colors["public, weighted vote"] != colors["PRM"]
