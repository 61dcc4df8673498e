"""The fakes of search, for the tests of what serves it; and one policy for all."""

import pytest


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
