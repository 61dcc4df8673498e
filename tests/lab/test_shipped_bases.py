"""``make bases`` makes what ships: its stages run at HEAD, tiny, each after the one before, and the last is the shipped base."""

import json
import re
import shlex
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer, HfArgumentParser

from stepscale.lab import pretrain as pretraining
from stepscale.lab.pretrain import pretrain, write_corpus
from stepscale.lab.pretrain_options import PretrainOptions

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "data/01_raw/lab_base"
OF_THE_MACHINE = ("workers", "threads")


@pytest.fixture(scope="module")
def stages() -> list[PretrainOptions]:
    """What the commands of the target ask for, read as the program itself reads them."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [shared] = re.findall(r"^BASE := (.*)$", makefile, re.M)
    [recipe] = re.findall(r"^bases:.*\n((?:\t.*\n)+)", makefile, re.M)
    commands = [line.strip().replace("$(BASE)", shared) for line in recipe.splitlines()]
    program = "$(BIN)/python -m stepscale.lab.pretrain "
    assert all(command.startswith(program) for command in commands)
    parser = HfArgumentParser(PretrainOptions)
    return [parser.parse_args_into_dataclasses(shlex.split(command.removeprefix(program)))[0] for command in commands]


def tiny(stage: PretrainOptions, folder: Path) -> PretrainOptions:
    """The stage with its own shape, schedule, seed and kinds of pages, for a moment and in another place."""
    return replace(
        stage,
        out=str(folder / Path(stage.out).name),
        init=str(folder / Path(stage.init).name) if stage.init else "",
        documents=400,
        steps=1,
        short_steps=min(stage.short_steps, 1),
        tokens_per_batch=512,
        workers=1,
        threads=1,
        compile=False,  # takes minutes
    )


@pytest.mark.usefixtures("older_objects_kept")
def test_every_stage_of_the_bases_runs_after_the_one_before_and_makes_a_model_of_the_shipped_kind(
    stages: list[PretrainOptions], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = cache(lambda *of: write_corpus(400, 0, 1, *of))  # once for the stages that read alike
    monkeypatch.setattr(pretraining, "write_corpus", lambda _documents, _seed, _workers, *of: written(*of))
    assert [stage.init for stage in stages] == ["", *(stage.out for stage in stages[:-1])]
    for stage in stages:
        pretrain(tiny(stage, tmp_path))
        options = json.loads((tmp_path / Path(stage.out).name / "pretraining.json").read_text())["options"]
        assert options["schedule"] == stage.schedule and options["seed"] == stage.seed
    last = tmp_path / Path(stages[-1].out).name
    config, shipped = (json.loads((folder / "config.json").read_text()) for folder in (last, SHIPPED))
    assert config | {"transformers_version": ""} == shipped | {"transformers_version": ""}
    assert AutoTokenizer.from_pretrained(last).get_vocab() == AutoTokenizer.from_pretrained(SHIPPED).get_vocab()
    shapes = [
        {
            name: tuple(weights.shape)
            for name, weights in AutoModelForCausalLM.from_pretrained(folder).named_parameters()
        }
        for folder in (last, SHIPPED)
    ]
    assert shapes[0] == shapes[1]


def test_the_shipped_base_was_made_by_the_last_stage_as_it_stands(stages: list[PretrainOptions]) -> None:
    recorded = json.loads((SHIPPED / "pretraining.json").read_text())["options"]
    stated = asdict(stages[-1]) | {"out": Path(stages[-1].out).name, "init": Path(stages[-1].init).name}
    assert {name: recorded[name] for name in recorded if name not in OF_THE_MACHINE} == {
        name: stated[name] for name in stated if name not in OF_THE_MACHINE
    }
