"""What callers of the in-process generator rely on: seeds, exact counts, ends, shared prefixes."""

import math
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stepscale.cost import Ledger
from stepscale.engine.loading import load_causal_lm
from stepscale.errors import InputError
from stepscale.generation import batching
from stepscale.generation.batching import CohortLimits, cohorts
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.draw import draw, self_certainties, uniforms
from stepscale.generation.local import LocalGenerator
from stepscale.generation.members import Ends, Members, Plan
from stepscale.seeds import seed_for

SAMPLING = Sampling(max_new_tokens=40)


@pytest.fixture(scope="module")
def generator(tiny_llama) -> LocalGenerator:
    return LocalGenerator.load(tiny_llama)


def prompts(generator: LocalGenerator, n: int) -> list[tuple[int, ...]]:
    return [generator.encode_prompt(f"{a}+{a + 1}={'abc'[a % 3]}") for a in range(n)]


def requests_for(generator: LocalGenerator, n_problems: int, n_samples: int) -> list[Request]:
    return [
        Request(prompt, seed_for(0, "sample", str(i), k))
        for i, prompt in enumerate(prompts(generator, n_problems))
        for k in range(n_samples)
    ]


def rows_of_a_cohort(monkeypatch, n: int) -> None:
    monkeypatch.setattr(batching, "MIN_COHORT_ROWS", n)
    monkeypatch.setattr(batching, "MAX_COHORT_ROWS", n)


class CountingNetwork:
    """Passes on to a network and records every token it is given: the truth the ledger is held to."""

    def __init__(self, network):
        self.network, self.shape = network, network.shape
        self._lock = threading.Lock()
        self.tokens = 0
        self.context = 0

    def hidden(self, ids, cache):
        self._count(cache.positions)
        return self.network.hidden(ids, cache)

    def logits(self, ids, cache):
        self._count(cache.positions)
        return self.network.logits(ids, cache)

    def _count(self, positions):
        with self._lock:
            self.tokens += positions.numel()
            self.context += int((positions + 1).sum())


def test_tokens_do_not_depend_on_batch_composition(generator):
    requests = requests_for(generator, 12, 22)[:256]
    wide = generator.generate(requests, SAMPLING, "solution", Ledger())
    by_seven, one_by_one = [], []
    for start in range(0, 256, 7):
        by_seven += generator.generate(requests[start : start + 7], SAMPLING, "solution", Ledger())
    for request in requests[::16]:
        one_by_one += generator.generate([request], SAMPLING, "solution", Ledger())
    assert [c.tokens for c in by_seven] == [c.tokens for c in wide]
    assert [c.tokens for c in one_by_one] == [c.tokens for c in wide[::16]]
    shuffled = np.random.default_rng(0).permutation(256)
    reordered = generator.generate([requests[i] for i in shuffled], SAMPLING, "solution", Ledger())
    assert [c.tokens for c in reordered] == [wide[i].tokens for i in shuffled]


def test_results_are_the_same_to_the_bit_whatever_the_number_of_threads(tiny_llama, monkeypatch):
    rows_of_a_cohort(monkeypatch, 32)
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            generator = LocalGenerator.load(tiny_llama)
            results.append(generator.generate(requests_for(generator, 9, 16), SAMPLING, "solution", Ledger()))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert results[0] == results[1]


def test_the_tree_is_not_changed_while_a_cohort_may_read_it(tiny_llama, monkeypatch):
    rows_of_a_cohort(monkeypatch, 1)
    generator = LocalGenerator.load(tiny_llama)
    tree = generator._prefix_cache._tree
    decode, add = generator._decode, tree.add_tokens
    decoding, changed = set[int](), list[bool]()

    def watched(plan, *args):
        decoding.add(id(plan))
        time.sleep(0.01)  # time for another thread to come in between
        outcome = decode(plan, *args)
        decoding.discard(id(plan))
        return outcome

    monkeypatch.setattr(generator, "_decode", watched)
    monkeypatch.setattr(tree, "add_tokens", lambda tokens: (changed.append(bool(decoding)), add(tokens))[1])
    generator.generate(requests_for(generator, 12, 1), SAMPLING, "step", Ledger())
    assert len(changed) > 12 and not any(changed)


def test_the_ledger_counts_what_the_network_was_given(tiny_llama, monkeypatch):
    rows_of_a_cohort(monkeypatch, 32)
    generator = LocalGenerator.load(tiny_llama, name="m")
    generator._network = generator._prefix_cache._network = counting = CountingNetwork(generator._network)
    ledger = Ledger()
    for until in ("step", "solution", "step"):
        generator.generate(requests_for(generator, 7, 20), SAMPLING, until, ledger)
    cost = ledger.models["m"]
    assert (cost.tokens, cost.context_sum) == (counting.tokens, counting.context)
    assert cost.parameters == generator.parameters > 0
    assert cost.seconds > 0


