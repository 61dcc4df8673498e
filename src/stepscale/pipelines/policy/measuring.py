"""The policy that the searches teach: learned, saved to be served, and its part of the report."""

from pathlib import Path
from typing import Any

import pandas as pd
from kedro.pipeline import Node

from stepscale.parameters import SearchSettings
from stepscale.references import reference_in
from stepscale.scratch import scratch_folder
from stepscale.studies.policy.figures import policy_part
from stepscale.studies.policy.measure import learn_policy


def nodes() -> list[Node]:
    """Learn, save and show the policy."""
    return [
        Node(
            learn,
            inputs={
                "samples": "scored_samples",
                "candidates": "search_candidates",
                "settings": "params:search_settings",
            },
            outputs="served_policy",
            name="learn_policy",
        ),
        Node(
            save_policy,
            inputs={"generator_model": "generator_model", "prm_model": "prm_model", "served": "served_policy"},
            outputs="policy",
            name="save_policy",
        ),
        Node(log_policy, inputs={"policy": "policy"}, outputs=None, name="log_policy"),
        Node(
            show_policy,
            inputs={"served": "served_policy", "searches": "search_tables"},
            outputs="policy_part",
            name="show_policy",
        ),
    ]


def learn(samples: pd.DataFrame, candidates: pd.DataFrame, settings: SearchSettings) -> dict[str, Any]:
    """The settings of the policy, learned with the run's grading rules."""
    plan, rules = settings.tree_search, settings.search.grading_rules
    return learn_policy(samples, candidates, settings.generator, settings.verifiers, plan, settings.seed, rules)


def save_policy(generator_model: Path, prm_model: Path, served: dict[str, Any]) -> Path:
    """An MLflow model of the policy with the generator and the PRM in it; what is on the hub or behind a server stays there."""
    from stepscale.serving.packaging import save_model
    from stepscale.serving.policy import ServedPolicy

    folder, settings = scratch_folder("policy"), scratch_folder("settings") / "policy.json"
    ServedPolicy.model_validate(served).write(settings)
    reference = reference_in(generator_model)
    base = Path(reference.source or "") if reference and reference.kind == "model" else generator_model
    save_model(folder, settings, base if base.is_dir() else generator_model, prm_model)
    return folder


def log_policy(policy: Path) -> None:
    """A copy of it in the MLflow run, as a model that can be served from there."""
    from stepscale.serving.packaging import log_model

    log_model(policy)


def show_policy(served: dict[str, Any], searches: dict[str, Any]) -> Any:
    """Its part of the report."""
    return policy_part(served, searches["curves"])
