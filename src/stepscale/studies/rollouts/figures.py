"""What the report says about a PRM of rollouts (Snell et al. 2024, Figures 13 and 14)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from stepscale.report.claims import Claim
from stepscale.report.part import Part
from stepscale.report.plots import curve_figure, curve_view, largest_error
from stepscale.studies.verifiers.figures import metrics_table

_AGGREGATION_NAMES = {"product": "product", "min": "minimum", "last": "its last step", "mean": "mean"}


def rollouts_part(
    tables: Mapping[str, pd.DataFrame],
    claims: Sequence[Claim],
    aggregation: str,
    metrics: Mapping[str, Mapping[str, float]],
) -> Part:
    """The part of the report.

    Args:
        tables: ``curves`` of every aggregation.
        claims: B8 and B9, where they were settled.
        aggregation: Of the run's own PRM, which may stand beside the soft one.
        metrics: On validation problems, by verifier. Only those of a soft PRM are shown: the run's own are shown elsewhere.
    """
    curves = tables["curves"]
    aggregation_name = _AGGREGATION_NAMES.get(aggregation, aggregation)
    beside = f"PRM is the PRM of this run, by {aggregation_name}. " if "PRM" in set(curves["label"]) else ""
    reading = (
        f"Snell et al. 2024, E and Figure 13, on {int(curves['n_problems'].iloc[0])} test problems: best-of-N weighted "
        f"by a PRM that learned Monte Carlo values of steps, with each way to make one score of them. {beside}ORM is "
        "by its last token (F and Figure 14). Soft PRM and ORM learned from the same solutions, those rolled out."
    )
    figure = curve_figure("A PRM of rollouts, by scoring rule", reading + largest_error(curves), curve_view(curves))
    return Part(
        name="rollouts",
        title="Does a PRM without human labels work as well?",
        figures=(figure,),
        tables=(metrics_table({name: values for name, values in metrics.items() if name == "soft_prm"}),),
        claims=tuple(claims),
    )