def test_each_distinct_token_of_the_tree_is_computed_once(tiny_llama):
    generator = LocalGenerator.load(tiny_llama, name="m")
    requests = requests_for(generator, 5, 40)
    ledger = Ledger()
    continuations = generator.generate(requests, SAMPLING, "solution", ledger)
    nodes = {
        (r.prefix + c.tokens)[:end]
        for r, c in zip(requests, continuations, strict=True)
        for end in range(1, len(r.prefix) + len(c.tokens))  # the last token is drawn, never passed through the model
    }
    assert ledger.models["m"].tokens == len(nodes)
    passed = sum(len(c.tokens) - 1 for c in continuations)
    assert ledger.models["m"].decode < passed  # samples that begin alike were computed together


def test_going_on_step_by_step_computes_nothing_twice_and_changes_no_token(tiny_llama):
    generator = LocalGenerator.load(tiny_llama, name="m")
    requests = requests_for(generator, 4, 6)
    solutions = LocalGenerator.load(tiny_llama).generate(requests, SAMPLING, "solution", Ledger())
    ledger = Ledger()
    tokens_so_far: dict[int, tuple[int, ...]] = dict.fromkeys(range(len(requests)), ())
    nodes, going = set(), list(tokens_so_far)
    while going:
        next_requests = [Request(requests[i].prefix + tokens_so_far[i], requests[i].seed) for i in going]
        continuations = generator.generate(next_requests, SAMPLING, "step", ledger)
        for i, request, continuation in zip(going, next_requests, continuations, strict=True):
            full = request.prefix + continuation.tokens
            nodes |= {full[:end] for end in range(1, len(full))}
            tokens_so_far[i] += continuation.tokens
        going = [
            i for i, c in zip(going, continuations, strict=True) if c.ended == "step" and len(tokens_so_far[i]) < 40
        ]
    for i, continuation in enumerate(solutions):
        assert tokens_so_far[i][: len(continuation.tokens)] == continuation.tokens
    assert ledger.models["m"].tokens == len(nodes)


def test_a_small_budget_evicts_and_computes_again_but_changes_no_token(tiny_llama):
    requests = requests_for(LocalGenerator.load(tiny_llama), 6, 12)
    roomy = LocalGenerator.load(tiny_llama)
    tight = LocalGenerator.load(tiny_llama, memory_budget_gb=0.0003)
    for until in ("step", "solution"):
        a = roomy.generate(requests, SAMPLING, until, Ledger())
        b = tight.generate(requests, SAMPLING, until, Ledger())
        assert [c.tokens for c in a] == [c.tokens for c in b]
    assert tight._prefix_cache._pool.n_used <= tight._prefix_cache._budget < roomy._prefix_cache._pool.n_used


def test_ends_are_told_apart_and_step_ends_are_token_positions(generator):
    continuations = generator.generate(requests_for(generator, 12, 30), SAMPLING, "solution", Ledger())
    newline, end = generator.encode_prompt("\n")[0], 2
    kinds = {c.ended for c in continuations}
    assert kinds == {"solution", "length"}
    for c in continuations:
        assert (c.tokens[-1] == end) == (c.ended == "solution")
        assert len(c.tokens) == 40 or c.ended == "solution"
        for at in c.step_ends:
            assert c.tokens[at] == newline or (at == len(c.tokens) - 1 and c.tokens[at] == end)
        starts = [0, *(at + 1 for at in c.step_ends)]
        texts = [generator.decode(c.tokens[a : b + 1]).strip() for a, b in zip(starts, c.step_ends, strict=False)]
        assert all(texts)
        separated = generator.decode(c.tokens).split("\n")
        unfinished = [separated[-1]] if c.ended == "length" else []
        assert [t.strip() for t in [*texts, *unfinished] if t.strip()] == [s.strip() for s in separated if s.strip()]
    steps = generator.generate(requests_for(generator, 12, 30), SAMPLING, "step", Ledger())
    assert {c.ended for c in steps} == {"step", "solution", "length"}
    assert all(c.step_ends == (len(c.tokens) - 1,) and c.tokens[-1] == newline for c in steps if c.ended == "step")


def test_a_full_context_ends_a_continuation_and_a_full_prefix_is_refused(generator):
    prefix = tuple([5, 6, 7, 8] * 31)  # 124 of 128 tokens
    [continuation] = generator.generate([Request(prefix, 0)], SAMPLING, "solution", Ledger())
    assert continuation.ended == "solution" or len(continuation.tokens) == 4
    with pytest.raises(InputError, match="no room in its context of 128"):
        generator.generate([Request((*prefix, 5, 6, 7, 8), 0)], SAMPLING, "solution", Ledger())


