"""The declared tables of the map of worlds."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.formats.tables import validator

WORLD = {
    "world": Column("str", about="all of it in one line"),
    "labels": Column("int64", low=1, about="step labels that the PRM learned from"),
    "flipped": share("of those labels that say the opposite"),
    "slips": Column("float64", low=0, about="rate of the generator's slips, in multiples of the lab's hands'"),
    "misconceptions": share("of facts, readings and names that the generator has misconceived"),
    "level": Column("int64", low=1, about="length of the problems, 1 to 5"),
}
ABOUT = {
    "pass_at_1": share("of the generator's samples that are right"),
    "auroc": share("of the PRM's scores of whole samples, right ones against wrong ones"),
    "steps": Column("float64", low=0, about="steps of a sample"),
}
OUTCOMES = Table(
    "world_outcomes",
    {
        **WORLD,
        "held_out": Column("bool", about="whether the world is off the grid"),
        "strategy": Column("str"),
        "n": Column("int64", low=1),
        "problem": Column("int64", low=0),
        "accuracy": share(),
        **ABOUT,
    },
    key=("world", "held_out", "strategy", "n", "problem"),
)
WINNERS = Table(
    "world_winners",
    {
        **WORLD,
        **ABOUT,
        "n": Column("int64", low=1),
        "n_problems": Column("int64", low=1),
        "winner": Column("str"),
        "accuracy": share("of the winner"),
        "runner_up": Column("str"),
        "lead": Column("float64", about="of the winner over the runner-up, paired by problem"),
        **interval("lead_", of="lead"),
        "over_majority": Column("float64", about="of the winner"),
        **interval("over_majority_", of="over_majority"),
        "beam_lead": Column("float64", about="of beam search over best-of-N weighted"),
        **interval("beam_lead_", of="beam_lead"),
        "over_optimizes": Column("bool", about="the interval of beam_lead lies below zero"),
    },
    key=("world", "n"),
)
CURVES = Table(
    "world_curves",
    {
        "labels": Column("int64", low=1),
        "level": Column("int64", low=1),
        "misconceptions": share(),
        "n": Column("int64", low=1),
        "label": Column("str", about="strategy"),
        "gain": Column("float64", about="over majority, the mean of the worlds that are alike in the columns before"),
        **interval(of="gain"),
        "n_worlds": Column("int64", low=1),
    },
    key=("labels", "level", "misconceptions", "n", "label"),
)
RULE = Table(
    "world_rule",
    {
        "among": Column("str", about="the strategies that can be had"),
        "node": Column("int64", low=0, about="0 is asked first"),
        "feature": Column("str", nullable=True, about="null: the rule ends here"),
        "threshold": Column("float64", nullable=True, about="at most this: go left"),
        "left": Column("int64", low=-1),
        "right": Column("int64", low=-1),
        "strategy": Column("str", about="the best one on average of the worlds that come here"),
        "n_cases": Column("int64", low=1, about="worlds and budgets that come here"),
    },
    key=("among", "node"),
)
TESTS = Table(
    "world_rule_tests",
    {
        "on": Column("str"),
        "among": Column("str", about="the strategies that can be had"),
        "against": Column("str", about="a strategy that is always taken, or the best one of each world"),
        "accuracy": share("of the rule"),
        "difference": Column("float64", about="rule minus the other"),
        **interval(of="difference"),
        "n_worlds": Column("int64", low=0, about="resampled; 0: problems are"),
        "n_problems": Column("int64", low=1),
    },
    key=("on", "among", "against"),
)
TABLES = {"winners": WINNERS, "curves": CURVES, "rule": RULE, "tests": TESTS}
SAMPLE_TESTS = {"tests": TESTS}

world_outcomes = validator(OUTCOMES)
