"""A part with one of everything, whose texts come from a hostile model."""

import numpy as np

from stepscale.estimators.intervals import Interval
from stepscale.report.claims import settle
from stepscale.report.part import ExampleStep, Figure, Panel, Part, Series, TextTable, View, WorkedExample

HOSTILE = "</script><script>window.pwned = 1</script><img src=x onerror='window.pwned=1'>"


def interval(mean: float, half: float = 0.02) -> Interval:
    return Interval(*np.asarray([mean, mean - half, mean + half]), 60)


def line(name: str, mark: str = "line", **more: object) -> Series:
    return Series(name=name, x=(1, 2, 4), y=(0.3, 0.4, 0.5), low=(0.2,) * 3, high=(0.6,) * 3, mark=mark, **more)


def part(name: str = "best-of-n", claims: tuple[str, ...] = ("A1",)) -> Part:
    units = [
        View(
            x_title=f"{unit} per problem",
            unit=unit,
            panels=(Panel(series=(line("PRM"), line(HOSTILE))),),
        )
        for unit in ("generations", "tokens", "FLOPs")
    ]
    bars = Panel(series=(Series(name="PRM", x=("a", "b"), y=(0.1, 0.2), mark="bars"),))
    levels = View(x_title="level", panels=(bars,), scale="category")
    bins = View(x_title="N", panels=tuple(Panel(title=f"bin {i}", series=(line("PRM"),)) for i in range(2)))
    steps = (
        ExampleStep(text=f"3 + 4 = 7 {HOSTILE}", probability=0.98, rating=1),
        ExampleStep(text="7 * 2 = 15", probability=0.04, rating=-1),
        ExampleStep(text="so", probability=0.1),
    )
    example = WorkedExample(kind="Error caught", remark="why", problem=HOSTILE, steps=steps, answer=HOSTILE, gold="14")
    return Part(
        name=name,
        title=f"What of {name}?",
        text="A text.",
        figures=(
            Figure(title="Curves", reading="How.", views=tuple(units), leads=True),
            Figure(title="Levels", reading="How.", views=(levels,)),
            Figure(title="Bins", reading="How.", views=(bins,)),
        ),
        tables=(
            TextTable(title="A table", rows=({"who": HOSTILE, "auroc": "0.900 [0.870, 0.925]"},), note="A note."),
            TextTable(title="Nothing measured", rows=()),
        ),
        claims=tuple(settle(claim, {"PRM - ORM": interval(0.08)}, seeds=1) for claim in claims),
        measures={"A1": "69.0 / 61.0 at N=256"},
        summary=("best-of-8 on 60 problems: PRM 80.0%",),
        examples=(example,),
        examples_note="Each step.",
    )
