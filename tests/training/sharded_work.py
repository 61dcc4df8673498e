"""What each process of a launched fit does: ``torchrun sharded_work.py BASE DATA OUTPUT PARALLEL``.

accelerate keeps FSDP to machines with accelerators. torch's own FSDP computes on CPUs as well, through gloo, so that rule is
lifted here. The whole way of a fit is then the one that a machine with GPUs takes.
"""

import os
import sys
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


if __name__ == "__main__":
    base, data, output, parallel = sys.argv[1:]
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    AcceleratorState.__init__ = _sharding_on_cpus
    batches = {"batch_size": 4, "gradient_accumulation": 2 // processes, "log_every": 1, "evaluations_per_epoch": 0}
    optimization = Optimization(
        epochs=1, learning_rate=1e-2, precision="float32", gradient_checkpointing=True, parallel=parallel, **batches
    )
    training = VerifierTraining(
        kind="prm",
        layout=TextFormat(prompt="{problem}\n"),
        optimization=optimization,
        validation_share=0.0,
    )
    stepscale.train_reward_model(base, data, output, training)
    if parallel == "fsdp" and processes > 1:
        assert AcceleratorState._shared_state["distributed_type"] == DistributedType.FSDP
