"""Names as MLflow takes them: unchanged where it does, and never two that become one."""

from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name

from stepscale.metric_names import stored_names


def test_names_that_mlflow_takes_stay_and_others_lose_what_it_refuses() -> None:
    assert stored_names(["loss", "scaling.best_of_n.PRM v2_low"]) == {
        "loss": "loss",
        "scaling.best_of_n.PRM v2_low": "scaling.best_of_n.PRM v2_low",
    }
    assert stored_names(["vote, share = 0.9"])["vote, share = 0.9"] == "vote share  0.9"


def test_names_of_broken_characters_stay_different_too() -> None:
    names = ["\ud800", "\ud801", "\ud802"]
    assert len(set(stored_names(names).values())) == 3


def test_a_name_keeps_what_it_was_stored_as_and_no_later_one_gets_it() -> None:
    before = stored_names(["a,b", "loss"])
    later = stored_names(["a=b", "ab", "a,b"], before)
    assert later["a,b"] == before["a,b"] == "ab"
    assert len({*before.values(), *later.values()}) == 4


@given(st.lists(st.text(max_size=12) | st.sampled_from(["a,b", "a=b", "ab", "a/../b", "..", "x" * 400, "x" * 401])))
def test_any_names_are_taken_and_stay_different(names: list[str]) -> None:
    stored = stored_names(names)
    assert set(stored) == set(names) and len(set(stored.values())) == len(stored)
    for name in stored.values():
        _validate_metric_name(name)
        assert 0 < len(name) <= 250
