"""Chains of revisions made and read piece by piece, as the nodes of training and of test problems need them.

In: a revision model, the lengths of a problem's chains, and the verifiers that read them. Out: tables of graded attempts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.cost import Ledger
from stepscale.engine.opened import opened
from stepscale.engine.placement import Placement
from stepscale.parameters import RevisionSettings
from stepscale.pipelines.sampling import GradedSampler, open_configured_generator
from stepscale.resume import Made, Piece, Recipe, ShardPlan, content_hash, model_hash
from stepscale.verifiers.aggregation import ScoreAggregation

if TYPE_CHECKING:
    from stepscale.generation.contract import Generator
    from stepscale.revisions.chains import ProblemChains


@dataclass(frozen=True)
class Judge:
    """A verifier of attempts, and how it is read.

    Attributes:
        folder: Of its model.
        name: What its columns end in; "" for nothing.
        history: Whether it reads earlier attempts.
        score_aggregation: How step scores become a solution's.
        placement: Where it runs.
    """

    folder: Path
    name: str
    history: bool
    score_aggregation: ScoreAggregation
    placement: Placement

    @property
    def described(self) -> list[object]:
        """All of it that decides its columns."""
        return [model_hash(self.folder, self.placement.dtype), self.name, self.history, self.score_aggregation]

    def read(self, chains: "list[ProblemChains]", model: "Generator", ledger: Ledger) -> pd.DataFrame:
        """Its columns of the chains table; opened afresh, so that a piece does not depend on what was scored before.

        Args:
            chains: Chains whose attempts it reads.
            model: The generator that wrote them, whose tokens are counted.
            ledger: Gets the tokens.

        Returns:
            A row per attempt, in the order of the chains table.
        """
        from stepscale.revisions.chains import score_chains
        from stepscale.revisions.table import judged
        from stepscale.verifiers.contract import Trajectory
        from stepscale.verifiers.open_verifier import open_verifier

        aggregation, neutral_is = self.score_aggregation
        verifier = open_verifier(self.folder, self.folder.name, self.placement)
        scored = score_chains(chains, model, verifier, self.history, aggregation, ledger, neutral_is)
        table = judged(scored, lambda texts: verifier.encode([Trajectory(p, tuple(s)) for p, s in texts]), self.history)
        return table.add_suffix(f"_{self.name}") if self.name else table


def plan_chains(
    model: Path,
    problems: pd.DataFrame,
    lengths: Sequence[int],
    judges: Sequence[Judge],
    settings: RevisionSettings,
    purpose: str,
    problems_per_shard: int,
) -> ShardPlan:
    """Chains of every problem, so many problems per piece.

    Args:
        model: The revision model's folder.
        problems: The problems table, in order.
        lengths: Attempts in each chain of a problem.
        judges: Verifiers that read the attempts.
        settings: The layout of attempts, sampling, grading.
        purpose: Names the pieces.
        problems_per_shard: Problems in one piece.
    """
    hashes = GradedSampler(model, settings.generator, settings.seed, "revision").hashes
    layout, sampling = settings.revisions.data.layout, settings.generator.sampling
    made_of = [list(lengths), layout, sampling, settings.search.grading_rules, [judge.described for judge in judges]]
    pieces = []
    for start in range(0, len(problems), problems_per_shard):
        part = problems.iloc[start : start + problems_per_shard]
        recipe = Recipe.of(
            make_chains,
            "stepscale.generation.local",
            "stepscale.verifiers.scoring",
            inputs=hashes | {"problems": content_hash(part[["problem_id", "problem", "answer"]])},
            settings=made_of,
            seed=settings.seed,
        )
        make = partial(make_chains, model, part, lengths, judges, settings)
        pieces.append(Piece(f"{purpose}-{start:06d}", recipe, make, len(part) * sum(lengths)))
    return ShardPlan(f"revising, {purpose}", tuple(pieces), unit="attempts", side_by_side=model)


def make_chains(
    model_folder: Path,
    problems: pd.DataFrame,
    lengths: Sequence[int],
    judges: Sequence[Judge],
    settings: RevisionSettings,
) -> Made:
    """Graded chains of a few problems, with what each judge makes of their attempts.

    Args:
        model_folder: The revision model's folder.
        problems: Some rows of the problems table.
        lengths: Attempts in each chain of a problem [chains].
        judges: Verifiers that read the attempts.
        settings: The layout of attempts, sampling, grading.

    Returns:
        The chains table, with the tokens spent.
    """
    from stepscale.generation.contract import Sampling
    from stepscale.generation.graded import grade
    from stepscale.revisions.chains import run_chains
    from stepscale.revisions.table import chains_table
    from stepscale.search.results import problems_of_table

    model, ledger = (
        opened(open_configured_generator, model_folder, settings.generator, settings.seed, "revision"),
        Ledger(),
    )
    chains = run_chains(
        problems_of_table(problems),
        model,
        list(lengths),
        settings.revisions.data.layout,
        Sampling(**settings.generator.sampling.model_dump()),
        run_seed=settings.seed,
        ledger=ledger,
        problems_at_once=len(problems),
    )
    table = chains_table(chains, model.name)
    for judge in judges:
        read = judge.read(chains, model, ledger)
        table = table.assign(**{str(name): read[name] for name in read})
    return Made(grade(table, problems, settings.search.grading_rules), ledger)
