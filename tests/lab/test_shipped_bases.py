"""``make bases slips-base larger-base`` makes what ships: all stages run at HEAD, tiny, and the last ones are what is shipped."""

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
SHIPPED = ROOT / "data/01_raw"
OF_THE_MACHINE = ("workers", "threads")


def commands_of(target: str) -> list[PretrainOptions]:
    """What the commands of a target ask for, read as the program itself reads them."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [shared] = re.findall(r"^BASE := (.*)$", makefile, re.M)
    [recipe] = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.M)
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
def test_every_stage_of_the_bases_runs_and_the_last_ones_make_models_of_the_shipped_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = cache(lambda *of: write_corpus(400, 0, 1, *of))  # once for the stages that read alike
    monkeypatch.setattr(pretraining, "write_corpus", lambda _documents, _seed, _workers, *of: written(*of))
    stages, slips, larger = (commands_of(target) for target in ("bases", "slips-base", "larger-base"))
    assert [stage.init for stage in stages] == ["", *(stage.out for stage in stages[:-1])]
    assert [stage.init for stage in slips] == [stages[0].out, *(stage.out for stage in slips[:-1])]
    assert [Path(stage.init) for stage in larger] == [SHIPPED.relative_to(ROOT) / Path(stages[-1].out).name]
    for stage in (*stages, *slips, *larger):
        pretrain(tiny(stage, tmp_path))
        options = json.loads((tmp_path / Path(stage.out).name / "pretraining.json").read_text())["options"]
        assert options["schedule"] == stage.schedule and options["seed"] == stage.seed
    for last in (stages[-1], slips[-1], larger[-1]):
        name = Path(last.out).name
        assert_alike(tmp_path / name, SHIPPED / name)


def assert_alike(made: Path, shipped: Path) -> None:
    """The models have the same kind, vocabulary and shapes."""
    configs = [json.loads((folder / "config.json").read_text()) for folder in (made, shipped)]
    assert configs[0] | {"transformers_version": ""} == configs[1] | {"transformers_version": ""}
    assert AutoTokenizer.from_pretrained(made).get_vocab() == AutoTokenizer.from_pretrained(shipped).get_vocab()
    models = [AutoModelForCausalLM.from_pretrained(folder) for folder in (made, shipped)]
    shapes = [{name: tuple(weights.shape) for name, weights in model.named_parameters()} for model in models]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("target", ["bases", "slips-base", "larger-base"])
def test_a_shipped_base_was_made_by_its_last_stage_as_it_stands(target: str) -> None:
    last = commands_of(target)[-1]
    record = json.loads((SHIPPED / Path(last.out).name / "pretraining.json").read_text())["options"]
    recorded = asdict(PretrainOptions(out="")) | record  # an option that is younger than a base had its default
    stated = asdict(last) | {"out": Path(last.out).name, "init": Path(last.init).name}
    assert {name: recorded[name] for name in recorded if name not in OF_THE_MACHINE} == {
        name: stated[name] for name in stated if name not in OF_THE_MACHINE
    }


def test_the_larger_base_has_14_times_the_parameters_and_takes_at_most_32_mb() -> None:
    sizes = [
        AutoModelForCausalLM.from_pretrained(SHIPPED / name).num_parameters() for name in ("lab_base", "lab_larger")
    ]
    assert 13.5 <= sizes[1] / sizes[0] <= 14.5
    assert (SHIPPED / "lab_larger" / "model.safetensors").stat().st_size <= 32e6
