"""Nodes of solve or verify: a critic's judgments, shard by shard, and the comparison."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.cost import Ledger
from stepscale.engine.opened import opened
from stepscale.engine.placement import Placement
from stepscale.errors import InputError
from stepscale.parameters import SolveOrVerifySettings
from stepscale.pipelines.sampling import open_configured_generator
from stepscale.pipelines.solve_or_verify.critic import critic_options
from stepscale.report.part import Part
from stepscale.resume import Made, Piece, Recipe, ShardPlan, content_hash, model_hash
from stepscale.studies.solve_or_verify.figures import solve_or_verify_part
from stepscale.studies.solve_or_verify.measure import Sizes, measure
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.generative_options import GenerativePRM

if TYPE_CHECKING:
    from stepscale.verifiers.generative import GenerativeVerifier, Judgment

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Critic:
    """How the critic is asked, and where it runs."""

    options: GenerativePRM
    placement: Placement

    def open(self) -> "GenerativeVerifier":
        """The verifier, opened once in each process that makes pieces."""
        from stepscale.verifiers.generative import open_generative

        return opened(open_generative, self.options, "critic", self.placement.device, self.placement.dtype)


def judge_samples(
    critic_model: Path, problems: pd.DataFrame, solutions: pd.DataFrame, settings: SolveOrVerifySettings
) -> ShardPlan:
    """Judgments of the first samples of the first test problems, a piece per few problems.

    Args:
        critic_model: Folder of the critic.
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        settings: Judgments per sample, samples per shard, where the critic runs, and the seed.
    """
    options = settings.solve_or_verify
    tested = problems[problems["split"] == "test"].head(options.problems)
    samples = solutions[solutions["sample_id"] < max(options.samples)]
    critic = Critic(critic_options(critic_model, settings), settings.verifiers.placement)
    pieces = []
    for start in range(0, len(tested), options.problems_per_shard):
        part = tested.iloc[start : start + options.problems_per_shard]
        judged = samples[samples["problem_id"].isin(set(part["problem_id"]))]
        recipe = Recipe.of(
            judge_part,
            f"stepscale.generation.{'server' if critic.options.server else 'local'}",
            inputs={
                "critic": model_hash(critic_model, settings.verifiers.placement.dtype),
                "problems": content_hash(part[["problem_id", "problem"]]),
                "samples": content_hash(judged[["problem_id", "sample_id", "steps"]]),
            },
            settings={key: value for key, value in critic.options.identity.items() if key != "base"},
            seed=settings.seed,
        )
        pieces.append(Piece(f"judged-{start:06d}", recipe, partial(judge_part, critic, part, judged), len(judged)))
    return ShardPlan("judging samples", tuple(pieces), unit="solutions")


def judge_part(critic: Critic, problems: pd.DataFrame, samples: pd.DataFrame) -> Made:
    """The judgments of some samples; samples of equal text share theirs.

    Args:
        critic: The critic.
        problems: Texts by problem_id.
        samples: Some solutions.
    """
    verifier, ledger = critic.open(), Ledger()
    texts = dict(zip(problems["problem_id"], problems["problem"], strict=True))
    trajectories = [
        Trajectory(texts[problem_id], tuple(steps))
        for problem_id, steps in zip(samples["problem_id"], samples["steps"], strict=True)
    ]
    distinct = list(dict.fromkeys(trajectories))
    by_trajectory = dict(zip(distinct, verifier.judge(distinct, ledger)[0], strict=True))
    questions = dict(zip(distinct, verifier.encode(distinct), strict=True))
    k = critic.options.judgments
    table = pd.DataFrame(
        {
            "problem_id": samples["problem_id"].to_numpy(),
            "sample_id": samples["sample_id"].to_numpy(),
            "verdicts": [[_verdict(judgment) for judgment in by_trajectory[t]] or [-1] * k for t in trajectories],
            "written": [[judgment.tokens for judgment in by_trajectory[t]] or [0] * k for t in trajectories],
            "question_tokens": [len(questions[t].ids) for t in trajectories],
            "critic_parameters": verifier.parameters,
        }
    )
    unread = sum(-1 in verdicts for verdicts in table["verdicts"])
    if unread:
        logger.warning("critic: %d of %d solutions have judgments that cannot be read to the end", unread, len(table))
    return Made(table, ledger)


def measure_solve_or_verify(
    generator_model: Path,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    judgments: pd.DataFrame,
    settings: SolveOrVerifySettings,
) -> dict[str, pd.DataFrame]:
    """Votes and judged samples at equal FLOPs.

    Args:
        generator_model: Folder of the generator.
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        judgments: The critic's judgments, a row per sample.
        settings: Budgets, resamples of the intervals, and the seed.

    Raises:
        InputError: A served model does not say how many parameters it has.
    """
    generator = open_configured_generator(generator_model, settings.generator, settings.seed)
    texts = dict(zip(problems["problem_id"], problems["problem"], strict=True))
    prompts = {i: len(generator.encode_prompt(texts[i])) for i in dict.fromkeys(judgments["problem_id"])}
    sizes = Sizes(generator.parameters, int(judgments["critic_parameters"].max()), prompts)
    if not (sizes.generator and sizes.critic):
        raise InputError(
            "solve_or_verify: FLOPs are compared, so say how many parameters served models have (parameters)"
        )
    options = settings.solve_or_verify
    return measure(solutions, judgments, sizes, options, settings.report.bootstrap, settings.seed)


def show_solve_or_verify(tables: Mapping[str, pd.DataFrame]) -> Part:
    """Its part of the report.

    Args:
        tables: The tables of the study, by name.
    """
    return solve_or_verify_part(tables)


def _verdict(judgment: "Judgment") -> int:
    """1: no error; 0: an error; -1: not readable to the end."""
    return 0 if False in judgment.verdicts else -1 if None in judgment.verdicts else 1
