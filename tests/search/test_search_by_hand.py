"""Every method on scripts so small that the result is computed by hand."""

import pandas as pd
import pytest
from search_fakes import FakeGenerator, FakeVerifier, scripted, some_problems, valued

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.contract import Sampling
from stepscale.search.methods import read_options, search
from stepscale.search.results import Problem, SearchResult
from stepscale.studies.search.overoptimization import SignCounts, count_signs, signs_table

FOUR = {"": ["a\n\\boxed{1}$", "b\n\\boxed{2}$", "c\n\\boxed{1}$", "d\n\\boxed{3}$"]}
FOUR_SCORES = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6, "\\boxed{1}": 0.4, "\\boxed{2}": 0.7, "\\boxed{3}": 0.1}
TREE = {
    "": ["a\n", "b\n", "c\n", "d\n"],
    "a": ["e\n", "\\boxed{1}$"],
    "b": ["\\boxed{2}$", "f\n"],
    "b/f": ["\\boxed{1}$", "\\boxed{1}$"],
}
TREE_SCORES = {"a": 0.9, "b": 0.8, "c": 0.2, "d": 0.1, "e": 0.3, "f": 0.7, "\\boxed{1}": 0.4, "\\boxed{2}": 0.6}


def run(
    options: dict, script: dict, verifier: FakeVerifier | None, tokens: int = 100
) -> tuple[SearchResult, FakeGenerator]:
    generator = FakeGenerator(scripted(script))
    got = search(
        some_problems(1),
        generator,
        verifier,
        read_options(options),
        Sampling(max_new_tokens=tokens),
        run_seed=0,
        ledger=Ledger(),
    )
    return got[0], generator


@pytest.mark.parametrize(
    ("method", "answer", "slot", "confidence"),
    [
        ("best_of_n", "2", 1, 0.7),  # the best last step is b's
        ("weighted", "1", 0, 0.8 / 1.6),  # 0.4 + 0.4 against 0.7 and 0.1
        ("majority", "1", 0, 0.5),
    ],
)
def test_four_samples_and_three_ways_to_choose(method, answer, slot, confidence):
    verifier = None if method == "majority" else valued(FOUR_SCORES)
    result, generator = run({"method": method, "n": 4}, FOUR, verifier)
    assert (result.answer, result.candidates[result.chosen].slot) == (answer, slot)
    assert result.confidence == pytest.approx(confidence)
    assert [c.steps for c in result.candidates][1] == ("b", "\\boxed{2}")
    assert len(generator.calls) == 1 and result.budget == 4 and result.rounds == 1


@pytest.mark.parametrize(
    ("how", "scores"),
    [
        ("last", [0.4, 0.7, 0.4, 0.1]),
        ("min", [0.4, 0.7, 0.4, 0.1]),
        ("product", [0.36, 0.56, 0.28, 0.06]),
        ("mean", [0.65, 0.75, 0.55, 0.35]),
    ],
)
def test_samples_are_scored_by_the_aggregation_asked_for(how, scores):
    result, _ = run({"method": "weighted", "n": 4, "aggregation": how}, FOUR, valued(FOUR_SCORES))
    assert [c.score for c in result.candidates] == pytest.approx(scores)


def test_a_neutral_step_counts_as_asked_for():
    verifier = valued({"\\boxed{1}": 0.9})
    verifier.neutral = 0.25  # P(negative) 0.1, P(neutral) 0.25
    script = {"": ["\\boxed{1}$"]}
    for neutral_is, score in (("positive", 0.9), ("negative", 0.65)):
        result, _ = run({"method": "best_of_n", "n": 1, "neutral_is": neutral_is}, script, verifier)
        assert result.candidates[0].score == pytest.approx(score)
        assert result.candidates[0].step_scores == pytest.approx((score,))


