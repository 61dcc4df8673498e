"""What a run that samples does, for test_resume: run by path in a process that will be killed.

Given by the caller: MODEL and OUT (folders).
"""

from functools import partial
from pathlib import Path

import pandas as pd

from stepscale.cost import Ledger
from stepscale.datasets.shards import ShardsDataset
from stepscale.generation.contract import Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.generation.sampling import SamplingJob, sample_solutions
from stepscale.resume import Made, Piece, Recipe, ShardPlan, content_hash, model_hash


def sample_problems(model: str, out: str) -> None:
    folder = Path(out)
    generator = LocalGenerator.load(model)
    problems = pd.DataFrame({"problem_id": [f"p{i}" for i in range(18)], "answer": "1"})
    problems["problem"] = [f"{i}+{i}=" for i in range(18)]
    job, base = SamplingJob("test", 6, Sampling(max_new_tokens=40), 0), model_hash(model)

    def make(name: str, part: pd.DataFrame) -> Made:
        note(folder, "making", name)
        return Made(sample_solutions(job, generator, part, Ledger()))

    pieces = []
    for start in range(0, len(problems), 3):
        part, name = problems.iloc[start : start + 3], f"test-{start:06d}"
        inputs = {"model": base, "problems": content_hash(part)}
        recipe = Recipe.of("stepscale.cost", inputs=inputs, settings={}, seed=0)
        pieces.append(
            Piece(name, recipe, partial(make, name, part), when_made=lambda _, name=name: note(folder, "made", name))
        )
    dataset = ShardsDataset(path=str(folder / "shards"))
    dataset.save(ShardPlan("sampling", tuple(pieces)))
    table = pd.concat([read() for read in dataset.load().values()], ignore_index=True)
    table.to_parquet(folder / "all.table")


def make_part(folder: Path, name: str, job: SamplingJob, generator: LocalGenerator, part: pd.DataFrame) -> Made:
    note(folder, "making", name)
    return Made(sample_solutions(job, generator, part, Ledger()))


def note(folder: Path, what: str, name: str) -> None:
    with (folder / "log").open("a") as log:
        log.write(f"{what} {name}\n")


if "MODEL" in globals():
    sample_problems(globals()["MODEL"], globals()["OUT"])
