"""An ORM that can learn nothing says so, with the remedy for what is lacking."""

import logging
import re
from pathlib import Path

import pandas as pd
import pytest

from stepscale.parameters import VerifierBlock
from stepscale.pipelines.reward_modeling import nodes


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ([False, False], "is wrong, .* draw more samples per problem .* easier problems or a better prompt"),
        ([True, True], "is right, .* give wrong ones too"),
        ([True, False], None),
    ],
)
def test_solutions_of_one_kind_are_told_with_what_to_do(
    verdicts: list[bool],
    said: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(nodes, "_train", lambda *_: tmp_path)
    problems = pd.DataFrame({"problem_id": ["p", "q"], "problem": ["1+1", "1+2"], "split": ["train", "valid"]})
    solutions = pd.DataFrame(
        {"problem_id": ["p", "p", "q"], "steps": [["2"], ["3"], ["4"]], "is_correct": [*verdicts, False]}
    )
    block = VerifierBlock.model_validate({"base": "b", "prompt": "{problem}", "prm": {}, "orm": {}})
    with caplog.at_level(logging.WARNING):
        nodes.train_orm(problems, solutions, block, 0)
    assert len(caplog.messages) == (said is not None)
    assert said is None or re.search(said, caplog.text)
