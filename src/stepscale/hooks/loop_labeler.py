"""The loop may be labelled by a PRM of an earlier run: that it is there, and that this run does not replace it midway."""

from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from stepscale.errors import InputError

_EARLIER = ("earlier_prm_model", "earlier_large_prm_model")


def check_prm_of_loop(run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Raises InputError if the labelling PRM is absent, or if this run would replace it once the loop has used it."""
    from stepscale.parameters import VerifierBlock
    from stepscale.pipelines.active_learning.labelers import folder_of_large_prm
    from stepscale.supervision.loop_options import LoopOptions

    loop = catalog.load("params:loop") if set(_EARLIER) <= pipeline.inputs() else None
    if loop is None or LoopOptions.model_validate(loop).labeler.kind != "prm_large":
        return
    verifiers = VerifierBlock.model_validate(catalog.load("params:verifiers"))
    folder_of_large_prm(verifiers, *(catalog.load(name) for name in _EARLIER))
    made = "large_prm_model" if verifiers.large else "prm_model"
    if made in pipeline.all_outputs() and not run_params.get("only_missing_outputs"):
        raise InputError(
            f"loop.labeler: prm_large would label by an earlier run's {made}, and this run would then train another; "
            "kedro run --pipelines active_learning labels by it, kedro run --only-missing-outputs keeps it"
        )
