"""Where a model runs comes from the configuration, and bfloat16 scores what float32 scores."""

from pathlib import Path

import numpy as np
import pytest

from stepscale.cost import Ledger
from stepscale.engine.placement import GeneratorPlacement, Placement
from stepscale.errors import InputError
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.examples import Example
from stepscale.verifiers.options import VerifierTraining
from stepscale.verifiers.scoring import ModelVerifier
from stepscale.verifiers.training import train_verifier


@pytest.fixture(scope="module")
def verifier(model_of, tmp_path_factory: pytest.TempPathFactory) -> Path:
    trajectory = Trajectory("What is 3+4?", ("so 3+4=7", "the answer is 7"))
    config = VerifierTraining(kind="prm", validation_share=0.0)
    folder = tmp_path_factory.mktemp("prm")
    base = model_of(["What is 3+4?\nso 3+4=7\nthe answer is 7\n"])
    train_verifier(base, [Example("p", trajectory, (2, 0))] * 8, config, folder)
    return folder


def test_a_verifier_runs_in_bfloat16_near_its_float32_scores(verifier: Path) -> None:
    trajectories = [Trajectory("What is 3+4?", (f"so 3+4={n}", f"the answer is {n}")) for n in range(9)]
    scores = [
        ModelVerifier(verifier, **Placement(device="cpu", dtype=dtype).model_dump()).score(trajectories, Ledger())
        for dtype in ("float32", "bfloat16")
    ]
    for exact, rounded in zip(*scores, strict=True):
        assert rounded.negative.dtype == np.float32
        assert np.abs(exact.negative - rounded.negative).max() < 0.02


def test_a_generator_writes_in_bfloat16(model_of, tmp_path: Path) -> None:
    base = model_of(["What is 3+4?\nso 3+4=7\n"])
    placement = GeneratorPlacement(device="cpu", dtype="bfloat16", memory_budget_gb=0.01)
    generator = LocalGenerator.load(base, **placement.model_dump())
    requests = [Request(generator.encode_prompt("What is 3+4?"), seed) for seed in range(8)]
    continuations = generator.generate(requests, Sampling(max_new_tokens=12), "solution", Ledger())
    assert len({continuation.tokens for continuation in continuations}) > 1
    assert continuations == generator.generate(requests, Sampling(max_new_tokens=12), "solution", Ledger())


def test_a_device_that_is_none_is_refused() -> None:
    assert GeneratorPlacement(device="cuda:1", dtype="bfloat16").memory_budget_gb == 2.0
    with pytest.raises(InputError, match="device"):
        Placement(device="gpu")
