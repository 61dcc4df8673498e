"""What a group of chains costs alone, told by a larger pool: by hand, and against the ledger of the group drawn alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from search_fakes import END, FakeGenerator, FakeVerifier, some_problems

from stepscale.cost import Ledger
from stepscale.engine.encoding import Encoded, TextFormat
from stepscale.engine.loading import load_token_classifier, load_tokenizer, save
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.lab.problems import make_problems
from stepscale.revisions.chains import run_chains, score_chains
from stepscale.revisions.costs import READING, WRITING, Beginnings, in_order
from stepscale.revisions.grid import pool_lengths, ratio_results, splits
from stepscale.revisions.prompt import RevisionLayout
from stepscale.revisions.table import chains_table, judged
from stepscale.search.results import Problem
from stepscale.seeds import seed_for
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.saved import SavedVerifier
from stepscale.verifiers.scoring import ModelVerifier

LAB_BASE = Path(__file__).resolve().parents[2] / "data/01_raw/lab_base"
LAYOUT = RevisionLayout(attempt="[{attempt}]\n", ask="?")


def by_character(texts) -> list[Encoded]:
    """As the fake verifier counts: a token a character, the problem first."""
    got = []
    for problem, steps in texts:
        ends = np.cumsum([len(problem), *map(len, steps)]) - 1
        got.append(Encoded([], len(problem), ends[1:].tolist()))
    return got


def test_groups_of_a_pool_are_priced_as_counted_by_hand() -> None:
    """Chains of 2, 2 and 1 attempts, of which the second begins otherwise; all revise to 5."""

    def say(text: str, number: int, seed: int, temperature: float) -> str:
        return f"\\boxed{{{5 if '[' in text else number % 2}}}\n{END}"

    generator, ledger, sampling = FakeGenerator(say), Ledger(), Sampling(max_new_tokens=60)
    got = run_chains(some_problems(1), generator, [2, 2, 1], LAYOUT, sampling, run_seed=0, ledger=ledger)
    scored = score_chains(got, generator, FakeVerifier(lambda *_: 0.5), True, "last", ledger)
    columns = judged(scored, by_character, True)
    table = chains_table(got, "gen").assign(is_correct=True, **{name: columns[name] for name in columns})
    prompt, attempt, answer = len("problem 0\n"), len("\\boxed{0}\n"), len("\\boxed{0}")  # the END is never passed
    read = len("problem 0") + answer
    rows = {(row.budget, row.strategy): row for row in ratio_results(table, [1, 2]).itertuples()}
    assert rows[1, "parallel"].tokens == prompt + attempt + read
    assert rows[1, "parallel"].flops == 20 * (prompt + attempt) + 40 * read
    prefix_tokens = len("0}\n")  # of the second chain's first attempt, after the same \\boxed{
    assert rows[2, "parallel"].tokens == prompt + attempt + prefix_tokens + read + answer  # the problem is read once
    # after "problem 0", which was passed before, but not its last token; the verifier reads another text from its start
    revised = len("\n[\\boxed{0}]\n?\n") + attempt
    assert (
        rows[2, "sequential"].tokens == prompt + attempt + revised + read + len("problem 0\n[\\boxed{0}]\n?") + answer
    )
    vote = ratio_results(table, [1], "majority").iloc[0]
    assert vote["tokens"] == prompt + attempt and vote["flops"] == vote["generator_flops"] == 20 * vote["tokens"]


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> ModelVerifier:
    """The lab's base with a head of random weights."""
    folder = tmp_path_factory.mktemp("verifier")
    save(load_token_classifier(LAB_BASE, num_labels=1), load_tokenizer(LAB_BASE), folder)
    layout = TextFormat(prompt="<judge>{problem}\n")
    SavedVerifier(kind="orm", labels=("right",), layout=layout, aggregation="last").write(folder)
    return ModelVerifier(folder, "orm", device="cpu")


@pytest.mark.parametrize("temperature", [0.3, 1.0])  # many beginnings are shared, and few
def test_every_group_is_charged_what_the_engines_count_when_it_is_drawn_and_read_alone(
    verifier: ModelVerifier, temperature: float
) -> None:
    """Token by token: the same chains by the same seeds, in a larger pool and without the others."""
    layout = RevisionLayout(attempt="#\n{attempt}\n", ask="#\n{problem}", max_tokens=312)
    sampling, lengths = Sampling(max_new_tokens=60, temperature=temperature), pool_lengths(8)
    generator = LocalGenerator.load(LAB_BASE, prompt_template="<s>{problem}\n", device="cpu", name="lab")
    texts = make_problems(1, "test", 1)
    problem = Problem(texts["problem_id"][0], texts["problem"][0])
    [pool] = run_chains([problem], generator, lengths, layout, sampling, run_seed=3, ledger=Ledger())
    table, first = chains_table([pool], "lab"), np.cumsum([0, *lengths])
    written = Beginnings(table, WRITING)
    read = {}
    for history in (True, False):
        scored = score_chains([pool], generator, verifier, history, "last", Ledger())
        read[history] = Beginnings(judged(scored, verifier.encoder.encode, history), READING)
    assert table["answer"].notna().sum() > 4 and table["context"].map(len).max() > 1
    for budget in (1, 2, 4, 8):
        for sequential, parallel in splits(budget):
            able = [j for j, length in enumerate(lengths) if length >= sequential]
            for group in (able[:parallel], able[-parallel:]):
                rows = np.array([first[j] + s for j in group for s in range(sequential)])
                chains = [(j, pool.chains[j][:sequential]) for j in group]
                assert written.distinct(rows) == drawn_alone(generator, problem, chains, sampling)
                for history in (True, False):
                    assert read[history].distinct(rows) == read_alone(verifier, problem, chains, history)
    cheaper = table["generator_tokens"].iloc[0] < written.distinct(np.array([0]))
    assert cheaper, "its part of the pool's ledger is less than an attempt costs by itself"


def drawn_alone(generator: LocalGenerator, problem: Problem, chains, sampling: Sampling) -> int:
    generator.clear_cache()
    ledger = Ledger()
    for position in range(len(chains[0][1])):
        seeds = [seed_for(3, f"revision-{position}", problem.problem_id, j) for j, _ in chains]
        attempts = [chain[position] for _, chain in chains]
        requests = [Request(attempt.prefix, seed) for attempt, seed in zip(attempts, seeds, strict=True)]
        got = generator.generate(requests, sampling, "solution", ledger)
        assert [one.tokens for one in got] == [attempt.candidate.tokens for attempt in attempts]
    return ledger.tokens


def read_alone(verifier: ModelVerifier, problem: Problem, chains, history: bool) -> int:
    verifier.clear_cache()
    ledger = Ledger()
    answered = [attempt for _, chain in chains for attempt in chain if attempt.candidate.answer is not None]
    trajectories = [Trajectory(a.prompt if history else problem.text, a.candidate.steps) for a in answered]
    verifier.score(trajectories, ledger)
    return ledger.tokens


def test_a_group_costs_the_tokens_of_the_tree_that_it_forms() -> None:
    rng = np.random.default_rng(0)
    sequences = [tuple(map(int, rng.integers(2, size=rng.integers(0, 7)))) for _ in range(40)]
    got = Beginnings(pd.DataFrame(in_order([[(t, 1) for t in s] for s in sequences]), columns=list(READING)), READING)
    for size in (1, 2, 5, 40):
        group = rng.choice(40, size, replace=False)
        tree = {sequences[i][:end] for i in group for end in range(1, len(sequences[i]) + 1)}
        assert got.distinct(group) == len(tree)