def test_beam_search_keeps_the_best_half_and_expands_each_twice():
    # round 1: a .9 b .8 c .2 d .1 -> a and b twice each; round 2: a/e, a/1, b/2, b/f -> two retire, b/f (.7) beats a/e (.3)
    # and takes both open slots; round 3: two more 1's. Weighted: 1 has .4 x 3, 2 has .6.
    result, generator = run({"method": "beam", "n": 4}, TREE, valued(TREE_SCORES))
    assert [(c.slot, c.steps, c.answer) for c in result.candidates] == [
        (0, ("b", "f", "\\boxed{1}"), "1"),
        (1, ("a", "\\boxed{1}"), "1"),
        (2, ("b", "\\boxed{2}"), "2"),
        (3, ("b", "f", "\\boxed{1}"), "1"),
    ]
    assert result.answer == "1" and result.confidence == pytest.approx(1.2 / 1.8)
    assert result.n_distinct == 3 and result.rounds == 3 and result.budget == 4
    assert [len(requests) for requests in generator.rounds()] == [4, 4, 2]


@pytest.mark.parametrize(("choose", "answer"), [("best", "2"), ("weighted", "1"), ("majority", "1")])
def test_beam_search_chooses_as_asked_for(choose, answer):
    assert run({"method": "beam", "n": 4, "choose": choose}, TREE, valued(TREE_SCORES))[0].answer == answer


def test_where_n_is_not_divisible_by_m_the_last_kept_beam_gets_what_is_left():
    script = {"": [f"{x}\n" for x in "abcde"], **{x: ["\\boxed{1}$"] for x in "abcde"}}
    scores = {"a": 0.1, "b": 0.5, "c": 0.4, "d": 0.9, "e": 0.2}
    result, _ = run({"method": "beam", "n": 5, "width": 2}, script, valued(scores))
    assert [c.steps[0] for c in result.candidates] == ["d", "d", "b", "b", "c"]


ALIKE = {"": ["a\n", "a\n", "b\n", "c\n"], **{x: ["\\boxed{1}$"] for x in "abc"}}


@pytest.mark.parametrize(
    ("width", "survivors", "filtered"), [(2, "aaaa", "aabb"), (1, "aabc", "abca"), (4, "aaaa", "aaaa")]
)
def test_of_beams_that_are_alike_one_is_expanded_where_duplicates_are_filtered(width, survivors, filtered):
    # M = 1: all four are kept; three texts differ, so the best of them gets the fourth slot too
    verifier = valued({"a": 0.9, "b": 0.8, "c": 0.2})
    for filter_duplicates, steps in ((False, survivors), (True, filtered)):
        options = {"method": "beam", "n": 4, "width": width, "filter_duplicates": filter_duplicates}
        result, _ = run(options, ALIKE, verifier)
        assert "".join(c.steps[0] for c in result.candidates) == steps


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 2), (4, 2), (8, 3), (16, 4), (64, 8), (256, 16)])
def test_the_square_root_of_n_is_a_width(n, m):
    assert read_options({"method": "beam", "n": n}).m == m


LOOK = {
    "": ["a\n", "b\n"],
    "a": ["bad\n", "\\boxed{1}$"],
    "b": ["good\n", "\\boxed{2}$"],
    "a/bad": ["worse\n"],
    "b/good": ["best\n"],
    "a/bad/worse": ["\\boxed{1}$"],
    "b/good/best": ["\\boxed{2}$"],
}
LOOK_SCORES = {"a": 0.9, "b": 0.1, "bad": 0.8, "good": 0.2, "worse": 0.1, "best": 0.9}


@pytest.mark.parametrize(("k", "survivors"), [(0, "a"), (1, "a"), (2, "b"), (3, "a")])
def test_lookahead_ranks_a_beam_by_where_it_leads_k_steps_on(k, survivors):
    # after 1 step more: a .8, b .2; after 2: a .1, b .9; at the end both answers have .5, and the earlier slot goes first
    options = {"method": "lookahead", "n": 2, "k": k} if k else {"method": "beam", "n": 2}
    result, generator = run(options, LOOK, valued(LOOK_SCORES))
    assert {c.steps[0] for c in result.candidates} == {survivors}
    assert result.budget == 2 * (k + 1)
    assert all(len(requests) <= 2 for requests in generator.rollouts())


