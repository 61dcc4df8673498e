"""Work in shards with a tiny random model: sampling, rollouts and beam searches."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from campaigns.kills.work import Work, made_twice, note
from campaigns.models_that_say import LikingVerifier
from stepscale.cost import Ledger
from stepscale.datasets.shards import ShardsDataset
from stepscale.engine.caching import clear_cache
from stepscale.generation.contract import Generator, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.generation.sampling import SamplingJob, sample_solutions
from stepscale.labeling.rollouts import RolloutJob, roll_out
from stepscale.resume import Made, Piece, Recipe, ShardPlan, content_hash, model_hash
from stepscale.search.methods import read_options, search
from stepscale.search.results import Problem
from stepscale.search.table import candidates_table
from tests.tiny_models import save_tiny_llama

_SAMPLING = Sampling(max_new_tokens=24)
_PROBLEMS = 12
_PER_SHARD = 2

MakeTable = Callable[[Generator, pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class ShardWork(Work):
    """``make`` gives the rows of a few problems."""

    name: str
    make: MakeTable

    def prepare(self, shared: Path) -> None:
        """One model for all; it writes in a millisecond."""
        save_tiny_llama(shared / "model", [], 256, hidden_size=16, intermediate_size=32, num_hidden_layers=1)

    def run(self, shared: Path, folder: Path) -> None:
        """Make the shards that are missing, then the table."""
        model = str(shared / "model")
        generator, base = LocalGenerator.load(model), model_hash(model)
        problems = pd.DataFrame({"problem_id": [f"p{i}" for i in range(_PROBLEMS)], "answer": "1"})
        problems["problem"] = [f"{i}+{i}=" for i in range(_PROBLEMS)]
        pieces = []
        for start in range(0, _PROBLEMS, _PER_SHARD):
            part, name = problems.iloc[start : start + _PER_SHARD], f"{self.name}-{start:03d}"
            inputs = {"model": base, "problems": content_hash(part)}
            recipe = Recipe.of("stepscale.cost", inputs=inputs, settings={}, seed=0)
            make = partial(self._piece, folder, name, generator, part)
            pieces.append(Piece(name, recipe, make, when_made=partial(_note_made, folder, name)))
        dataset = ShardsDataset(path=str(folder / "shards"))
        dataset.save(ShardPlan(self.name, tuple(pieces)))
        table = pd.concat([read() for read in dataset.load().values()], ignore_index=True)
        table.to_parquet(folder / "table.parquet")

    def results(self, folder: Path) -> dict[str, bytes]:
        """The table."""
        return {"table": (folder / "table.parquet").read_bytes()}

    def faults(self, folder: Path) -> list[tuple[str, str]]:
        """Shards that were made twice."""
        return made_twice(folder)

    def _piece(self, folder: Path, name: str, generator: Generator, part: pd.DataFrame) -> Made:
        note(folder, "making", name)
        clear_cache(generator)
        return Made(self.make(generator, part))


def _note_made(folder: Path, name: str, _: object) -> None:
    note(folder, "made", name)


def sampled(generator: Generator, problems: pd.DataFrame) -> pd.DataFrame:
    """Solutions of the problems."""
    return sample_solutions(SamplingJob("test", 4, _SAMPLING, 0), generator, problems, Ledger())


def rolled_out(generator: Generator, problems: pd.DataFrame) -> pd.DataFrame:
    """Labels of solutions that the model itself writes; those without an answer get one, for the model has learned nothing."""
    solutions = sampled(generator, problems).assign(answer="1", finish="solution")
    return roll_out(RolloutJob(_SAMPLING, 0, per_step=2), generator, problems, solutions, Ledger())


def searched(generator: Generator, problems: pd.DataFrame) -> pd.DataFrame:
    """The candidates of a beam search on each problem."""
    problem_list = [Problem(*pair) for pair in zip(problems["problem_id"], problems["problem"], strict=True)]
    beam = read_options({"method": "beam", "n": 4, "width": 2})
    results = search(problem_list, generator, LikingVerifier(), beam, _SAMPLING, run_seed=0, ledger=Ledger())
    return candidates_table(results, 0, dict.fromkeys(problems["problem_id"], "1"))
