"""What a run that samples does, for test_resume: run by path in a process that will be killed.

Given by the caller: MODEL and OUT (folders). Shards are written as Kedro's partitions are: straight to their final name.
"""

from pathlib import Path

import pandas as pd

from stepscale.cost import Ledger
from stepscale.generation.contract import Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.generation.sampling import SamplingJob, plan_shards, sample_shard
from stepscale.generation.shards import model_key, unfinished


def sample(model: str, out: str) -> None:
    folder = Path(out)
    generator = LocalGenerator.load(model)
    problems = pd.DataFrame({"problem_id": [f"p{i}" for i in range(30)], "answer": "1"})
    problems["problem"] = [f"{i}+{i}=" for i in range(30)]
    job = SamplingJob("test", 12, Sampling(max_new_tokens=40), 0, model_key(model))
    shards = plan_shards(generator, job, problems, 3)
    readers = {path.stem: lambda path=path: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    for shard in unfinished(shards, readers):
        note(folder, "making", shard.name)
        sample_shard(job, generator, shard, Ledger()).to_parquet(folder / f"{shard.name}.parquet")
        note(folder, "made", shard.name)
    table = pd.concat([pd.read_parquet(folder / f"{shard.name}.parquet") for shard in shards], ignore_index=True)
    table.to_parquet(folder / "all.table")


def note(folder: Path, what: str, name: str) -> None:
    with (folder / "log").open("a") as log:
        log.write(f"{what} {name}\n")


if "MODEL" in globals():
    sample(globals()["MODEL"], globals()["OUT"])
