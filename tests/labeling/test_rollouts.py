"""Rollouts: the value of a step is the share of its continuations that end right; shared beginnings are rolled out once."""

import functools
from pathlib import Path

import pandas as pd
import pytest
from shard_workers import made_in_workers

from stepscale.cost import Ledger
from stepscale.engine.caching import clear_cache
from stepscale.errors import InputError
from stepscale.formats import Tables, read, tables, write
from stepscale.generation.contract import Continuation, Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.generation.sampling import SamplingJob, sample_solutions
from stepscale.grading import extract_answer
from stepscale.labeling.rollouts import RolloutJob, RolloutLabeler, roll_out

LAB = Path(__file__).resolve().parents[2] / "data" / "01_raw" / "lab_base"
JOB = RolloutJob(Sampling(max_new_tokens=40), 0, per_step=8)


class Coin:
    """A Generator of one token a character that ends every solution at once: right if its seed is even and the text is not bad.

    ``given``: every request it met. A seed divisible by 7 is cut off, one divisible by 5 states no answer.
    """

    name = "coin"

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        return tuple(map(ord, problem + "\n"))

    def decode(self, tokens) -> str:
        return "".join(map(chr, tokens))

    def text(self, request: Request) -> tuple[str, str]:
        if request.seed % 7 == 0:
            return "\\boxed{4}", "length"
        if request.seed % 5 == 0:
            return "no idea", "solution"
        good = request.seed % 2 == 0 and "bad" not in self.decode(request.prefix)
        return ("\\boxed{4}" if good else "\\boxed{5}"), "solution"

    def generate(self, requests, sampling, until, ledger):
        assert until == "solution"
        self.requests += requests
        ledger.add(self.name, "decode", len(requests))
        texts = [self.text(request) for request in requests]
        return [Continuation(tuple(map(ord, text)), (0.0,) * len(text), ended, ()) for text, ended in texts]


def written(*solutions: tuple[str, ...], finish: str = "solution") -> pd.DataFrame:
    rows = []
    for number, steps in enumerate(solutions):
        text = "\n".join(steps) + "\n"
        ends = [i for i, character in enumerate(text) if character == "\n"]
        answer = extract_answer(steps[-1])
        rows.append(
            {
                "problem_id": "p",
                "sample_id": number,
                "steps": list(steps),
                "tokens": list(map(ord, text)),
                "step_ends": ends,
                "answer": answer,
                "finish": finish,
            }
        )
    return pd.DataFrame(rows)


PROBLEMS = pd.DataFrame({"problem_id": ["p"], "problem": ["2+2"], "answer": ["4"]})


def test_a_value_is_the_share_of_rollouts_that_end_right_and_the_last_step_is_worth_its_answer():
    coin = Coin()
    solutions = written(("one", "two", "\\boxed{4}"), ("one", "bad", "\\boxed{5}"))
    labels = tables.step_labels(roll_out(JOB, coin, PROBLEMS, solutions, Ledger()))
    by_prefix: dict[str, list[bool]] = {}
    for request in coin.requests:
        by_prefix.setdefault(coin.decode(request.prefix), []).append(coin.text(request) == ("\\boxed{4}", "solution"))
    share = {prefix: sum(right) / len(right) for prefix, right in by_prefix.items()}
    one, two = share["2+2\none\n"], share["2+2\none\ntwo\n"]
    assert labels["value"].tolist() == [one, two, 1.0, one, 0.0, 0.0]
    assert 0 < one < 1 and share["2+2\none\nbad\n"] == 0
    assert {len(right) for right in by_prefix.values()} == {8}
    assert labels["rating"].isna().all() and set(labels["labeler"]) == {"rollouts"}


def test_equal_beginnings_are_rolled_out_once_with_seeds_of_their_own():
    coin, ledger = Coin(), Ledger()
    solutions = written(("one", "two", "\\boxed{4}"), ("one", "two", "\\boxed{5}"), ("one", "three", "\\boxed{4}"))
    roll_out(JOB, coin, PROBLEMS, solutions, ledger)
    assert len({request.prefix for request in coin.requests}) == 3
    assert ledger.tokens == len(coin.requests) == len({request.seed for request in coin.requests}) == 3 * 8


def test_the_value_of_a_beginning_depends_on_nothing_beside_it():
    solutions = written(("one", "two", "\\boxed{4}"), ("other", "\\boxed{4}"))
    both = roll_out(JOB, Coin(), PROBLEMS, solutions, Ledger())
    alone = roll_out(JOB, Coin(), PROBLEMS, solutions[1:], Ledger())
    assert both[both["sample_id"] == 1]["value"].tolist() == alone["value"].tolist()


def test_solutions_without_an_answer_are_left_out():
    no_answer = written(("one", "two")).assign(answer=None)
    cut_off = written(("one", "\\boxed{4}"), finish="length")
    for solutions in (no_answer, cut_off):
        assert not len(RolloutLabeler(Coin(), JOB).label(PROBLEMS, solutions, Ledger()))


