"""A generator of any kind goes through the pipelines' nodes: asked by examples, as it is or fine-tuned."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog
from made_plans import shards_of

from stepscale.errors import InputError
from stepscale.formats import write
from stepscale.formats.checking import empty
from stepscale.formats.contract import Tables
from stepscale.formats.tables import SOLUTIONS
from stepscale.lab.short_problems import write_problems
from stepscale.parameters import GeneratorBlock, ProblemSource, SearchBlock, check_parameters
from stepscale.pipelines.ingestion.nodes import choose_examples, fine_tune_generator, ingest, take_generator
from stepscale.pipelines.sampling import gather
from stepscale.pipelines.test_time_search.nodes import sample_test
from stepscale.references import reference_in
from stepscale.settings import CONFIG_LOADER_ARGS

COUNTS = {"per_problem": 3, "problems_per_shard": 8}


@pytest.fixture
def examples(tmp_path: Path) -> tuple[Path, pd.DataFrame, pd.DataFrame]:
    """A file of labeled right solutions, and its problems and solutions."""
    problems = pd.DataFrame(
        {"problem_id": [f"p{i}" for i in range(6)], "problem": [f"What is {i}+1?" for i in range(6)], "split": "train"}
    ).assign(answer=[str(i + 1) for i in range(6)])
    steps = [[f"We add 1 to {i}.", f"So {i + 1}.", f"# Answer\n\n{i + 1}"] for i in range(6)]
    solutions = pd.DataFrame(
        {"problem_id": problems["problem_id"], "sample_id": 0, "steps": steps, "finish": "solution"}
    )
    rows = [
        {
            "problem_id": row.problem_id,
            "sample_id": 0,
            "step": i,
            "completion": 0,
            "text": text,
            "rating": 1,
            "is_chosen": True,
        }
        for row in solutions.itertuples()
        for i, text in enumerate(row.steps)
    ]
    path = tmp_path / "right.jsonl"
    solutions = solutions.assign(is_correct=True, answer=problems["answer"])
    write(Tables(problems=problems, solutions=solutions, step_labels=pd.DataFrame(rows)), path, "prm800k")
    return path, problems, solutions


def block(model: Path, path: Path, **changes: object) -> GeneratorBlock:
    block = {
        "base": str(model),
        "prompt": {"style": "few_shot", "path": str(path)},
        "examples": "given",
        "samples_per_problem": 1,
        "sampling": {"max_new_tokens": 12},
        "fine_tuning": None,
        **changes,
    }
    return GeneratorBlock.model_validate(block)


def test_a_base_is_asked_by_examples_without_any_fine_tuning(
    tmp_path: Path, model_of: Callable[..., Path], examples: tuple[Path, pd.DataFrame, pd.DataFrame]
) -> None:
    path, problems, solutions = examples
    config = block(model_of(solutions["steps"].map("\n".join)), path)
    lab = {"train": 1, "valid": 1, "test": 1, "heldout": 1}
    source = ProblemSource.model_validate({"source": "lab", "lab": lab})
    none = choose_examples(problems, source, config, 0)
    assert none.empty
    folder = fine_tune_generator(problems, none, config, 0)
    taken = take_generator(config)
    assert reference_in(taken) == reference_in(folder), "no examples need to be chosen to take it as it is"
    with pytest.raises(InputError, match=r"generator\.fine_tuning: ready_generator takes the base as it is"):
        take_generator(
            config.model_copy(update={"fine_tuning": block(tmp_path, path, fine_tuning={"epochs": 1}).fine_tuning})
        )
    assert config.template(0) == config.base_template(0)
    assert config.template(0).count("Problem: ") == 5
    search = SearchBlock.model_validate({"samples": COUNTS, "heldout_samples": COUNTS})
    test = problems.assign(split="test")
    table = gather(shards_of(sample_test(folder, test, config, search, 0)))
    assert len(table) == 6 * 3
    assert table["step_ends"].map(len).equals(table["steps"].map(len))


def test_a_file_of_problems_gives_the_solutions_beside_them_as_examples(tmp_path: Path) -> None:
    write_problems(tmp_path)
    file = {"path": str(tmp_path / "train.jsonl"), "format": "math", "limit": 9}
    source = ProblemSource.model_validate({"source": "files", "train": file, "test": file | {"limit": 3}})
    problems = ingest(source, 0)
    config = block(tmp_path, tmp_path, fine_tuning={"epochs": 1})
    chosen = choose_examples(problems, source, config, 0)
    train = problems[problems["split"] == "train"]
    assert list(chosen["problem_id"]) == list(train["problem_id"]) and chosen["is_correct"].all()
    assert list(chosen["steps"].map("\n".join)) == list(train["solution"])
    with pytest.raises(InputError, match=r"examples: given.*path holds none"):
        choose_examples(problems.assign(solution=None), source, config, 0)


def test_without_fine_tuning_no_table_of_examples_is_written(project: Path) -> None:
    loader = OmegaConfigLoader(str(project / "conf"), env="smoke", **CONFIG_LOADER_ARGS)
    catalog = DataCatalog.from_config(
        {name: loader["catalog"][name] for name in ("format_examples", "larger_examples")}
    )
    for name in ("format_examples", "larger_examples"):
        catalog.save(name, empty(SOLUTIONS))
        assert not catalog.exists(name) and catalog.load(name).empty


def test_without_examples_nothing_is_fine_tuned(examples: tuple[Path, pd.DataFrame, pd.DataFrame]) -> None:
    path, problems, _ = examples
    with pytest.raises(InputError, match="no examples to fine-tune on"):
        fine_tune_generator(problems, empty(SOLUTIONS), block(path, path, fine_tuning={"epochs": 1}), 0)


def test_once_fine_tuned_it_needs_no_examples(
    model_of: Callable[..., Path], examples: tuple[Path, pd.DataFrame, pd.DataFrame]
) -> None:
    path, _, solutions = examples
    config = block(model_of(solutions["steps"].map("\n".join)), path, fine_tuning={"epochs": 1})
    assert config.template(0) == "{problem}\n" == config.training(0).layout.prompt
    assert config.base_template(0).count("Problem: ") == 5


def test_an_environment_may_put_another_kind_of_prompt_in_the_place_of_bases(project: Path) -> None:
    (project / "conf" / "mine").mkdir()
    text = "generator: {prompt: {style: chat}, fine_tuning: null, placement: {device: cuda, dtype: bfloat16}}\n"
    (project / "conf" / "mine" / "parameters.yml").write_text(text)
    loader = OmegaConfigLoader(str(project / "conf"), env="mine", **CONFIG_LOADER_ARGS)
    generator = check_parameters(loader["parameters"]).generator
    assert generator.fine_tuning is None
    assert not isinstance(generator.prompt, str)
    assert generator.prompt.style == "chat"
    assert generator.placement.dtype == "bfloat16"
