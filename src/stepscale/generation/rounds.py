"""Many cohorts, some at a time: their prefixes are read together, then they decode side by side.

In: batches of requests, and what decodes one cohort. Out: continuations and counts. The prefix cache grows by what was
read and drawn, in the order of cohorts, so results do not depend on the number of threads.
"""

from collections.abc import Callable, Sequence
from itertools import islice

from stepscale.engine.computed import Computed
from stepscale.engine.kv_cache_pool import CacheSlots
from stepscale.engine.lanes import Lanes
from stepscale.engine.prefix_cache import PrefixCache
from stepscale.generation.cohort import Outcome
from stepscale.generation.contract import Continuation
from stepscale.generation.members import Plan

_ROUND = 16  # cohorts whose prefixes are read at once
Decode = Callable[[Plan, Sequence[CacheSlots]], Outcome]


def run_rounds(
    batches: Sequence[Sequence[int]],
    plan_of: Callable[[Sequence[int]], Plan],
    decode: Decode,
    prefix_cache: PrefixCache,
    lanes: Lanes,
) -> tuple[dict[int, Continuation], Computed, Computed]:
    """Decode every batch as a cohort.

    Args:
        batches: Numbers of the requests of each cohort.
        plan_of: What a batch asks for.
        decode: Draws one cohort, whose prefixes lie in these cache slots.
        prefix_cache: Of the prefixes' keys and values.
        lanes: Threads that decode side by side.

    Returns:
        Continuations by number of request, what was computed of prefixes, and what was computed of drawn tokens.
    """
    results, read, decoded = dict[int, Continuation](), Computed(), Computed()
    for start in range(0, len(batches), _ROUND):
        batches_now = batches[start : start + _ROUND]
        outcomes = _round([plan_of(batch) for batch in batches_now], decode, prefix_cache, lanes, read)
        for batch, outcome in zip(batches_now, outcomes, strict=True):
            results.update(zip(batch, outcome.continuations, strict=True))
            read.add_all(outcome.read)
            decoded.add_all(outcome.decoded)
    return results, read, decoded


def _round(
    plans: Sequence[Plan], decode: Decode, prefix_cache: PrefixCache, lanes: Lanes, read: Computed
) -> list[Outcome]:
    """Runs some cohorts from their prefixes to their ends; the tokens read for prefixes are added to ``read``."""
    # 1. Make all prefixes known but for their last tokens, which the cohorts pass to draw.
    slots = iter(prefix_cache.read([prefix[:-1] for plan in plans for prefix in plan.prefixes], read, lanes))
    tasks = [(plan, list(islice(slots, len(plan.prefixes)))) for plan in plans]
    # 2. Decode side by side; meanwhile the prefix cache is only read.
    outcomes = lanes.map(lambda task: decode(*task), tasks)
    # 3. Cache finished steps, in the order of cohorts, and evict what is over the budget.
    for outcome in outcomes:
        for path, keys_values in outcome.paths:
            prefix_cache.insert(path, keys_values)
    prefix_cache.evict()
    return outcomes
