"""Nodes of the larger model (Snell et al. 2024, 7): fine-tuned as the generator is, asked once for each test problem.

A larger base -> its own right samples of training problems (or given ones) -> fine-tuned -> one greedy answer to every test
problem that is searched or revised on. Answers are graded, with their cost beside that of one generation by the generator.
The parameters of both models are counted, too.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.errors import InputError
from stepscale.generation.server_settings import ServerSettings
from stepscale.parameters import GeneratorBlock, LargerBlock, LargerSettings, ProblemSource, SampleCounts
from stepscale.pipelines import fine_tuning
from stepscale.pipelines.sampling import GradedSampler, gather, open_configured_generator
from stepscale.references import reference_in
from stepscale.resume import ShardPlan, Shards

if TYPE_CHECKING:
    from stepscale.pipelines.sampling import OpenGenerator

logger = logging.getLogger(__name__)

_COSTS = ["prefill_tokens", "decode_tokens", "flops", "generation_flops"]


def measure_sizes(generator_model: Path, larger: LargerBlock) -> dict[str, float]:
    """Parameters of both models, ``generator`` and ``larger``, and ``size_ratio`` M.

    Args:
        generator_model: Folder of the generator.
        larger: The larger model: a base, or a server.

    Raises:
        InputError: The larger model is the smaller one.
    """
    n_generator, n_larger = _n_parameters(generator_model, None), _n_parameters(larger.base or "", larger.server)
    if n_larger < n_generator:
        raise InputError(
            f"larger.base: {larger.base} has {n_larger} parameters, fewer than the generator's {n_generator}; give a larger model"
        )
    logger.info("the larger model has %.3g parameters, %.2f times the generator's", n_larger, n_larger / n_generator)
    return {"generator": n_generator, "larger": n_larger, "size_ratio": n_larger / n_generator}


def _n_parameters(source: Path | str, server: ServerSettings | None) -> int:
    """Of a model here, or of a served one as its settings say."""
    from stepscale.engine.loading import load_causal_lm

    reference = None if server else reference_in(source)
    if server is None and (reference is None or reference.kind == "model"):
        return int(load_causal_lm(source).num_parameters())
    stated = server.parameters if server else int(reference.settings["parameters"]) if reference else 0
    if not stated:
        raise InputError("server.parameters: FLOPs are compared here, so say how many parameters the served model has")
    return stated


def choose_larger_examples(
    problems: pd.DataFrame,
    sizes: dict[str, float],
    source: ProblemSource,
    generator: GeneratorBlock,
    larger: LargerBlock,
    seed: int,
) -> pd.DataFrame:
    """Right solutions to fine-tune the larger base on, chosen as the generator's.

    Args:
        problems: Problems of all splits.
        sizes: Parameters of both models, found to be in order.
        source: Where problems came from.
        generator: Settings of the generator.
        larger: Settings of the larger model.
        seed: Decides which are chosen.
    """
    return fine_tuning.choose_examples(problems, source, larger.like(generator), seed)


def fine_tune_larger(
    problems: pd.DataFrame, examples: pd.DataFrame, generator: GeneratorBlock, larger: LargerBlock, seed: int
) -> Path:
    """The larger model: its base fine-tuned exactly as the generator's.

    Args:
        problems: Problems of all splits, a row per problem.
        examples: Examples to fine-tune on, a row per example.
        generator: How the generator is fine-tuned, which holds for the larger model too.
        larger: The larger base.
        seed: The run's seed.
    """
    return fine_tuning.fine_tune_or_take("larger", problems, examples, larger.like(generator), seed)


def answer_greedily(larger_model: Path, test_problems: pd.DataFrame, settings: LargerSettings) -> ShardPlan:
    """One answer at temperature 0 to every test problem that is searched or revised on, graded.

    Args:
        larger_model: Folder of the larger model.
        test_problems: The test problems, a row per problem.
        settings: Which problems, how they are answered and graded, and the seed.
    """
    from stepscale.generation.contract import Sampling

    tested = test_problems[test_problems["split"] == "test"].head(settings.n_problems)
    longest = settings.generator.sampling.max_new_tokens
    greedy = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=longest)
    counts = SampleCounts(per_problem=1, problems_per_shard=settings.larger.problems_per_shard)
    sampler = GradedSampler(larger_model, settings.block, settings.seed)
    return sampler.plan("larger", tested, counts, greedy, settings.search.grading_rules)


def price_answers(
    shards: Shards,
    generator_model: Path,
    larger_model: Path,
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    settings: LargerSettings,
) -> pd.DataFrame:
    """The greedy answers as a solutions table, with prefill_tokens, decode_tokens and ``flops`` of each by the ledger's count.
    ``generation_flops`` are those of one generation by the generator, the mean over its recorded samples of the problem.

    Args:
        shards: The pieces by name, each loaded when it is called.
        generator_model: Folder of the generator.
        larger_model: Folder of the larger model.
        test_problems: The test problems, a row per problem.
        test_solutions: Graded samples of the test problems, a row per sample.
        settings: How both models are asked, and the seed.

    Raises:
        InputError: The recorded samples have no tokens, so that their cost is unknown.
    """
    answers, seed = gather(shards), settings.seed
    ids = set(answers["problem_id"])
    problems = test_problems[test_problems["problem_id"].isin(ids)]
    samples = test_solutions[test_solutions["problem_id"].isin(ids)]
    if not samples["tokens"].map(len).any():
        raise InputError("larger: the samples have no tokens, so what they cost is unknown; give samples with tokens")
    costs = _cost_of_one(open_configured_generator(larger_model, settings.block, seed), problems, answers)
    generator = open_configured_generator(generator_model, settings.generator, seed)
    flops_of_one = _cost_of_one(generator, problems, samples).set_index("problem_id")["generator_flops"]
    costs = costs.rename(columns={"generator_flops": "flops"}).assign(
        generation_flops=costs["problem_id"].map(flops_of_one)
    )
    return answers.merge(costs[["problem_id", *_COSTS]], on="problem_id", how="left", validate="1:1")


def _cost_of_one(model: "OpenGenerator", problems: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    from stepscale.studies.search.sample_costs import sample_costs

    texts = zip(problems["problem_id"], problems["problem"], strict=True)
    prompts = {problem_id: len(model.encode_prompt(text)) for problem_id, text in texts}
    return sample_costs(prompts, samples, (1,), model.parameters, 0)
