"""What each process of a launched fit does: ``torchrun sharded_work.py BASE DATA OUTPUT``; OUTPUT gets folders ddp and fsdp.

accelerate keeps FSDP to machines with accelerators. torch's own FSDP computes on CPUs as well, through gloo, so that rule is
lifted here. The whole way of a fit is then the one that a machine with GPUs takes.
"""

import os
import sys
from pathlib import Path
from typing import Any

from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType

import stepscale
from stepscale.engine.encoding import TextFormat
from stepscale.training.optimization import Optimization
from stepscale.verifiers.options import VerifierTraining

_as_it_was = AcceleratorState.__init__


def _sharding_on_cpus(self: Any, *args: Any, fsdp_plugin: Any = None, **named: Any) -> None:
    _as_it_was(self, *args, fsdp_plugin=fsdp_plugin, **named)
    self.fsdp_plugin = fsdp_plugin or getattr(self, "fsdp_plugin", None)
    if self.fsdp_plugin is not None:
        self.distributed_type = DistributedType.FSDP


def training(parallel: str, processes: int) -> VerifierTraining:
    """The same batches, taken by so many processes."""
    batches = {"batch_size": 4, "gradient_accumulation": 2 // processes, "log_every": 1, "evaluations_per_epoch": 0}
    optimization = Optimization(
        epochs=1, learning_rate=1e-2, precision="float32", gradient_checkpointing=True, parallel=parallel, **batches
    )
    return VerifierTraining(
        kind="prm", layout=TextFormat(prompt="{problem}\n"), optimization=optimization, validation_share=0.0
    )


if __name__ == "__main__":
    base, data, output = sys.argv[1:]
    AcceleratorState.__init__ = _sharding_on_cpus
    for parallel, kind in (("ddp", DistributedType.MULTI_CPU), ("fsdp", DistributedType.FSDP)):
        processes = int(os.environ["WORLD_SIZE"])
        stepscale.train_reward_model(base, data, Path(output) / parallel, training(parallel, processes))
        assert AcceleratorState._shared_state["distributed_type"] == kind
