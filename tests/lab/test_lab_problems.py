"""Problems, splits, expressions and the tokenizer of the lab."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.formats import tables
from stepscale.lab.expressions import Malformed, Tree, cost, evaluate, parse, render
from stepscale.lab.families import FAMILIES, LEVELS
from stepscale.lab.mistakes import Hand
from stepscale.lab.problems import make_problems, split_of
from stepscale.lab.tokenizer import build_tokenizer
from stepscale.lab.worlds import WORLDS, WorldName

TREES = st.recursive(
    st.integers(-99, 99) | st.just("x"),
    lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner),
    max_leaves=9,
)


@settings(max_examples=400, deadline=None)
@given(TREES)
def test_rendering_and_parsing_keep_the_value(tree: Tree) -> None:
    try:
        value = evaluate(tree, {"x": 17})
    except Malformed:
        return
    assert evaluate(parse(render(tree)), {"x": 17}) == value


def test_simplifying_lowers_the_cost() -> None:
    routes = (["3*(7-2)+4*6", "3*5+24", "39"], ["2(x+3)", "2x+6"], ["(2+3)*(7-4)", "5*3", "15"])
    for route in routes:
        costs = [cost(parse(text)) for text in route]
        assert costs == sorted(costs, reverse=True) and len(set(costs)) == len(costs)


@pytest.mark.parametrize("world", WORLDS)
def test_splits_do_not_overlap_and_families_and_levels_are_balanced(world: WorldName) -> None:
    train, test = make_problems(300, "train", 0, world=world), make_problems(150, "test", 0, world=world)
    assert not set(train["problem"]) & set(test["problem"])
    assert {split_of(text) for text in test["problem"]} == {"test"}
    assert test.groupby(["subject", "level"]).size().nunique() == 1
    assert WORLDS[world].held_out not in set(train["subject"]) | set(test["subject"])
    tables.problems(train)


@pytest.mark.parametrize("world", WORLDS)
def test_problems_depend_on_the_seed_alone(world: WorldName) -> None:
    assert make_problems(60, "train", 3, world=world).equals(make_problems(60, "train", 3, world=world))
    other = make_problems(60, "train", 4, world=world)
    assert set(make_problems(60, "train", 3, world=world)["problem"]) != set(other["problem"])


def test_a_family_that_runs_dry_leaves_its_place_to_the_others() -> None:
    problems = make_problems(400, "test", 0, families=("sequence", "order"), levels=(5,))
    assert problems["problem"].nunique() == 400
    assert 10 < (problems["subject"] == "sequence").sum() < 200
    with pytest.raises(InputError, match="distinct problems"):
        make_problems(400, "test", 0, families=("sequence",), levels=(5,))


@pytest.mark.parametrize("world", WORLDS)
def test_an_unknown_family_is_one_clear_line(world: WorldName) -> None:
    with pytest.raises(InputError, match=r"geometry.*families are"):
        make_problems(3, "train", 0, families=("geometry",), world=world)


def test_an_unknown_split_is_one_clear_line() -> None:
    with pytest.raises(InputError, match="no split 'valid'; splits are pretrain, train, test"):
        make_problems(3, "valid", 0)


def test_every_lab_text_survives_the_tokenizer_and_digits_stay_apart() -> None:
    tokenizer, rng = build_tokenizer(), Random(0)
    for family in FAMILIES.values():
        for level in LEVELS:
            problem = family.problem(level, rng)
            text = "\n".join([problem, *family.solution(problem, Hand(rng)), ""])
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            assert tokenizer.decode(ids) == text
            assert tokenizer.unk_token_id not in ids
    assert tokenizer.convert_ids_to_tokens(tokenizer("123\n")["input_ids"]) == ["1", "2", "3", "\n"]
