"""The parts of the report beside best-of-N, one a subject: each measures its tables, settles its claims, draws its sections."""

from kedro.pipeline import Node

from stepscale.pipelines.reporting import nodes, sections
from stepscale.studies.data_loop import measure as loop
from stepscale.studies.difficulty import measure as difficulty
from stepscale.studies.larger_model import measure as flops
from stepscale.studies.policy import measure as serving
from stepscale.studies.revisions import contexts as revision_contexts
from stepscale.studies.revisions import measure as revisions
from stepscale.studies.revisions import search as revision_search
from stepscale.studies.search import measure as searches
from stepscale.studies.search import signs as search_signs

SAMPLES = ["test_problems", "test_solutions", "prm_scores"]
PLANS = ["params:tree_search", "params:revisions"]  # what was searched, and how attempts were revised
MEASURED_BY = ["params:report", "params:seed"]


def supervision() -> list[Node]:
    """The held-out problems, difficulty, and ways to supervise, by labels and by N."""
    tables = ["supervision_by_size", "supervision_by_budget", "supervision_ablations", "labels_saved", "label_overlap"]
    return [
        Node(
            nodes.measure_supervision,
            ["supervision_points", "selections", "params:experiment", *MEASURED_BY],
            [*tables, "supervision_claims"],
            name="measure_supervision",
        ),
        Node(nodes.log_label_overlap, "label_overlap", None, name="log_label_overlap"),
        Node(
            sections.supervision,
            ["heldout_curves", "quintile_curves", *tables, "labeler_agreement", "params:verifiers", "params:problems"],
            "supervision_part",
            name="show_supervision",
        ),
    ]


def search() -> list[Node]:
    """Search against the PRM, compute-optimal and online."""
    tables = ["search_curves", "search_at_cost", "search_by_bin", "search_savings", "online_policy", "search_chosen"]
    searched = ["search_results", "search_candidates", "sample_costs"]
    return [
        Node(
            searches.measure_search,
            [*SAMPLES, *searched, "params:tree_search", *MEASURED_BY],
            [*tables, "search_claims"],
            name="measure_search",
        ),
        Node(searches.log_search_curves, "search_curves", None, name="log_search_curves"),
        Node(
            search_signs.measure_signs,
            [*SAMPLES, "search_candidates", "params:tree_search", *MEASURED_BY],
            "search_signs",
            name="measure_signs",
        ),
        Node(sections.search, [*tables, "search_signs", "params:tree_search"], "search_part", name="show_search"),
    ]


def revising() -> list[Node]:
    """A model that revises its own attempts."""
    measured = ("positions", "changes", "ratios", "curves", "savings", "at_cost", "chosen")
    tables = [f"revision_{name}" for name in measured]
    return [
        Node(
            revisions.measure_revisions,
            [*SAMPLES, "revision_chains", "params:revisions", *MEASURED_BY],
            [*tables, "revision_claims"],
            name="measure_revisions",
        ),
        Node(
            revisions.log_revision_curves, ["revision_positions", "revision_curves"], None, name="log_revision_curves"
        ),
        Node(
            revision_contexts.measure_contexts,
            [*SAMPLES, "revision_chains", "params:revisions", *MEASURED_BY],
            "revision_contexts",
            name="measure_contexts",
        ),
        Node(sections.revising, [*tables, "revision_contexts"], "revision_part", name="show_revisions"),
    ]


def searching_revisions() -> list[Node]:
    """PRM search over revisions, and what it competes with."""
    tables = ["revision_search_curves", "revision_search_leads"]
    measured = ["revision_search_results", "revision_chains", "search_results", "sample_costs"]
    return [
        Node(
            revision_search.measure_revision_search,
            [*SAMPLES, *measured, *PLANS, *MEASURED_BY],
            tables,
            name="measure_revision_search",
        ),
        Node(sections.searching_revisions, tables, "revision_search_part", name="show_revision_search"),
    ]


def telling_difficulty() -> list[Node]:
    """Ways to tell difficulty, for searches and revisions."""
    tables = ["difficulty_agreement", "difficulty_policies"]
    measured = ["search_results", "sample_costs", "revision_chains", "question_difficulty"]
    return [
        Node(
            difficulty.measure_difficulty,
            [*SAMPLES, *measured, *PLANS, *MEASURED_BY],
            tables,
            name="measure_difficulty",
        ),
        Node(sections.telling_difficulty, tables, "difficulty_part", name="show_difficulty"),
    ]


def against_a_larger_model() -> list[Node]:
    """Searches and revisions against a larger model at equal FLOPs."""
    tables = ["flops_match", "flops_match_curves"]
    measured = ["search_results", "sample_costs", "revision_chains", "larger_answers", "model_sizes"]
    return [
        Node(
            flops.measure_flops_match,
            [*SAMPLES, *measured, *PLANS, *MEASURED_BY],
            [*tables, "flops_claims"],
            name="measure_flops_match",
        ),
        Node(flops.log_flops_match, "flops_match", None, name="log_flops_match"),
        Node(sections.against_a_larger_model, tables, "flops_part", name="show_flops_match"),
    ]


def learning() -> list[Node]:
    """The data loop, and the PRM of rollouts."""
    made_of = ["params:rollouts", "params:pool", "params:search"]
    looped = ["loop_by_labels", "loop_health_by_round", "loop_differences"]
    return [
        Node(
            loop.measure_loop,
            ["loop_points", "loop_health", "params:loop", *MEASURED_BY],
            looped,
            name="measure_loop",
        ),
        Node(
            loop.measure_rollouts,
            [*SAMPLES, "soft_prm_scores", "orm_scores", *made_of, *MEASURED_BY],
            ["soft_prm_curves", "rollout_claims"],
            name="measure_rollouts",
        ),
        Node(loop.log_soft_prm_curves, "soft_prm_curves", None, name="log_soft_prm_curves"),
        Node(
            sections.learning,
            ["verifier_positions", *looped, "soft_prm_curves", "release_counts", "params:pool", "params:report"],
            "learning_part",
            name="show_loop",
        ),
    ]


def product() -> list[Node]:
    """The policy that the searches teach, saved to be served."""
    searched = [*SAMPLES, "search_results", "search_candidates"]
    made_of = ["params:generator", "params:verifiers", "params:tree_search", "params:seed"]
    return [
        Node(serving.learn_policy, [*searched, *made_of], "served_policy", name="learn_policy"),
        Node(serving.save_policy, ["generator_model", "prm_model", "served_policy"], "policy", name="save_policy"),
        Node(serving.log_policy, "policy", None, name="log_policy"),
        Node(sections.serving, ["served_policy", "search_curves"], "serving_part", name="show_policy"),
    ]