def test_what_cannot_be_rolled_out_is_one_clear_line():
    good = written(("one", "\\boxed{4}"))
    foreign = good.assign(step_ends=[[]])
    unknown_token = good.assign(tokens=[[ord("x")] * 20])
    no_gold = PROBLEMS.assign(answer=None)
    cases = (
        (PROBLEMS, foreign, "no tokens"),
        (PROBLEMS, unknown_token, "vocabulary"),
        (no_gold, good, "p has no answer"),
    )
    for problems, solutions, words in cases:
        with pytest.raises(InputError, match=words) as caught:
            roll_out(JOB, Coin(), problems, solutions, Ledger())
        assert "\n" not in str(caught.value)


def test_as_ratings_a_step_is_wrong_where_no_rollout_from_it_ends_right_and_nothing_after_it_is_rated(tmp_path):
    solutions = written(("one", "bad", "two", "\\boxed{5}"), ("one", "\\boxed{5}"), ("one", "\\boxed{4}"))
    soft = RolloutLabeler(Coin(), JOB).label(PROBLEMS, solutions, Ledger())
    labels = RolloutLabeler(Coin(), JOB, rated=True).label(PROBLEMS, solutions, Ledger())
    assert soft["rating"].isna().all() and len(soft) == 8, "off by default"
    assert [rows["rating"].tolist() for _, rows in labels.groupby("sample_id")] == [[1, -1], [1, -1], [1, 1]]
    both = labels.merge(soft, on=["problem_id", "sample_id", "step"])
    assert (both["value_x"] == both["value_y"]).all(), "the value stays beside the rating"
    tables_of = Tables(PROBLEMS, solutions.assign(is_correct=None), labels)
    write(tables_of, tmp_path / "out.jsonl", "prm800k")
    again = read(tmp_path / "out.jsonl", "prm800k").step_labels
    pd.testing.assert_series_equal(again["rating"], labels["rating"])
    assert again["text"].tolist() == labels["text"].tolist() and set(again["labeler"]) == {"rollouts"}
    none = RolloutLabeler(Coin(), JOB, rated=True).label(PROBLEMS, solutions.assign(answer=None), Ledger())
    assert none.empty


@pytest.fixture(scope="module")
def sampled() -> tuple[LocalGenerator, pd.DataFrame, pd.DataFrame]:
    """Solutions of 6 problems by the lab's base model."""
    from stepscale.lab.problems import make_problems

    problems = make_problems(6, "train", 0, levels=(1, 2))
    generator = LocalGenerator.load(LAB, prompt_template="<s>{problem}\n")
    job = SamplingJob("pool", 4, Sampling(max_new_tokens=120), 0)
    table = sample_solutions(job, generator, problems, Ledger())
    answers = [
        extract_answer("\n".join(s)) if f == "solution" else None
        for s, f in zip(table["steps"], table["finish"], strict=True)
    ]
    return generator, problems, table.assign(answer=pd.Series(answers, dtype=object))


def test_the_steps_that_rollouts_stand_on_are_computed_once_and_the_ledger_counts_what_they_add(sampled):
    _, problems, solutions = sampled
    generator, ledger = LocalGenerator.load(LAB, prompt_template="<s>{problem}\n", name="m"), Ledger()
    calls: list[tuple[Request, Continuation]] = []
    inner = generator.generate

    def watched(requests, sampling, until, ledger):
        got = inner(requests, sampling, until, ledger)
        calls.extend(zip(requests, got, strict=True))
        return got

    generator.generate = watched
    roll_out(RolloutJob(Sampling(max_new_tokens=120), 0, per_step=4), generator, problems, solutions, ledger)
    beginnings = {request.prefix for request, _ in calls}
    shared = {prefix[:end] for prefix in beginnings for end in range(1, len(prefix) + 1)}
    # the last token of a beginning inside a longer one is passed again: to draw, and as a part of the longer one
    inner_ends = beginnings & {prefix[:end] for prefix in beginnings for end in range(1, len(prefix))}
    assert ledger.models["m"].prefill == len(shared) + len(inner_ends)
    added = {(r.prefix, c.tokens[:end]) for r, c in calls for end in range(1, len(c.tokens))}
    assert ledger.models["m"].decode == len(added)


def roll_out_part(job, problems, generator, solutions, ledger) -> pd.DataFrame:
    clear_cache(generator)
    return roll_out(job, generator, problems, solutions, ledger)


def test_labels_are_the_same_in_workers_and_in_a_process_that_made_nothing_before(sampled):
    generator, problems, solutions = sampled
    job = RolloutJob(Sampling(max_new_tokens=120), 0, per_step=4)
    ids = problems["problem_id"]
    parts = [solutions[solutions["problem_id"].isin(ids[start : start + 2])] for start in range(0, len(ids), 2)]
    make = functools.partial(roll_out_part, job, problems)
    tables = [make(generator, part, Ledger()) for part in parts]
    load = functools.partial(LocalGenerator.load, LAB, prompt_template="<s>{problem}\n")
    for (table, _), mine in zip(made_in_workers(load, make, parts, 2), tables, strict=True):
        pd.testing.assert_frame_equal(table, mine, check_exact=True)
    pd.testing.assert_frame_equal(make(load(), parts[1], Ledger()), tables[1], check_exact=True)