def test_a_step_that_fills_the_context_is_cut_off_and_not_a_step_to_go_on_from(generator):
    newline = generator.encode_prompt("\n")[-1]
    prefix = tuple([5, 6, 7, 8] * 29)  # 116 of 128 tokens
    continuations = generator.generate([Request(prefix, seed) for seed in range(3_000)], SAMPLING, "step", Ledger())
    filling = [c for c in continuations if len(c.tokens) == 12 and c.tokens[-1] == newline]
    assert filling and {c.ended for c in filling} == {"length"}
    assert all(len(c.tokens) < 12 for c in continuations if c.ended == "step")


def test_drawing_follows_the_distribution():
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0], [0.0, 0.0, 3.0, float("-inf")]])
    n = 40_000
    slots = torch.arange(2).repeat_interleave(n)
    numbers = torch.as_tensor(uniforms(np.arange(2 * n, dtype=np.uint64), np.full(2 * n, 7)))
    for sampling in (
        Sampling(),
        Sampling(temperature=0.5),
        Sampling(temperature=2.0, top_p=0.7),
        Sampling(temperature=0),
    ):
        tokens, logprobs = draw(logits, slots, numbers, sampling)
        expected = torch.softmax(logits / max(sampling.temperature, 1e-9), -1)
        if sampling.top_p < 1:  # the likeliest that reach 0.7: two of the first row, two of the second
            expected[0, 2:], expected[1, [1, 3]] = 0, 0
        expected /= expected.sum(-1, keepdim=True)
        for row in (0, 1):
            counts = torch.bincount(tokens[slots == row], minlength=4) / n
            assert torch.allclose(counts, expected[row], atol=0.012), sampling
        at_one = torch.log_softmax(logits, -1)[slots, tokens]
        assert torch.equal(logprobs, at_one)


def test_self_certainty_is_kept_if_asked_for_and_changes_no_token(tiny_llama):
    generator = LocalGenerator.load(tiny_llama)
    requests = [Request(generator.encode_prompt(text), seed) for text in ("1+1", "2+3") for seed in range(3)]
    uncertain = generator.generate(requests, Sampling(max_new_tokens=12), "solution", Ledger())
    certain = generator.generate(requests, Sampling(max_new_tokens=12, certainty=True), "solution", Ledger())
    model = load_causal_lm(tiny_llama)
    for request, without, with_it in zip(requests, uncertain, certain, strict=True):
        assert (with_it.tokens, with_it.logprobs) == (without.tokens, without.logprobs) and without.certainties == ()
        ids = torch.tensor([[*request.prefix, *with_it.tokens]])
        with torch.no_grad():
            logprobs = torch.log_softmax(model(ids).logits[0, len(request.prefix) - 1 : -1], -1)
        # KL(uniform || model) = sum over the vocabulary of 1/V (log 1/V - log p)
        expected = (-math.log(logprobs.shape[1]) - logprobs).mean(-1)
        assert with_it.certainties == pytest.approx(expected.tolist(), abs=1e-5)
        assert min(with_it.certainties) >= 0


def test_a_token_that_cannot_be_drawn_makes_no_self_certainty_infinite():
    assert self_certainties(torch.zeros(1, 4)).item() == pytest.approx(0.0, abs=1e-6)
    assert self_certainties(torch.tensor([[0.0, float("-inf")]])).item() == pytest.approx(50 - math.log(2))


def test_errors_are_one_clear_line(tiny_llama, tmp_path):
    with pytest.raises(InputError, match=r"prompt_template .* must hold"):
        LocalGenerator.load(tiny_llama, prompt_template="no place")
    with pytest.raises(InputError, match="step_separator"):
        LocalGenerator.load(tiny_llama, step_separator="x")
    with pytest.raises(InputError) as caught:
        LocalGenerator.load(tmp_path / "nothing")
    assert "\n" not in str(caught.value)


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 300)), min_size=2, max_size=30, unique_by=lambda row: row[0]),
    st.integers(1, 3),
)
def test_every_request_is_in_one_cohort_and_its_group_stays_whole_where_it_fits(groups, lanes):
    requests = [Request((5,) * length, seed) for length, samples in groups for seed in range(samples)]
    batches = cohorts(requests, 20, CohortLimits(100_000, 128, lanes, bounded_rows=True))
    assert sorted(i for batch in batches for i in batch) == list(range(len(requests)))
    homes = [{requests[i].prefix for i in batch} for batch in batches]
    assert all(sum(prefix in home for home in homes) == 1 for prefix in {request.prefix for request in requests})


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 300)), min_size=1, max_size=9), st.integers(100, 3_000))
def test_no_cohort_holds_more_tokens_than_its_limit(groups, tokens):
    requests = [Request((5,) * length, seed) for length, samples in groups for seed in range(samples)]
    for batch in cohorts(requests, 20, CohortLimits(tokens, 128, 2, bounded_rows=True)):
        assert sum(map(len, {requests[i].prefix for i in batch})) + 20 * len(batch) <= tokens


