"""Labelers: who rates the steps of solutions: a program, a large verifier, rollouts, or people."""

from typing import TYPE_CHECKING

from stepscale.lazy import lazy_names

if TYPE_CHECKING:
    from stepscale.labeling.by_file import FileLabeler as FileLabeler
    from stepscale.labeling.by_verifier import VerifierLabeler as VerifierLabeler
    from stepscale.labeling.contract import Labeler as Labeler
    from stepscale.labeling.contract import label_table as label_table
    from stepscale.labeling.rollouts import RolloutLabeler as RolloutLabeler
    from stepscale.labeling.symbolic import SymbolicLabeler as SymbolicLabeler

__all__ = ["FileLabeler", "Labeler", "RolloutLabeler", "SymbolicLabeler", "VerifierLabeler", "label_table"]

__getattr__ = lazy_names(
    __name__,
    {
        "FileLabeler": "by_file",
        "Labeler": "contract",
        "RolloutLabeler": "rollouts",
        "SymbolicLabeler": "symbolic",
        "VerifierLabeler": "by_verifier",
        "label_table": "contract",
    },
)
