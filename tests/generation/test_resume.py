"""A run killed at any moment goes on where it stopped: same bytes, nothing finished made again."""

import functools
import random
import shutil
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pandas as pd
import pytest
from shard_workers import made_in_workers, started

from stepscale.cost import Ledger
from stepscale.generation.contract import Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.generation.sampling import SamplingJob, sample_solutions
from stepscale.parameters import GeneratorBlock, SampleCounts
from stepscale.pipelines.sampling import GradedSampler

WORKER = Path(__file__).with_name("resume_worker.py")
KILLS = 6  # make campaign-kills does hundreds


@pytest.fixture
def start(tiny_llama) -> Callable[[Path], BaseProcess]:
    """Starts a sampling run in a process of its own."""

    def starter(out: Path) -> BaseProcess:
        out.mkdir(exist_ok=True)
        return started(WORKER, MODEL=str(tiny_llama), OUT=str(out))

    return starter


def test_after_kills_at_random_moments_the_tables_are_the_same_and_nothing_finished_is_made_again(start, tmp_path):
    undisturbed = start(tmp_path / "whole")
    undisturbed.join()
    began = time.perf_counter()
    resumed = start(tmp_path / "warm")
    resumed.join()
    seconds = time.perf_counter() - began
    expected = (tmp_path / "whole" / "all.table").read_bytes()
    assert (tmp_path / "warm" / "all.table").read_bytes() == expected

    rng, out, kills, runs = random.Random(0), tmp_path / "killed", 0, 0
    log: list[str] = []
    while kills < KILLS or out.exists():
        process = start(out)
        if kills < KILLS:
            process.join(rng.uniform(0.1, 1.1) * seconds)
            process.kill()
        process.join()
        kills += process.exitcode == -9
        if process.exitcode == 0:
            assert (out / "all.table").read_bytes() == expected
            log += [*(out / "log").read_text().splitlines(), "-"]
            shutil.rmtree(out)
            runs += 1
    finished_shards: set[str] = set()
    for line in log:
        what, _, name = line.partition(" ")
        assert not (what == "making" and name in finished_shards), "a finished shard was made again"
        finished_shards = set() if what == "-" else finished_shards | ({name} if what == "made" else set())
    interrupted = sum(line.startswith("making") for line in log) - sum(line.startswith("made") for line in log)
    assert kills >= KILLS
    assert interrupted <= KILLS
    print(f"{kills} kills, {runs} finished runs, {interrupted} shards were interrupted and made again")


@pytest.fixture(scope="module")
def problems() -> pd.DataFrame:
    texts = [f"{i}+{i}=" for i in range(8)]
    return pd.DataFrame({"problem_id": [f"p{i}" for i in range(8)], "problem": texts, "answer": ["1"] * 8})


def test_tables_are_the_same_to_the_bit_for_one_or_two_worker_processes(tiny_llama, problems):
    load = functools.partial(LocalGenerator.load, tiny_llama)
    work = functools.partial(sample_solutions, SamplingJob("test", 6, Sampling(max_new_tokens=30), 0))
    here, ledger = load(), Ledger()
    parts = [problems.iloc[start : start + 3] for start in range(0, len(problems), 3)]
    tables = [work(here, part, ledger) for part in parts]
    for n_workers in (1, 2):
        shards = made_in_workers(load, work, parts, n_workers)
        for (table, _), expected in zip(shards, tables, strict=True):
            pd.testing.assert_frame_equal(table, expected, check_exact=True)
        assert sum(spent.tokens for _, spent in shards) == ledger.tokens


def test_whatever_makes_a_shard_is_in_its_name(tiny_llama, make_model, problems):
    block = {
        "base": str(tiny_llama),
        "prompt": "{problem}",
        "examples": "own",
        "samples_per_problem": 1,
        "sampling": {"temperature": 1.0, "top_p": 1.0, "max_new_tokens": 30},
        "fine_tuning": None,
    }

    def names(model=tiny_llama, table=problems, n=6, seed=0, rules="prm800k", **changes) -> set[str]:
        counts = SampleCounts(per_problem=n, problems_per_shard=3)
        sampler = GradedSampler(model, GeneratorBlock.model_validate(block | changes), seed, "name")
        return {piece.file_name for piece in sampler.plan("test", table, counts, rules=rules).pieces}

    assert names() == names() and len(names()) == 3
    changed = [
        names(n=7),
        names(sampling=block["sampling"] | {"temperature": 0.9}),
        names(seed=1),
        names(model=make_model("qwen2")),
        names(rules="lenient"),
        names(placement={"dtype": "bfloat16"}),
        names(table=problems.assign(answer="2")),
        names(prompt="{problem} "),
    ]
    for others in changed:
        assert not others & names()
