"""Nodes that draw: tables -> a part of the report. Plotly is imported where a part is drawn."""

from typing import Any

import pandas as pd

from stepscale.parameters import PoolBlock, ProblemSource, ReportBlock, VerifierBlock
from stepscale.report.report import Part
from stepscale.search.plan import SearchPlan


def supervision(
    heldout: pd.DataFrame,
    quintiles: pd.DataFrame,
    sizes: pd.DataFrame,
    budgets: pd.DataFrame,
    ablations: pd.DataFrame,
    saved: list[dict[str, Any]],
    overlap: list[dict[str, Any]],
    agreement: dict[str, float] | None,
    verifiers: VerifierBlock,
    problems: ProblemSource,
) -> Part:
    """Held-out problems, difficulty, ways to supervise."""
    from stepscale.studies.supervision.figures import supervision_part

    confounds = differ_besides(verifiers, problems.source == "lab")
    return supervision_part(heldout, quintiles, sizes, budgets, ablations, saved, overlap, agreement or {}, confounds)


def differ_besides(verifiers: VerifierBlock, in_lab: bool) -> str:
    """What arms of the comparison do not have in common besides supervision, and what none of them had to learn."""
    small = verifiers.sized(small=True)
    told = []
    if verifiers.large is None:
        told.append("PRM_large is the run's own PRM here: it learned from more labels than the small verifiers have.")
    if small.prm.head_init_tokens or small.orm.head_init_tokens:
        rated = ", and the lab's base was pretrained on symbolic step ratings (docs/lab.md)" if in_lab else ""
        told.append(
            f"Heads start from tokens of the base{rated}: even the smallest cell is no verifier made from nothing."
        )
    process, outcome = (options.optimization.epochs for options in (small.prm, small.orm))
    if process != outcome:
        told.append(
            f"Process arms learn for {process:g} epochs and outcome arms for {outcome:g} (each longer where it would be fewer "
            "than least_steps optimizer steps), so these differ in more than supervision."
        )
    return " ".join(told)


def search(
    curves: pd.DataFrame,
    at_cost: pd.DataFrame,
    by_bin: pd.DataFrame,
    savings: pd.DataFrame,
    online: pd.DataFrame,
    chosen: pd.DataFrame,
    signs: pd.DataFrame,
    tree_search: SearchPlan | None,
) -> Part:
    """Search against the PRM."""
    from stepscale.studies.search.figures import search_part

    filtering = tree_search.filtering if tree_search else ()
    return search_part(curves, at_cost, by_bin, savings, online, chosen, signs, filtering)


def revising(
    positions: pd.DataFrame,
    changes: pd.DataFrame,
    ratios: pd.DataFrame,
    curves: pd.DataFrame,
    savings: pd.DataFrame,
    at_cost: pd.DataFrame,
    chosen: pd.DataFrame,
    contexts: pd.DataFrame,
) -> Part:
    """Revisions."""
    from stepscale.studies.revisions.figures import revision_part

    return revision_part(positions, changes, ratios, curves, savings, at_cost, chosen, contexts)


def searching_revisions(curves: pd.DataFrame, leads: pd.DataFrame) -> Part:
    """PRM search over revisions."""
    from stepscale.studies.revisions.search_figures import revision_search_part

    return revision_search_part(curves, leads)


def telling_difficulty(agreement: pd.DataFrame, policies: pd.DataFrame) -> Part:
    """Ways to tell difficulty."""
    from stepscale.studies.difficulty.figures import difficulty_part

    return difficulty_part(agreement, policies)


def against_a_larger_model(table: pd.DataFrame, curves: pd.DataFrame) -> Part:
    """A larger model at equal FLOPs."""
    from stepscale.studies.larger_model.figures import flops_part

    return flops_part(table, curves)


def learning(
    positions: pd.DataFrame | None,
    by_labels: pd.DataFrame,
    health: pd.DataFrame,
    differences: list[dict[str, Any]],
    soft_curves: pd.DataFrame,
    released: pd.DataFrame | None,
    pool: PoolBlock,
    config: ReportBlock,
) -> list[Part]:
    """Verifiers by step position, the data loop, the labels it leaves, the PRM of rollouts."""
    from stepscale.studies.data_loop.figures import loop_part, positions_part, release_part, rollouts_part

    loop, left = loop_part(by_labels, health, differences), release_part(released, pool.labeler.kind == "given")
    return [positions_part(positions), loop, left, rollouts_part(soft_curves, config.aggregation)]


def serving(served_policy: dict[str, Any], search_curves: pd.DataFrame) -> Part:
    """The served policy beside best-of-N weighted, which spends the same on every problem."""
    from stepscale.studies.policy.figures import serving_part

    if not served_policy:
        return Part([], {})
    plain = (search_curves["unit"] == "generations") & (search_curves["label"] == "best-of-N weighted")
    return serving_part(served_policy, search_curves[plain])
