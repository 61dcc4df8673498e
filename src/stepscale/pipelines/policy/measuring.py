"""The policy that the searches teach: learned, calibrated, saved to be served, and its part of the report."""

from pathlib import Path
from typing import Any

import pandas as pd
from kedro.pipeline import Node

from stepscale.parameters import SearchSettings
from stepscale.pipelines.named import named
from stepscale.pipelines.sampling import open_configured_generator
from stepscale.references import reference_in
from stepscale.scratch import scratch_folder
from stepscale.studies.policy.asked_confidence import ask, asked_problems, calibrated, calibration_errors
from stepscale.studies.policy.figures import policy_part
from stepscale.studies.policy.measure import learn_policy
from stepscale.studies.policy.stopping_rules import measure_stopping


def nodes() -> list[Node]:
    """Learn, calibrate, save and show the policy."""
    return [*_learning(), *_serving(), *_comparing()]


def _learning() -> list[Node]:
    """Learn the policy, ask it about other problems, and calibrate it on its answers."""
    return [
        Node(
            learn,
            inputs={
                "samples": "scored_samples",
                "candidates": "search_candidates",
                "settings": "params:search_settings",
            },
            outputs="learned_policy",
            name="learn_policy",
        ),
        Node(
            ask_policy,
            inputs={
                **named("generator_model", "prm_model", "problems", "searched_problems", "learned_policy"),
                "settings": "params:search_settings",
            },
            outputs="policy_confidences",
            name="ask_policy",
        ),
        Node(
            calibrated,
            inputs={"policy": "learned_policy", "confidences": "policy_confidences"},
            outputs="served_policy",
            name="calibrate_policy",
        ),
    ]


def _serving() -> list[Node]:
    """Save the policy as a model that can be served, and log it."""
    return [
        Node(
            save_policy,
            inputs={"generator_model": "generator_model", "prm_model": "prm_model", "served": "served_policy"},
            outputs="policy",
            name="save_policy",
        ),
        Node(log_policy, inputs={"policy": "policy"}, outputs=None, name="log_policy"),
    ]


def _comparing() -> list[Node]:
    """Measure it beside other stopping rules, and show it."""
    return [
        Node(
            compare_with_rules,
            inputs={
                **named("scored_samples", "search_candidates", "search_accuracy"),
                "settings": "params:search_settings",
            },
            outputs={"tables": "stopping_tables", "rules": "stopping_rules"},
            name="compare_with_stopping_rules",
        ),
        Node(
            show_policy,
            inputs={
                "served": "served_policy",
                "confidences": "policy_confidences",
                "searches": "search_tables",
                "stopping": "stopping_tables",
            },
            outputs="policy_part",
            name="show_policy",
        ),
    ]


def learn(samples: pd.DataFrame, candidates: pd.DataFrame, settings: SearchSettings) -> dict[str, Any]:
    """The settings of the policy, learned with the run's grading rules.

    Args:
        samples: Samples, a row per sample.
        candidates: Candidates of the searches, a row per candidate.
        settings: Searches, grading rules, where models run, and the seed.
    """
    plan, rules = settings.tree_search, settings.search.grading_rules
    return learn_policy(samples, candidates, settings.generator, settings.verifiers, plan, settings.seed, rules)


def ask_policy(
    generator_model: Path,
    prm_model: Path,
    problems: pd.DataFrame,
    searched_problems: pd.DataFrame,
    learned_policy: dict[str, Any],
    settings: SearchSettings,
) -> pd.DataFrame:
    """How sure the policy is of problems that it was not chosen on, and whether it is right.

    Args:
        generator_model: Folder of the generator.
        prm_model: Folder of the PRM.
        problems: Problems of all splits.
        searched_problems: Problems that the policy was chosen on.
        learned_policy: The policy's settings.
        settings: Where models run, and the seed.

    Returns:
        A row per problem and budget: the policy's confidence, and whether its answer is right.
    """
    from stepscale.serving.policy import ServedPolicy
    from stepscale.verifiers.open_verifier import open_verifier

    return ask(
        ServedPolicy.model_validate(learned_policy),
        asked_problems(problems, searched_problems),
        open_configured_generator(generator_model, settings.generator, settings.seed),
        open_verifier(prm_model, "prm", settings.verifiers.placement),
    )


def save_policy(generator_model: Path, prm_model: Path, served: dict[str, Any]) -> Path:
    """An MLflow model of the policy with the generator and the PRM in it; what is on the hub or behind a server stays there.

    Args:
        generator_model: Folder of the generator.
        prm_model: Folder of the PRM.
        served: The calibrated policy's settings.

    Returns:
        Folder of the MLflow model.
    """
    from stepscale.serving.packaging import save_model
    from stepscale.serving.policy import ServedPolicy

    folder, settings = scratch_folder("policy"), scratch_folder("settings") / "policy.json"
    ServedPolicy.model_validate(served).write(settings)
    reference = reference_in(generator_model)
    base = Path(reference.source or "") if reference and reference.kind == "model" else generator_model
    save_model(folder, settings, base if base.is_dir() else generator_model, prm_model)
    return folder


def log_policy(policy: Path) -> None:
    """Put a copy of the policy into the MLflow run, as a model that can be served from there.

    Args:
        policy: Folder of the saved policy.
    """
    from stepscale.serving.packaging import log_model

    log_model(policy)


def compare_with_rules(
    scored_samples: pd.DataFrame,
    search_candidates: pd.DataFrame,
    search_accuracy: pd.DataFrame,
    settings: SearchSettings,
) -> dict[str, Any]:
    """The online policy beside rules that say when to stop sampling, and these rules as they were fitted.

    Args:
        scored_samples: Scored samples of the test problems, a row per sample.
        search_candidates: Candidates of the searches, a row per candidate.
        search_accuracy: Accuracy of every strategy at every budget, a row per problem.
        settings: Searches, grading rules, resamples of the intervals, and the seed.
    """
    return measure_stopping(
        scored_samples,
        search_candidates,
        search_accuracy,
        settings.tree_search,
        settings.report.bootstrap,
        settings.seed,
        settings.search.grading_rules,
    )


def show_policy(
    served: dict[str, Any], confidences: pd.DataFrame, searches: dict[str, Any], stopping: dict[str, pd.DataFrame]
) -> Any:
    """The policy's part of the report.

    Args:
        served: The calibrated policy's settings.
        confidences: As ``ask_policy`` gives them.
        searches: Tables of the searches, with their curves.
        stopping: Tables of the stopping rules.
    """
    return policy_part(served, searches["curves"], calibration_errors(served, confidences), stopping)
