"""Beam search with the project's own generator and verifier: nothing is computed twice, and nothing depends on the batch."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from stepscale.cost import Ledger
from stepscale.engine.encoding import TextFormat
from stepscale.engine.loading import load_token_classifier, load_tokenizer, save
from stepscale.estimators.online_policy import Action, OnlinePolicy
from stepscale.generation.contract import Continuation, Request, Sampling, Until
from stepscale.generation.local import LocalGenerator
from stepscale.lab.problems import make_problems
from stepscale.search.beam import Beam
from stepscale.search.methods import read_options, search
from stepscale.search.online import search_online
from stepscale.search.results import Problem
from stepscale.search.table import candidates_table
from stepscale.studies.search.sample_costs import sample_costs
from stepscale.verifiers.saved import SavedVerifier
from stepscale.verifiers.scoring import ModelVerifier

LAB_BASE = Path(__file__).resolve().parents[2] / "data/01_raw/lab_base"
SAMPLING = Sampling(
    temperature=0.5, max_new_tokens=320
)  # cooler: rare draws that no text is tokenized to cost another token


class Watched(LocalGenerator):
    """The generator, with the trees of all tokens that had to be passed through it: of what it drew, and of rollouts."""

    drawn_prefixes: set[tuple[int, ...]]
    rolled: set[tuple[int, ...]]

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        got = super().generate(requests, sampling, until, ledger)
        for request, continuation in zip(requests, got, strict=True):
            full = request.prefix + continuation.tokens  # its last token is drawn, not passed
            if sampling.temperature:
                self.drawn_prefixes |= {full[:end] for end in range(1, len(full))}
            else:
                self.rolled |= {full[:end] for end in range(len(request.prefix), len(full))}
        return got


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def verifier_folder(tmp_path_factory) -> Path:
    """The lab's base with a head of random weights: scores that differ from step to step are all it takes."""
    folder = tmp_path_factory.mktemp("verifier")
    torch.manual_seed(0)
    model = load_token_classifier(LAB_BASE, num_labels=3)
    with torch.no_grad():
        model.score.weight.normal_(0, 0.3)
    save(model, load_tokenizer(LAB_BASE), folder)
    names = ("negative", "neutral", "positive")
    layout = TextFormat(prompt="<judge>{problem}\n")
    SavedVerifier(kind="prm", labels=names, layout=layout).write(folder)
    return folder


@pytest.fixture(scope="module")
def verifier(verifier_folder) -> ModelVerifier:
    return ModelVerifier(verifier_folder, "prm", device="cpu")


def generator() -> Watched:
    watched = Watched.load(LAB_BASE, prompt_template="<s>{problem}\n", device="cpu", name="lab")
    watched.drawn_prefixes, watched.rolled = set(), set()
    return watched


def problems(n: int) -> list[Problem]:
    table = make_problems(n, "test", 0)
    return [Problem(name, text) for name, text in zip(table["problem_id"], table["problem"], strict=True)]


@pytest.mark.parametrize(
    "options",
    [
        {"method": "beam", "n": 16},
        {"method": "beam", "n": 16, "width": 2},
        {"method": "dvts", "n": 16, "width": 4},
        {"method": "lookahead", "n": 9, "k": 1},
    ],
)
def test_a_search_computes_hardly_a_token_of_its_tree_twice(verifier, options):
    ledger, watched = Ledger(), generator()
    results = search(problems(8), watched, verifier, read_options(options), SAMPLING, run_seed=0, ledger=ledger)
    ratio = ledger.models["lab"].tokens / (len(watched.drawn_prefixes) + len(watched.rolled))
    assert 1 <= ratio <= 1.02
    assert all(len(result.candidates) == options["n"] for result in results)
    assert sum(result.ledger.tokens for result in results) == ledger.tokens


