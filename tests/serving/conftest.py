"""The fakes of search, for the tests of what serves it; one policy for all; and small models of the lab."""

from pathlib import Path

import pytest

from stepscale.serving.policy import ServedPolicy

GENERATOR = Path(__file__).resolve().parents[2] / "data/01_raw/lab_base"


@pytest.fixture
def settings():
    """A policy of three budgets, as in policy.json: easy problems are sampled, hard ones searched where there is room."""
    return {
        "seed": 0,
        "prompt": "<s>{problem}\n",
        "aggregation": "product",
        "chosen_on": 10,
        "sampling": {"temperature": 1.0, "top_p": 1.0, "max_new_tokens": 60},
        "runs": {"beam at 4": {"method": "beam", "n": 4, "width": 2}},
        "budgets": [
            bounded(1, 1, [{"samples": 1}]),
            bounded(4, 2, [{"samples": 2}, {"samples": 4}]),
            bounded(6, 2, [{"samples": 4}, {"samples": 2, "run": "beam at 4"}]),
        ],
    }


def bounded(budget, probes, actions):
    borders = [0.3] * (len(actions) - 1)
    policy = {"probes": probes, "sure": 0.35, "borders": borders, "actions": actions}
    return {"budget": budget, "policy": policy, "accuracy": 0.5, "low": 0.4, "high": 0.6, "generations": float(probes)}


@pytest.fixture(scope="session")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The lab's base as generator, the same with a random head as PRM, and a small policy."""
    import torch

    from stepscale.engine.encoding import TextFormat
    from stepscale.engine.loading import load_token_classifier, load_tokenizer, save
    from stepscale.verifiers.saved import SavedVerifier

    folder = tmp_path_factory.mktemp("pieces")
    torch.manual_seed(0)
    model = load_token_classifier(GENERATOR, num_labels=3)
    with torch.no_grad():
        model.score.weight.normal_(0, 0.3)
    save(model, load_tokenizer(GENERATOR), folder / "prm")
    layout = TextFormat(prompt="<s>{problem}\n")
    names = ("negative", "neutral", "positive")
    SavedVerifier(kind="prm", labels=names, layout=layout).write(folder / "prm")
    actions = [{"samples": 2}, {"samples": 2, "run": "beam at 4"}]
    capped = {"probes": 2, "sure": 2.0, "borders": [0.99], "actions": actions}
    action = {"low": 0.4, "high": 0.7, "generations": 2}
    ServedPolicy.model_validate(
        {
            "seed": 0,
            "prompt": "<s>{problem}\n",
            "aggregation": "product",
            "chosen_on": 10,
            "sampling": {"temperature": 0.4, "top_p": 1.0, "max_new_tokens": 100},
            "runs": {"beam at 4": {"method": "beam", "n": 4, "width": 2, "aggregation": "product"}},
            "budgets": [
                {
                    "budget": 2,
                    "policy": {**capped, "borders": [], "actions": [{"samples": 2}]},
                    "accuracy": 0.5,
                    **action,
                },
                {"budget": 6, "policy": capped, "accuracy": 0.6, **action},
            ],
        }
    ).write(folder / "policy.json")
    return {"policy": folder / "policy.json", "generator": GENERATOR, "prm": folder / "prm"}
