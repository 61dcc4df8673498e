"""The rule of thumb: a few questions about generator, PRM and budget that lead to a strategy, fitted from the grid's worlds.

It is a regression tree over what a user can measure on a few labeled problems: pass@1, the PRM's AUROC over whole samples,
steps per sample, and N. Its targets are the strategies' accuracies less their mean, so that it asks what tells strategies apart
and not what makes problems hard.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

FEATURES = {"auroc": "the PRM's AUROC", "pass_at_1": "pass@1", "steps": "steps per sample", "n": "N"}
_MIN_LEAF_SHARE = 0.08  # share of the cases that must come to every end of the rule


def fit_rule(cases: pd.DataFrame, strategies: Sequence[str], depth: int) -> pd.DataFrame:
    """The rule as rows of the table ``RULE``, which also names the strategies that it is ``among``.

    Args:
        cases: A row per (world, N): the features, and a column of accuracy for each strategy.
        strategies: Their names.
        depth: Questions at the most.
    """
    from sklearn.tree import DecisionTreeRegressor

    accuracy = cases[list(strategies)].to_numpy(float)
    centered = accuracy - accuracy.mean(axis=1, keepdims=True)
    model = DecisionTreeRegressor(
        max_depth=depth, min_samples_leaf=max(1, round(_MIN_LEAF_SHARE * len(cases))), random_state=0
    )
    tree = model.fit(cases[list(FEATURES)].to_numpy(float), centered).tree_
    best = tree.value.reshape(tree.node_count, -1).argmax(axis=1)
    is_end = tree.children_left < 0
    names = list(FEATURES)
    return pd.DataFrame(
        {
            "node": range(tree.node_count),
            "feature": [None if end else names[i] for end, i in zip(is_end, tree.feature, strict=True)],
            "threshold": np.where(is_end, np.nan, tree.threshold),
            "left": tree.children_left,
            "right": tree.children_right,
            "strategy": [strategies[i] for i in best],
            "n_cases": tree.n_node_samples,
        }
    )


def advice(rule: pd.DataFrame, case: Mapping[str, float]) -> str:
    """The strategy that a rule leads to.

    Args:
        rule: As ``fit_rule`` gives it.
        case: Features by name.
    """
    nodes = {int(node["node"]): node for node in rule.to_dict("records")}
    node = nodes[0]
    while isinstance(node["feature"], str):
        node = nodes[int(node["left" if case[node["feature"]] <= node["threshold"] else "right"])]
    return str(node["strategy"])


def in_words(rule: pd.DataFrame) -> str:
    """The rule as a sentence: nested questions with one answer at each end.

    Args:
        rule: ``RULE``, the rows of one choice of strategies (one ``among``).

    Returns:
        The sentence; questions that change nothing are left out.
    """
    nodes = {int(node["node"]): node for node in rule.to_dict("records")}

    def words_below(place: int) -> str:
        node = nodes[place]
        if not isinstance(node["feature"], str):
            return str(node["strategy"])
        below, above = words_below(int(node["left"])), words_below(int(node["right"]))
        if below == above:
            return below
        return f"(if {FEATURES[node['feature']]} is at most {node['threshold']:.3g}: {below}; else: {above})"

    return words_below(0).removeprefix("(").removesuffix(")") if len(nodes) > 1 else words_below(0)