def test_cohorts_have_like_shares_of_long_and_short_prefixes():
    requests = [Request((5,) * length, seed) for length in range(1, 17) for seed in range(64)]
    batches = cohorts(requests, 20, CohortLimits(1_000_000, 128, 2, bounded_rows=True))
    mean_lengths = [np.mean([len(requests[i].prefix) for i in batch]) for batch in batches]
    assert len(batches) == 2 and mean_lengths == [8.5, 8.5]


def test_a_line_that_is_one_token_with_its_newline_is_a_step_of_its_own():
    """Tokenizers merge "}" and a newline; of the tokens here 0 is text, 1 a newline, 2 both, and all begin a new line."""
    blank, ends = np.array([False, True, False]), np.array([False, True, True])
    boundaries = SimpleNamespace(stop=np.zeros(3, bool), blank=blank, ends_step=lambda tokens, tails: ends[tokens])
    members = Members(Ends(boundaries, 99, "", lambda tokens: ""), with_self_certainty=False, group=1)
    lines = members.add(Plan.of([Request((7,), seed) for seed in range(3)], 99, "solution"))
    ended = members.draw(lines, np.arange(3), np.zeros(3), None)
    assert not ended.any() and members.column("step_ends")[lines, 0].tolist() == [False, False, True]
    assert members.column("blank")[lines].tolist() == [False, True, True], "after a step the next begins blank"


def test_a_large_models_requests_are_a_cohort_per_core_of_rows_that_its_vocabulary_allows():
    requests = [Request((1, problem), seed) for problem in range(8) for seed in range(16)]
    large = CohortLimits(1_000_000, 128, 2, bounded_rows=True, large=True, most_rows=341)
    assert [len(batch) for batch in cohorts(requests, 20, large)] == [64, 64]
    small = CohortLimits(1_000_000, 128, 2, bounded_rows=True)
    assert [len(batch) for batch in cohorts(requests, 20, small)] == [128], "a small one would waste time on calls"
    many = [Request((1, problem), seed) for problem in range(64) for seed in range(16)]
    assert max(len(batch) for batch in cohorts(many, 20, large)) <= 341


def test_cohorts_side_by_side_draw_what_one_after_the_other_draws(make_model, monkeypatch):
    folder, results = make_model("llama"), []
    requests = None
    for one_core in (True, False):
        monkeypatch.setattr("stepscale.generation.local.runs_on_one_core", lambda _, one_core=one_core: one_core)
        generator = LocalGenerator.load(folder, device="cpu")
        requests = [Request(generator.encode_prompt(f"{i}+{i}="), seed) for i in range(6) for seed in range(16)]
        results.append(generator.generate(requests, Sampling(max_new_tokens=30), "solution", Ledger()))
        assert len(cohorts(requests, 30, generator._limits)) == (1 if one_core else 2)
    assert [c.tokens for c in results[0]] == [c.tokens for c in results[1]]


def test_a_request_with_a_floor_is_stopped_where_its_group_of_tokens_falls_below_and_nothing_after_is_counted(
    tiny_llama,
):
    generator, group = LocalGenerator.load(tiny_llama), 3
    texts = ("1+1", "2+3", "4+4", "7+1", "9+2", "5+5")
    requests = [Request(generator.encode_prompt(text), seed) for seed, text in enumerate(texts)]
    sampling = Sampling(max_new_tokens=24, certainty=True, group=group)
    unstopped = generator.generate(requests, sampling, "solution", Ledger())
    means = [np.convolve(c.certainties, np.ones(group) / group, "valid") for c in unstopped]
    floor = float(np.median([values.min() for values in means]))  # about half of them fall below at some token
    ledger, generator_anew = Ledger(), LocalGenerator.load(tiny_llama)
    stopped = generator_anew.generate(
        [replace(request, floor=floor) for request in requests], sampling, "solution", ledger
    )
    for cut, full, values in zip(stopped, unstopped, means, strict=True):
        below = np.flatnonzero(values < floor)
        length = int(below[0]) + group if len(below) else len(full.tokens)
        assert cut.tokens == full.tokens[:length] and cut.certainties == pytest.approx(
            full.certainties[:length], abs=1e-5
        )
        assert cut.ended == ("length" if length < len(full.tokens) else full.ended)
    assert (
        0 < sum(len(cut.tokens) < len(full.tokens) for cut, full in zip(stopped, unstopped, strict=True)) < len(texts)
    )
    # what is drawn last is never passed through the model; the prompts differ, so no token is shared
    [cost] = ledger.models.values()
    assert cost.decode == sum(len(cut.tokens) - 1 for cut in stopped)
