"""Along a chain: pass@1 by position and the rates of change, counted by hand."""

import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.studies.revisions.chain_rates import pass_at_1_by_position, transition_rates


def chains(*rows: tuple[str, int, str]) -> pd.DataFrame:
    """Rows (problem, chain, verdicts): "+" right, "-" wrong, "." no answer."""
    return pd.DataFrame(
        [
            {"problem_id": p, "chain": c, "position": i, "is_correct": {"+": True, "-": False, ".": None}[mark]}
            for p, c, marks in rows
            for i, mark in enumerate(marks)
        ]
    )


TABLE = chains(("a", 0, "-++-"), ("a", 1, "+-"), ("b", 0, "--.+"), ("b", 1, "++"))


def test_pass_at_1_by_position_is_the_mean_over_problems_of_their_chains() -> None:
    got = pass_at_1_by_position(TABLE)
    assert list(got["accuracy"]) == pytest.approx([0.5, 0.5, 0.5, 0.5])
    assert list(got["n_attempts"]) == [4, 4, 2, 2] and set(got["n_problems"]) == {2}
    uneven = pass_at_1_by_position(chains(("a", 0, "+"), ("a", 1, "-"), ("a", 2, "-"), ("b", 0, "+")))
    assert uneven["accuracy"][0] == pytest.approx((1 / 3 + 1) / 2)


def test_transition_rates_by_hand() -> None:
    got = transition_rates(TABLE)
    overall = got[got["position"].isna()].set_index("change")
    # right answers that are revised: a0 at 1 and 2, a1 at 0, b1 at 0; lost: a0 at 2, a1 at 0
    assert (overall.loc["lost", "rate"], overall.loc["lost", "n"]) == (pytest.approx(0.5), 4)
    assert overall.loc["lost", "paper"] == 0.38
    # wrong ones: a0 at 0, b0 at 0, 1 and 2 (no answer); won: a0 at 0, b0 at 2
    assert (overall.loc["won", "rate"], overall.loc["won", "n"]) == (pytest.approx(0.5), 4)
    first = got[(got["position"] == 0) & (got["change"] == "lost")]
    assert first["rate"].item() == pytest.approx(0.5) and first["n"].item() == 2
    assert got["position"].dropna().max() == 2  # the last attempt is not revised


def test_the_interval_covers_the_rate_and_has_no_width_where_all_agree() -> None:
    got = transition_rates(chains(*[(f"p{i}", 0, "+-+") for i in range(9)]))
    lost = got[got["change"] == "lost"].iloc[0]
    assert (lost["rate"], lost["low"], lost["high"]) == (1.0, 1.0, 1.0)
    mixed = transition_rates(chains(*[(f"p{i}", 0, "+-" if i % 3 else "++") for i in range(30)]))
    lost = mixed[mixed["change"] == "lost"].iloc[0]
    assert lost["rate"] == pytest.approx(2 / 3)
    assert lost["low"] < 2 / 3 < lost["high"]


def test_a_rate_that_could_not_happen_is_nothing() -> None:
    got = transition_rates(chains(("a", 0, "--"), ("b", 0, "--")))
    assert got[got["change"] == "lost"]["rate"].isna().all()


def test_chains_that_are_not_whole_are_refused() -> None:
    with pytest.raises(InputError, match="as long as the longest"):
        pass_at_1_by_position(chains(("a", 0, "++"), ("b", 0, "+")))
    with pytest.raises(InputError, match="whole chains"):
        transition_rates(TABLE[TABLE["position"] != 1])
    with pytest.raises(InputError, match="whole chains"):
        transition_rates(chains(("a", 0, "+"), ("b", 0, "+")))