def test_lookahead_looks_one_step_ahead_unless_told_and_its_name_says_so():
    assert read_options({"method": "lookahead", "n": 4}) == read_options({"method": "lookahead", "n": 4, "k": 1})
    names = [read_options({"method": "lookahead", "n": 4, "k": k}).display_name() for k in (1, 3)]
    assert names == ["lookahead k = 1, M = sqrt(N)", "lookahead k = 3, M = sqrt(N)"]


def test_lookahead_stops_where_the_rollout_ends_and_gives_candidates_their_own_scores():
    script = {"": ["a\n", "b\n"], "a": ["\\boxed{1}$"], "b": ["\\boxed{2}$"]}
    verifier = valued({"a": 0.9, "b": 0.1, "\\boxed{1}": 0.2, "\\boxed{2}": 0.8})
    result, generator = run({"method": "lookahead", "n": 2, "k": 3}, script, verifier)
    assert [len(requests) for requests in generator.rollouts()] == [
        2
    ]  # both ended after one step; ended beams are not rolled
    assert {c.steps for c in result.candidates} == {("b", "\\boxed{2}")}
    assert result.candidates[0].score == pytest.approx(0.8)


def test_subtrees_of_dvts_do_not_compete():
    # slots 0-1 and 2-3 are subtrees; beam search would keep a and b, of the same subtree
    script = {"": [f"{x}\n" for x in "abcd"], **{x: [f"\\boxed{{{x}}}$"] for x in "abcd"}}
    verifier = valued({"a": 0.9, "b": 0.8, "c": 0.2, "d": 0.3})
    result, _ = run({"method": "dvts", "n": 4, "width": 2}, script, verifier)
    assert [(c.slot, c.subtree, c.answer) for c in result.candidates] == [
        (0, 0, "a"),
        (1, 0, "a"),
        (2, 1, "d"),
        (3, 1, "d"),
    ]
    result, _ = run({"method": "beam", "n": 4, "width": 2}, script, verifier)
    assert [c.answer for c in result.candidates] == ["a", "a", "b", "b"]


def test_the_last_subtree_of_dvts_has_the_slots_left_over():
    script = {"": [f"{x}\n" for x in "abcde"], **{x: [f"\\boxed{{{x}}}$"] for x in "abcde"}}
    result, _ = run({"method": "dvts", "n": 5, "width": 2}, script, valued({"b": 0.9, "d": 0.9}))
    assert [(c.subtree, c.answer) for c in result.candidates] == [(0, "b"), (0, "b"), (1, "d"), (1, "d"), (2, "e")]


def test_a_problem_without_any_finished_solution_has_no_answer():
    for method in ("best_of_n", "weighted", "majority", "beam", "dvts"):
        result, _ = run({"method": method, "n": 2}, {"": ["\\boxed{1} and so on"]}, valued({}), tokens=12)
        assert (result.answer, result.chosen, result.confidence) == (None, None, None)
        assert {c.finish for c in result.candidates} == {"length"}


def test_ties_are_settled_by_the_seed_and_not_by_order():
    script = {"": ["\\boxed{1}$", "\\boxed{2}$"]}
    answers = []
    for number in range(64):
        got = search(
            [Problem(f"p{number}", "x")],
            FakeGenerator(scripted(script)),
            None,
            read_options({"method": "majority", "n": 2}),
            Sampling(),
            run_seed=0,
            ledger=Ledger(),
        )
        answers.append(got[0].answer)
    assert 16 < answers.count("1") < 48


def test_signs_of_over_optimization():
    long = "a\nb\na\n\\boxed{1}$"  # says a twice
    result, _ = run({"method": "weighted", "n": 3}, {"": [long, "\\boxed{2}$", "c\n\\boxed{2}$"]}, valued({}))
    got = count_signs(candidate.steps for candidate in result.finished)
    assert got == SignCounts(solutions=3, short=2, repeating=1, steps=7, repeated=1)
    assert count_signs([["A b"], [], ["x", "X "]]) == SignCounts(solutions=2, short=2, repeating=1, steps=3, repeated=1)


