"""Generator and PRM behind servers by configuration alone: the environment `served` against a fake and a real vLLM."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from fake_vllm import FakeVLLM
from pydantic import ValidationError
from real_vllm import needs_vllm, serve_vllm

from stepscale.engine.encoding import TextFormat
from stepscale.engine.loading import load_tokenizer
from stepscale.errors import InputError
from stepscale.formats import Tables, write
from stepscale.parameters import GeneratorBlock, LargerBlock, VerifierBlock
from stepscale.pipelines.reward_modeling.nodes import take_prm
from stepscale.verifiers.saved import SavedVerifier

Run = Callable[..., Any]
LINES = ("We add.\n", "So it is 3.\n", "\\boxed{3}", "\\boxed{4}", "\\boxed{5}", "")


def problems(split: str, n: int) -> pd.DataFrame:
    texts = [f"What is {i} plus {3 - i % 3}, {split}?" for i in range(n)]
    ids = [f"{split}-{i}" for i in range(n)]
    return pd.DataFrame(
        {"problem_id": ids, "problem": texts, "answer": [str(3 + i % 3) for i in range(n)], "split": split}
    )


@pytest.fixture
def tokenizer(model_of: Callable[..., Path], tmp_path: Path) -> Path:
    """Of both models: whole lines are tokens, so that random ones make solutions."""
    folder = model_of(["We add 1 and 2."])
    written = load_tokenizer(folder)
    written.add_tokens([line for line in LINES if line])
    written.save_pretrained(tmp_path / "tokenizer")
    (tmp_path / "tokenizer" / "config.json").write_text((folder / "config.json").read_text())
    SavedVerifier(kind="prm", labels=("negative", "neutral", "positive"), layout=TextFormat()).write(
        tmp_path / "tokenizer"
    )
    return tmp_path / "tokenizer"


@pytest.fixture(params=[True, False], ids=["token ids", "text"])
def server(tokenizer: Path, request: pytest.FixtureRequest) -> Iterator[FakeVLLM]:
    def judge(ids: list[int]) -> list[list[float]]:
        return [[(share := token % 10 / 10), 0.0, 1 - share] for token in ids]

    fake = FakeVLLM(load_tokenizer(tokenizer), LINES, ids=True, pool=judge)
    fake.gives_ids = request.param  # type: ignore[attr-defined]
    if not request.param:
        fake._complete, complete = lambda ids, body: complete(ids, body | {"return_token_ids": False}), fake._complete
    yield fake
    fake.close()


def configure(project: Path, tokenizer: Path, generator: dict[str, Any], prm: dict[str, Any]) -> None:
    """A small run of ``served`` with these two servers."""
    for split, n in (("train", 12), ("test", 12)):
        write(Tables(problems=problems(split, n)), project / f"{split}.jsonl", "math")
    file = project / "conf" / "served" / "parameters.yml"
    block = yaml.safe_load(file.read_text())
    block["problems"] |= {split: {"path": f"{split}.jsonl", "format": "math"} for split in ("train", "test")}
    block["generator"] |= {
        "base": str(tokenizer),
        "server": {**generator, "parameters": 10},
        "prompt": "{problem}\n",
    }
    block["generator"]["sampling"] = {"temperature": 1.0, "max_new_tokens": 20}
    block["pool"]["train"]["per_problem"] = 2
    block["verifiers"]["server"] = {**prm, "tokenizer": str(tokenizer), "parameters": 20}
    block["search"]["samples"]["per_problem"] = 4
    block["report"] |= {"budgets": [1, 2, 4], "bootstrap": 100}
    block["tree_search"] |= {"problems": 12, "budgets": [4], "strategies": [{"method": "beam", "width": 2}]}
    file.write_text(yaml.safe_dump(block))


@pytest.fixture
def small(project: Path, server: FakeVLLM, tokenizer: Path) -> Path:
    access = {"base_url": server.base_url, "model": "fake"}
    configure(project, tokenizer, access, access)
    return project


@pytest.mark.e2e
def test_generator_and_prm_behind_servers_go_through_the_pipelines(run_in: Run, small: Path, server: FakeVLLM) -> None:
    # the report does not depend on how the server was asked
    pipelines = "ingestion,sampled_pool,ready_prm,best_of_n_by_prm,tree_search"
    words = () if server.gives_ids else ("--pipelines", pipelines)
    done = run_in(small, "--env", "served", *words)
    assert done.exit_code == 0, done.output
    data = small / "data" / "served"
    assert (
        json.loads((data / "06_models" / "generator" / "stepscale_reference.json").read_text())["kind"]
        == "generator server"
    )
    assert not list(data.rglob("*.safetensors")), "no weights are copied"
    samples = pd.read_parquet(data / "07_model_output" / "test_solutions.parquet")
    assert len(samples) == 48 and samples["is_correct"].any() and not samples["is_correct"].all()
    scores = pd.read_parquet(data / "07_model_output" / "prm_scores.parquet")
    assert (
        set(scores["verifier"]) == {"prm"}
        and [len(n) for n in scores["negative"]] == samples["steps"].map(len).tolist()
    )
    assert not (data / "06_models" / "orm").exists() and not (data / "07_model_output" / "orm_scores.parquet").exists()
    results = pd.read_parquet(data / "07_model_output" / "search_results.parquet")
    assert results["answer"].notna().any()
    pooled = [body for path, body in server.bodies if path == "/pooling"]
    written = [body for path, body in server.bodies if path == "/v1/completions"]
    assert pooled and all(isinstance(body["input"], list) for body in pooled)
    assert all(body["max_tokens"] <= 20 for body in written), "the limit is the server's tokens"
    sampling_calls = [body for body in written if "temperature" in body]  # without the questions whether ids are taken
    as_ids = [isinstance(body["prompt"], list) for body in sampling_calls]
    assert set(as_ids) == {server.gives_ids}
    assert (data / "08_reporting" / "report.html").is_file() == server.gives_ids

    n_asked = len(server.bodies)
    again = run_in(small, "--env", "served", "--to-nodes", "search.gather_searches")
    assert again.exit_code == 0, again.output
    assert len([b for _, b in server.bodies[n_asked:] if "prompt" in b]) <= 1, "finished shards are not asked for again"


@needs_vllm
@pytest.mark.e2e
def test_two_real_servers_go_through_the_pipelines(run_in: Run, project: Path, tokenizer: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForTokenClassification, LlamaConfig

    words, widths = load_tokenizer(tokenizer), {"hidden_size": 128, "intermediate_size": 128, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(words), num_hidden_layers=2, max_position_embeddings=256, **widths)
    config.pad_token_id, config.bos_token_id, config.eos_token_id = words.pad_token_id, None, words.eos_token_id
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    likely = [words(line)["input_ids"][0] if line else words.eos_token_id for line in LINES]
    with torch.no_grad():  # whole lines are likely, anything else is not
        model.lm_head.weight.zero_()
        model.lm_head.weight[likely] = 2 * torch.randn(len(likely), 128)
    config.num_labels = 3
    for name, saved in (("generator", model), ("prm", AutoModelForTokenClassification.from_config(config))):
        saved.save_pretrained(tmp_path / name)
        words.save_pretrained(tmp_path / name)
    with (
        serve_vllm(tmp_path / "generator") as generator,
        serve_vllm(tmp_path / "prm", "--runner", "pooling", "--convert", "classify") as prm,
    ):
        options = {"model": "tiny", "concurrency": 8}
        configure(
            project,
            tokenizer,
            {"base_url": f"{generator}/v1", "seeds": False, **options},
            {"base_url": f"{prm}/v1", **options},
        )
        done = run_in(project, "--env", "served")
    assert done.exit_code == 0, done.output
    outputs = project / "data" / "served" / "07_model_output"
    samples, scores = (pd.read_parquet(outputs / f"{name}.parquet") for name in ("test_solutions", "prm_scores"))
    assert len(samples) == 48 and samples["answer"].notna().any() and (samples["finish"] == "solution").any()
    assert [len(n) for n in scores["negative"]] == samples["steps"].map(len).tolist()
    assert pd.read_parquet(outputs / "search_results.parquet")["answer"].notna().any()
    assert (project / "data" / "served" / "08_reporting" / "report.html").is_file()


GENERATOR = {
    "prompt": "{problem}\n",
    "examples": "own",
    "samples_per_problem": 1,
    "sampling": {"max_new_tokens": 9},
    "fine_tuning": None,
}
SERVER = {"base_url": "http://a/v1", "model": "m"}


def test_a_served_generator_is_asked_as_it_is() -> None:
    assert GeneratorBlock.model_validate({**GENERATOR, "base": None, "server": SERVER}).server
    for changed, message in (
        ({"base": None}, "give a model folder"),
        ({"base": "x/y", "server": SERVER, "fine_tuning": {}}, "asked as it is"),
        ({"base": None, "server": SERVER, "prompt": {"style": "chat"}}, "needs the model's tokenizer"),
        ({"base": "x/y", "server": {"base_url": "localhost:8000", "model": "m"}}, "base_url"),
        ({"base": "x/y", "server": {**SERVER, "modle": "m"}}, "modle"),
    ):
        with pytest.raises(ValidationError, match=message):
            GeneratorBlock.model_validate(GENERATOR | changed)


def test_the_larger_model_may_be_served_and_the_smaller_one_s_server_is_not_its_own() -> None:
    served = GeneratorBlock.model_validate({**GENERATOR, "base": None, "server": SERVER})
    assert served.is_taken_as_it_is and LargerBlock(base="x/large").like(served).server is None
    larger = LargerBlock.model_validate({"base": None, "server": {**SERVER, "model": "large"}})
    tuned = GeneratorBlock.model_validate({**GENERATOR, "base": "x/y", "fine_tuning": {}})
    assert larger.like(tuned).server.model == "large"  # type: ignore[union-attr]
    assert larger.like(tuned).is_taken_as_it_is and not tuned.is_taken_as_it_is


def test_a_prm_that_is_ready_is_named_once() -> None:
    block = {"base": "b", "prompt": "{problem}", "prm": {}, "orm": {}}
    public = {"adapter": "trl", "source": "s"}
    with pytest.raises(ValidationError, match="set one of them to null"):
        VerifierBlock.model_validate({**block, "server": SERVER, "public": public})
    with pytest.raises(InputError, match=r"give verifiers\.server or verifiers\.public"):
        take_prm(VerifierBlock.model_validate(block))
    folder = take_prm(VerifierBlock.model_validate({**block, "public": public}))
    assert "public verifier" in (folder / "stepscale_reference.json").read_text()


def test_a_served_generator_is_no_base_of_revisions_and_what_is_ready_is_not_looked_for_on_disk() -> None:
    from kedro.config import OmegaConfigLoader
    from kedro.io import DataCatalog, MemoryDataset

    from stepscale.hooks.bases import check_bases
    from stepscale.parameters import check_parameters, settings_of
    from stepscale.pipeline_registry import PIPELINES
    from stepscale.settings import CONFIG_LOADER_ARGS

    conf = str(Path(__file__).resolve().parents[2] / "conf")
    all_parameters = OmegaConfigLoader(conf, env="served", **CONFIG_LOADER_ARGS)["parameters"]
    parameters = check_parameters(
        {**all_parameters, "verifiers": {**all_parameters["verifiers"], "base": "nowhere/at/all"}}
    )
    with pytest.raises(InputError, match=r"generator\.server: revisions fine-tune the generator"):
        settings_of(parameters, "revision_settings")
    assert settings_of(parameters, "search_settings")
    for block in ("generator", "verifiers"):
        unknown = {
            **all_parameters,
            block: {**all_parameters[block], "server": {**all_parameters[block]["server"], "parameters": 0}},
        }
        with pytest.raises(InputError, match=rf"{block}\.server\.parameters: searches are compared by FLOPs"):
            settings_of(check_parameters(unknown), "search_settings")
    blocks = {f"params:{name}": MemoryDataset(getattr(parameters, name)) for name in ("generator", "verifiers")}
    check_bases(PIPELINES["ingestion"]() + PIPELINES["ready_prm"](), DataCatalog(blocks))
    with pytest.raises(InputError, match="nowhere"):
        check_bases(PIPELINES["reward_modeling"](), DataCatalog(blocks))
