"""Nodes of the larger model (Snell et al. 2024, 7): made ready as the generator is, asked once for each test problem.

A larger base -> its own right samples of training problems (or given ones) -> fine-tuned -> one greedy answer to every test
problem that is searched or revised on, graded, with its cost beside that of one generation by the generator; and the
parameters of both models. Without ``larger`` in the parameters every node gives an empty table or folder.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.errors import InputError
from stepscale.parameters import GeneratorBlock, LargerBlock, RevisionsBlock, SearchBlock
from stepscale.pipelines.ingestion.nodes import choose_examples, make_ready
from stepscale.pipelines.sampling import Shards, gather, manifest, open_generator, sample_shards
from stepscale.scratch import scratch_folder
from stepscale.search.plan import SearchPlan

if TYPE_CHECKING:
    from stepscale.generation.local import LocalGenerator

logger = logging.getLogger(__name__)

PURPOSE = "larger"
_COSTS = ["prefill_tokens", "decode_tokens", "flops", "generation_flops"]


def choose_larger_examples(
    generator_model: Path | None,
    problems: pd.DataFrame | None,
    given: pd.DataFrame | None,
    generator: GeneratorBlock,
    larger: LargerBlock | None,
    seed: int,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Right solutions to fine-tune the larger base on, chosen as the generator's; and how large both models are.

    The sizes: ``generator`` and ``larger`` in parameters, and ``size_ratio`` M. Raises InputError if the larger is the smaller.
    """
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import SOLUTIONS

    if larger is None or generator_model is None or problems is None or given is None:
        return empty(SOLUTIONS), {}
    sizes = _sizes(generator_model, larger)
    logger.info(
        "the larger model has %.3g parameters, %.2f times the generator's", sizes["larger"], sizes["size_ratio"]
    )
    return choose_examples(problems, given, larger.like(generator), seed), sizes


def fine_tune_larger(
    problems: pd.DataFrame | None,
    examples: pd.DataFrame,
    generator: GeneratorBlock,
    larger: LargerBlock | None,
    seed: int,
) -> Path:
    """The larger model: its base fine-tuned exactly as the generator's."""
    if larger is None or problems is None:
        return scratch_folder("larger")
    return make_ready("larger", problems, examples, larger.like(generator), seed)


def answer_greedily(
    larger_model: Path,
    test_problems: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    larger: LargerBlock | None,
    tree_search: SearchPlan | None,
    revisions: RevisionsBlock | None,
    search: SearchBlock,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """One answer at temperature 0 to every test problem that is searched or revised on, graded, shard by shard."""
    from stepscale.generation.contract import Sampling
    from stepscale.parameters import SampleCounts

    wanted = max(tree_search.problems if tree_search else 0, revisions.test.problems if revisions else 0)
    if larger is None or not wanted:
        yield manifest(PURPOSE)
        return
    chosen = test_problems[test_problems["split"] == "test"].head(wanted)
    model = open_generator(larger_model, larger.like(generator), seed)
    greedy = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=generator.sampling.max_new_tokens)
    counts = SampleCounts(per_problem=1, problems_per_shard=larger.problems_per_shard)
    yield from sample_shards(model, larger_model, chosen, counts, greedy, seed, PURPOSE, finished, search.grading_rules)


def price_answers(
    shards: Shards,
    generator_model: Path | None,
    larger_model: Path,
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    generator: GeneratorBlock,
    larger: LargerBlock | None,
    seed: int,
) -> pd.DataFrame:
    """The greedy answers as a solutions table, with prefill_tokens, decode_tokens and ``flops`` of each by the ledger's count,
    and ``generation_flops``: those of one generation by the generator, the mean over its recorded samples of the problem.
    """
    answers = gather(shards)
    if larger is None or generator_model is None or answers.empty:
        return answers.reindex(columns=[*answers.columns, *_COSTS])
    ids = set(answers["problem_id"])
    asked = test_problems[test_problems["problem_id"].isin(ids)]
    costs = _cost_of_one(open_generator(larger_model, larger.like(generator), seed), asked, answers)
    drawn = test_solutions[test_solutions["problem_id"].isin(ids)]
    one = _cost_of_one(open_generator(generator_model, generator, seed), asked, drawn).set_index("problem_id")[
        "generator_flops"
    ]
    costs = costs.rename(columns={"generator_flops": "flops"}).assign(generation_flops=costs["problem_id"].map(one))
    return answers.merge(costs[["problem_id", *_COSTS]], on="problem_id", how="left", validate="1:1")


def _cost_of_one(model: "LocalGenerator", problems: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    from stepscale.studies.search.sample_costs import sample_costs

    texts = zip(problems["problem_id"], problems["problem"], strict=True)
    prompts = {problem_id: len(model.encode_prompt(text)) for problem_id, text in texts}
    return sample_costs(prompts, samples, (1,), model.parameters, 0)


def _sizes(generator_model: Path, larger: LargerBlock) -> dict[str, float]:
    from stepscale.engine.loading import load_causal_lm

    ours, theirs = (int(load_causal_lm(source).num_parameters()) for source in (generator_model, larger.base))
    if theirs < ours:
        raise InputError(
            f"larger.base: {larger.base} has {theirs} parameters, fewer than the generator's {ours}; give a larger model"
        )
    return {"generator": ours, "larger": theirs, "size_ratio": theirs / ours}