def test_signs_stand_beside_the_baseline_s_on_the_same_problems():
    short, long = ["\\boxed{1}"], ["a", "b", "a", "\\boxed{1}"]
    steps_of = {
        ("plain", 4): {"p": [long, short], "q": [long, long]},
        ("beam", 4): {"p": [short]},
        ("beam", 16): {"q": [long]},
    }
    rows = [
        [*key, i, steps]
        for key, rows_of_run in steps_of.items()
        for i, solutions in rows_of_run.items()
        for steps in solutions
    ]
    won = pd.DataFrame(rows, columns=["strategy", "budget", "problem_id", "steps"])
    table = signs_table(won, "plain", ["p", "q"], 200, 0).set_index(["sign", "strategy", "budget"])
    assert table.loc[("short", "plain", 4), "value"] == 0.25 and table.loc[("repeating", "plain", 4), "value"] == 0.75
    assert table.loc[("repeated steps", "plain", 4), "value"] == pytest.approx(3 / 13)
    assert table.loc[("mean steps", "plain", 4), "value"] == pytest.approx(13 / 4)
    beam = table.loc["short", "beam", 4]
    assert (beam["value"], beam["difference"], beam["n_solutions"], beam["n_problems"]) == (1.0, 0.5, 1, 1)
    assert beam["difference_low"] == beam["difference_high"] == 0.5, (
        "beam search has no answer to q, so only p is compared"
    )
    assert table["difference"].isna().groupby(["strategy", "budget"]).all().to_dict() == {
        ("beam", 4): False,
        ("beam", 16): True,
        ("plain", 4): True,
    }


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"method": "beams", "n": 4}, "beams"),
        ({"method": "beam", "n": 0}, "beam.n"),
        ({"method": "beam", "n": 4, "with": 2}, "beam.with"),
        ({"n": 4}, "search options: give method: best_of_n, weighted, "),
        ({"metod": "beam", "n": 4}, "search options: metod: unknown key; give method: best_of_n, weighted, "),
        ({"method": "beam", "n": 4, "width": 0}, "width"),
    ],
)
def test_wrong_options_are_one_line_that_names_the_key(options, named):
    with pytest.raises(InputError, match=named) as error:
        read_options(options)
    assert "\n" not in str(error.value)


def test_what_cannot_be_searched_is_said_before_anything_is_drawn():
    generator = FakeGenerator(scripted(TREE))
    beam = read_options({"method": "beam", "n": 4})
    with pytest.raises(InputError, match="needs a verifier"):
        search(some_problems(1), generator, None, beam, Sampling(), run_seed=0, ledger=Ledger())
    with pytest.raises(InputError, match="same problem_id"):
        search(some_problems(1) * 2, generator, valued({}), beam, Sampling(), run_seed=0, ledger=Ledger())
    with pytest.raises(InputError, match=r"generator .Qwen/x. is not a model; open it with stepscale\.load_generator"):
        search(some_problems(1), "Qwen/x", valued({}), beam, Sampling(), run_seed=0)
    with pytest.raises(InputError, match=r"verifier .Qwen/x. is not a model; open it with stepscale\.load_verifier"):
        search(some_problems(1), generator, "Qwen/x", beam, Sampling(), run_seed=0)
    for options in ("beam", type(beam), None, {"method": "beam"}):
        with pytest.raises(InputError, match="search options: "):
            search(some_problems(1), generator, valued({}), options, Sampling(), run_seed=0)
    assert not generator.calls


def test_options_may_be_given_as_they_are_written():
    options = {"method": "best_of_n", "n": 4}
    result, _ = run(options, FOUR, valued(FOUR_SCORES))
    generator, sampling = FakeGenerator(scripted(FOUR)), Sampling(max_new_tokens=100)
    [written] = search(some_problems(1), generator, valued(FOUR_SCORES), options, sampling, run_seed=0)
    assert (written.answer, written.strategy) == (result.answer, result.strategy)


def test_options_within_a_budget():
    assert read_options({"method": "beam", "n": 1}).within(64).n == 64
    wide = read_options({"method": "lookahead", "n": 1, "k": 3}).within(64)
    assert (wide.n, wide.budget, wide.m) == (16, 64, 4)
    with pytest.raises(InputError, match="budget above 3"):
        wide.within(3)
