"""One test for each defect found in public search code (their names are in docs/search.md): none of them is ours."""

import pytest
from search_fakes import FakeGenerator, scripted, some_problems, valued

from stepscale.cost import Ledger
from stepscale.generation.contract import Sampling
from stepscale.generation.ends import ended_before
from stepscale.search.methods import read_options, search
from stepscale.search.table import candidates_table, results_table

ONE = {"": ["a\n", "b\n", "c\n", "d\n"], **{x: [f"\\boxed{{{x}}}$"] for x in "abcd"}}


def run(options: dict, script: dict, scores: dict, problems: int = 1, tokens: int = 100):
    generator, verifier = FakeGenerator(scripted(script)), valued(scores)
    results = search(
        some_problems(problems),
        generator,
        verifier,
        read_options(options),
        Sampling(max_new_tokens=tokens),
        run_seed=0,
        ledger=Ledger(),
    )
    return results, generator, verifier


class GoesOn(FakeGenerator):
    """Asked by examples: a solution ends before the line in which it opens a problem of its own; no end of text comes."""

    end_tokens = 4 + len("Problem:")

    def generate(self, requests, sampling, until, ledger):
        got = super().generate(requests, sampling, until, ledger)
        return [ended_before("Problem:", continuation, self.decode) for continuation in got]


def test_a_beam_that_ends_before_a_line_of_text_is_not_expanded_either():
    one, two, more = "\\boxed{1}", "\\boxed{2}", "Problem: 3+3?"
    script = {
        "": [f"{one}\n", "a\n"],
        "a": [f"{two}\n"],
        one: [f"{more}\n"],
        f"a/{two}": [f"{more}\n"],
        f"{one}/{more}": ["x$"],
        f"a/{two}/{more}": ["x$"],
    }
    generator, verifier = GoesOn(scripted(script)), valued({"\\boxed{1}": 0.9, "a": 0.1, "\\boxed{2}": 0.6})
    [result] = search(
        some_problems(1),
        generator,
        verifier,
        read_options({"method": "beam", "n": 4, "width": 2}),
        Sampling(max_new_tokens=60),
        run_seed=0,
        ledger=Ledger(),
    )
    assert [c.answer for c in result.candidates] == ["1", "2", "1", "2"], "each of the two that ended keeps its slot"
    assert all(c.steps[-1].startswith("\\boxed") for c in result.candidates)


def test_what_lookahead_writes_is_what_is_scored():
    _, generator, verifier = run({"method": "lookahead", "n": 4, "k": 1}, ONE, {})
    assert {t.steps for t in verifier.calls[0]} == {(x, f"\\boxed{{{x}}}") for x in "abcd"}
    assert len(generator.rollouts()) == 1


@pytest.mark.parametrize("method", ["best_of_n", "beam", "lookahead", "dvts"])
def test_tokens_are_recorded_as_they_were_counted(method):
    options = {"method": method, "n": 4, **({"k": 1} if method == "lookahead" else {})}
    generator, verifier = FakeGenerator(scripted(ONE)), valued({})
    ledger = Ledger()
    if method == "best_of_n":
        options["aggregation"] = "product"
    result = search(
        some_problems(1),
        generator,
        verifier,
        read_options(options),
        Sampling(max_new_tokens=99),
        run_seed=0,
        ledger=ledger,
    )[0]
    prefill = sum(len(r.prefix) for _, _, requests in generator.calls for r in requests)
    read = sum(len(t.problem) + sum(map(len, t.steps)) for call in verifier.calls for t in call)
    assert result.ledger.models["gen"].prefill == ledger.models["gen"].prefill == prefill > 0
    assert result.ledger.models["gen"].decode == ledger.models["gen"].decode > 0
    assert result.ledger.models["prm"].verify == ledger.models["prm"].verify == read > 0
    assert result.ledger.models["prm"].seconds == pytest.approx(ledger.models["prm"].seconds)


@pytest.mark.parametrize("method", ["best_of_n", "weighted", "majority", "beam", "dvts"])
def test_a_solution_cut_off_by_its_length_is_not_an_end(method):
    # the cut-off solution states an answer and would score best
    script = {"": ["\\boxed{9} is the answer as can be seen from", "\\boxed{1}$"]}
    results, _, _ = run({"method": method, "n": 4}, script, {"\\boxed{1}": 0.01}, tokens=20)
    cut = [c for c in results[0].candidates if c.finish == "length"]
    assert len(cut) == 2 and all(c.answer is None and c.score is None for c in cut)
    assert results[0].answer == "1"


def test_a_search_cut_off_by_its_rounds_is_not_an_end():
    def endless(text: str, number: int, seed: int, temperature: float) -> str:
        return "so \\boxed{9}\n"

    generator, verifier = FakeGenerator(endless), valued({})
    result = search(
        some_problems(1),
        generator,
        verifier,
        read_options({"method": "beam", "n": 4}),
        Sampling(max_new_tokens=9999),
        run_seed=0,
        ledger=Ledger(),
    )[0]
    assert {(c.finish, c.answer, len(c.steps)) for c in result.candidates} == {("rounds", None, 40)}
    assert result.rounds == len(generator.rounds()) == 40 and result.answer is None


