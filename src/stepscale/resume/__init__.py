"""Long work cut into pieces that are saved as they are made, so that a killed run costs at most one of them.

A node returns a ``ShardPlan``: pieces in order, each with the ``Recipe`` of all that decides its rows and a call that makes
them. ``datasets.shards.ShardsDataset`` saves the plan: it makes what no earlier run has made by the same recipe, and loads
exactly the pieces of the plan saved last.

How a node is converted (``pipelines.active_learning.nodes.sample_pool`` is an example)::

    def roll_out(model: Path, solutions: pd.DataFrame, options: RolloutOptions, seed: int) -> ShardPlan:
        base = model_hash(model)  # once, for hashing a model takes a while
        pieces = []
        for start, part in parts(solutions, options.problems_per_shard):
            recipe = Recipe.of(
                roll_out_part,  # what makes the rows: its module, and all of ours that this imports, are the code in the key
                inputs={"model": base, "solutions": content_hash(part)},
                settings=options,
                seed=seed,
            )
            make = partial(roll_out_part, model, part, options, seed)  # returns Made(table, cost)
            pieces.append(Piece(f"rollouts-{start:06d}", recipe, make, size=len(part)))
        return ShardPlan("rolling out", tuple(pieces), unit="solutions")

The node takes no finished shards, and the catalog has one entry. The next node gets readers by name, in the order of the plan
(``gather`` joins them). ``plan + plan`` puts several pieces of work in one folder. ``side_by_side=folder`` makes pieces of a
small model one per core. Pieces may run on a cluster too: ``make`` is picklable and opens its own models (``engine.opened``).
What the process that began the run must do with a piece (MLflow's child runs) is ``when_made``: it is called there with
``Made.note``.
"""

from stepscale.resume.code import code_hash
from stepscale.resume.content import content_hash, model_hash
from stepscale.resume.plan import Made, Piece, PieceError, ShardPlan, Shards
from stepscale.resume.recipe import Recipe

__all__ = ["Made", "Piece", "PieceError", "Recipe", "ShardPlan", "Shards", "code_hash", "content_hash", "model_hash"]