def test_the_verifier_reads_each_step_of_the_tree_once(verifier_folder):
    first, second = Ledger(), Ledger()
    beam = read_options({"method": "beam", "n": 9})
    fresh = ModelVerifier(verifier_folder, "prm", device="cpu")
    search(problems(4), generator(), fresh, beam, SAMPLING, run_seed=3, ledger=first)
    search(problems(4), generator(), fresh, beam, SAMPLING, run_seed=3, ledger=second, clear_caches=False)
    assert first.models["prm"].verify > 0 == second.models["prm"].verify


@pytest.mark.parametrize("method", ["beam", "online"])
def test_what_a_search_costs_does_not_depend_on_what_its_models_did_before(verifier_folder, method):
    asked, judge, beam = generator(), ModelVerifier(verifier_folder, "prm", device="cpu"), Beam(n=9)

    def costs():
        ledger = Ledger()
        if method == "beam":
            search(problems(3), asked, judge, beam, SAMPLING, run_seed=3, ledger=ledger)
        else:
            policy = OnlinePolicy(probes=2, sure=2.0, borders=(), actions=(Action(samples=2, run="beam"),))
            search_online(problems(3), asked, judge, policy, {"beam": beam}, SAMPLING, run_seed=3, ledger=ledger)
        return [(cost.prefill, cost.decode, cost.verify) for cost in ledger.models.values()]

    first = costs()
    assert first[0][0] > 0 and first[1][2] > 0, "prompts are read, and the verifier reads"
    search(problems(2), asked, judge, beam, SAMPLING, run_seed=3)
    assert costs() == first


def test_the_same_candidates_are_found_problem_by_problem(verifier):
    beam = read_options({"method": "beam", "n": 9})
    got = [
        search(problems(4), generator(), verifier, beam, SAMPLING, run_seed=1, ledger=Ledger(), problems_at_once=size)
        for size in (4, 1)
    ]
    for batch, alone in zip(*got, strict=True):
        assert [c.tokens for c in batch.candidates] == [c.tokens for c in alone.candidates]
        assert batch.answer == alone.answer


def test_each_problem_of_a_batch_is_charged_what_it_costs_alone(verifier):
    beam, two = read_options({"method": "beam", "n": 9}), problems(2)
    batch = search(two, generator(), verifier, beam, SAMPLING, run_seed=2, ledger=Ledger())
    alone = [search([one], generator(), verifier, beam, SAMPLING, run_seed=2, ledger=Ledger())[0] for one in two]
    costs = [[result.ledger.models["lab"] for result in results] for results in (batch, alone)]
    assert [cost.decode for cost in costs[0]] == [cost.decode for cost in costs[1]]
    prompts = [generator().encode_prompt(one.text) for one in two]
    shared = next(i for i, (a, b) in enumerate(zip(*prompts, strict=False)) if a != b)  # tokens with which both begin
    assert sum(cost.prefill for cost in costs[0]) + shared == sum(cost.prefill for cost in costs[1])


@pytest.mark.parametrize("n", [4, 12])
def test_what_samples_cost_by_their_texts_is_what_the_engines_counted(verifier_folder, n):
    """As reporting prices best-of-N: from recorded samples, against the ledger of the very draws."""
    watched, weighted = generator(), read_options({"method": "weighted", "n": n})
    for problem in problems(4):
        watched.clear_cache()  # beginnings of prompts that problems share are the engine's gain, which no sample has to itself
        fresh, ledger = ModelVerifier(verifier_folder, "prm", device="cpu"), Ledger()
        [result] = search([problem], watched, fresh, weighted, SAMPLING, run_seed=5, ledger=ledger)
        table = candidates_table([result], 5, {problem.problem_id: "0"})
        prompt = len(watched.encode_prompt(problem.text))
        cost = sample_costs({problem.problem_id: prompt}, table, [n], 1, 1).iloc[0]
        assert cost["prefill_tokens"] == ledger.models["lab"].prefill
        assert cost["decode_tokens"] == pytest.approx(ledger.models["lab"].decode)
        longer = len("<judge>") - len(["<s>"])  # this verifier has a prompt of its own
        assert cost["verify_tokens"] + longer == pytest.approx(ledger.models["prm"].verify)