def test_a_finished_beam_is_one_candidate_however_long_the_others_take():
    # slot 0 ends at once with the answer 1 and the best score; copied up to N it would outvote the rest
    script = {
        "": ["\\boxed{1}$", "b\n", "c\n", "d\n"],
        "b": ["\\boxed{2}$"],
        "c": ["\\boxed{2}$"],
        "d": ["\\boxed{2}$"],
    }
    results, generator, _ = run({"method": "beam", "n": 4}, script, {"\\boxed{1}": 0.9, "\\boxed{2}": 0.4})
    assert [c.answer for c in results[0].candidates] == ["1", "2", "2", "2"]
    assert results[0].answer == "2"
    assert all("\\boxed{1}" not in "".join(map(chr, r.prefix)) for call in generator.rounds() for r in call)


def test_a_solution_that_ends_after_a_separator_is_neither_expanded_nor_pruned():
    # every beam is complete after one step, but its end of text comes after the separator
    script = {"": [f"\\boxed{{{x}}}\n" for x in "1234"], **{f"\\boxed{{{x}}}": ["$"] for x in "1234"}}
    results, generator, _ = run({"method": "beam", "n": 4}, script, {"\\boxed{1}": 0.9})
    assert [c.answer for c in results[0].candidates] == ["1", "2", "3", "4"]
    assert [len(requests) for requests in generator.rounds()] == [4]


BY_HOW = {
    "": ["a\n", "c\n", "x\n", "y\n"],
    "a": ["e\n"],
    "c": ["f\n"],
    "a/e": ["\\boxed{1}$"],
    "c/f": ["\\boxed{2}$"],
    "x": ["x\n"],
    "y": ["y\n"],
    "x/x": ["\\boxed{3}$"],
    "y/y": ["\\boxed{3}$"],
}
BY_HOW_SCORES = {"a": 0.2, "e": 0.9, "c": 0.8, "f": 0.7, "x": 0.1, "y": 0.1, "\\boxed{1}": 0.9, "\\boxed{2}": 0.8}


@pytest.mark.parametrize(("how", "survivors"), [("last", "a"), ("product", "c"), ("min", "c"), ("mean", "c")])
def test_the_aggregation_asked_for_orders_beams(how, survivors):
    # after two steps two of a/e, a/e, c/f, c/f are kept: a/e is best by the last step alone
    results, _, _ = run({"method": "beam", "n": 4, "width": 2, "aggregation": how}, BY_HOW, BY_HOW_SCORES)
    assert {c.steps[0] for c in results[0].candidates} == {survivors}


@pytest.mark.parametrize("method", ["best_of_n", "beam", "dvts"])
@pytest.mark.parametrize(("how", "answer"), [("last", "1"), ("product", "2"), ("min", "2")])
def test_the_aggregation_asked_for_chooses(method, how, answer):
    options = {"method": method, "n": 4, "aggregation": how}
    options |= {} if method == "best_of_n" else {"width": 1, "choose": "best"}
    assert run(options, BY_HOW, BY_HOW_SCORES)[0][0].answer == answer


def test_the_first_level_draws_n_and_n_over_m_beams_are_kept():
    script = {"": [f"{x}\n" for x in "abcdefgh"], **{x: ["\\boxed{1}$"] for x in "abcdefgh"}}
    scores = {x: 0.9 - 0.1 * i for i, x in enumerate("abcdefgh")}
    results, generator, _ = run({"method": "beam", "n": 8, "width": 2}, script, scores)
    assert [len(requests) for requests in generator.rounds()] == [8, 8]
    assert [c.steps[0] for c in results[0].candidates] == list("aabbccdd")


def test_dvts_never_returns_an_unfinished_sibling_and_tells_its_subtrees():
    script = {"": ["a\n", "never ending"], "a": ["\\boxed{1}$", "never ending"]}
    results, _, _ = run({"method": "dvts", "n": 4, "width": 2}, script, {"never ending": 1.0}, tokens=12)
    table = candidates_table(results, 0, {"p0": "1"})
    assert table.groupby("subtree").size().tolist() == [2, 2]
    assert set(table.loc[table["answer"].notna(), "finish"]) == {"solution"}
    assert results[0].answer == "1" and table["is_chosen"].sum() == 1


def test_every_search_says_whether_it_was_right():
    for method in ("best_of_n", "beam", "dvts"):
        results, _, _ = run({"method": method, "n": 4}, ONE, {"a": 0.9, "\\boxed{a}": 0.9})
        assert results_table(results, 0, {"p0": "a"})["is_correct"].tolist() == [True]


def test_all_problems_advance_in_one_call_a_round_and_are_scored_in_one():
    _, generator, verifier = run({"method": "beam", "n": 4}, ONE, {}, problems=5)
    assert [len(requests) for requests in generator.rounds()] == [20, 20]
    assert [len(call) for call in verifier.calls] == [20, 20]


def test_an_incomplete_solution_is_not_preferred_for_its_product():
    # a product of one or two steps would beat that of four good ones; one has no answer, the other no end
    script = {"": ["no\nmore$", "\\boxed{9} and so on and on", "a\nb\nc\n\\boxed{4}$"]}
    options = {"method": "best_of_n", "n": 3, "aggregation": "product"}
    results, _, _ = run(options, script, {"no": 1.0, "more": 1.0, **dict.fromkeys("abc", 0.9)}, tokens=18)
    assert [c.finish for c in results[0].candidates] == ["solution", "length", "solution"]
    assert results[0].answer == "4"
