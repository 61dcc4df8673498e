"""Lines of one figure are told apart."""

from stepscale.report.style import COLOURS, line_colours


def test_as_many_lines_as_a_thorough_search_has_are_of_different_colours() -> None:
    names = ["Majority", "PRM", "ORM", *(f"strategy {i}" for i in range(11))]
    assert len(set(line_colours(names).values())) == len(names)


def test_a_label_keeps_its_own_colour_and_its_vote_the_verifiers() -> None:
    colours = line_colours(["PRM", "public", "public, weighted vote"])
    assert colours["PRM"] == COLOURS["PRM"]
    assert colours["public"] == colours["public, weighted vote"] != colours["PRM"]
