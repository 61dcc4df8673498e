"""The package as a library: models opened by one call, a problem solved by another, on real model folders."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

import stepscale
from stepscale.errors import InputError
from stepscale.opening import checked_folder
from stepscale.search import Beam, SearchMethod

REPOSITORY = Path(__file__).resolve().parents[1]
BASE = REPOSITORY / "data/01_raw/lab_base"
PROBLEM = "Some friends have pens. Ida has 3. As many as Ida and 4 more go to Ann. How many pens does Ann have?"
METHODS = ["best_of_n", "weighted", "majority", "beam", "lookahead", "dvts"]


@pytest.fixture(scope="module")
def generator():
    return stepscale.load_generator(BASE, device="cpu")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Random verifiers on the lab's base: a PRM of ours, and a token classifier as TRL trains it."""
    import torch

    from stepscale.engine.encoding import TextFormat
    from stepscale.engine.loading import load_token_classifier, load_tokenizer, save
    from stepscale.verifiers.saved import SavedVerifier

    root = tmp_path_factory.mktemp("verifiers")
    for name, labels in (("ours", 3), ("trl", 2)):
        torch.manual_seed(labels)
        model = load_token_classifier(BASE, num_labels=labels)
        with torch.no_grad():
            model.score.weight.normal_(0, 0.3)
        save(model, load_tokenizer(BASE), root / name)
    layout = TextFormat(prompt="<s>{problem}\n")
    SavedVerifier(kind="prm", labels=("negative", "neutral", "positive"), layout=layout).write(root / "ours")
    return {name: root / name for name in ("ours", "trl")}


@pytest.fixture(scope="module")
def verifiers(folders):
    return {name: stepscale.load_verifier(folder, device="cpu") for name, folder in folders.items()}


@pytest.mark.parametrize("kind", ["ours", "trl"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_solves_a_problem_with_any_verifier(generator, verifiers, method, kind) -> None:
    options = {"k": 1} if method == "lookahead" else {}
    got = stepscale.solve(
        PROBLEM, generator, verifiers[kind], method=method, budget=8, temperature=0.6, max_new_tokens=120, **options
    )
    assert got.answer is not None and got.steps and got.strategy.startswith(method)
    assert got.budget == 8 and len(got.candidates) == (4 if method == "lookahead" else 8)
    assert len(got.scores) == (0 if method == "majority" else len(got.steps))
    assert (got.score is None) == (method == "majority") and 0 < got.confidence <= 1
    assert got.tokens == sum(cost.tokens for cost in got.cost.models.values()) > 0 < got.cost.flops()
    rule = "product" if kind == "ours" else "last"
    assert f"aggregation={rule}" in got.strategy
    again = stepscale.solve(
        PROBLEM, generator, verifiers[kind], method=method, budget=8, temperature=0.6, max_new_tokens=120, **options
    )
    assert (again.answer, again.steps) == (got.answer, got.steps), "the same seed, the same answer"
    with pytest.raises(dataclasses.FrozenInstanceError):
        got.answer = "7"


def test_what_an_answer_costs_does_not_depend_on_earlier_answers(generator, verifiers) -> None:
    def tokens(method: str) -> list[tuple[int, int, int]]:
        answer = stepscale.solve(PROBLEM, generator, verifiers["ours"], method=method, budget=4, max_new_tokens=120)
        return [(cost.prefill, cost.decode, cost.verify) for cost in answer.cost.models.values()]

    first = tokens("best_of_n")
    assert first[0][0] > 0 and first[1][2] > 0, "the prompt is read, and the verifier reads"
    tokens("beam")
    assert tokens("best_of_n") == first


def test_solving_needs_no_more_than_a_problem_a_generator_and_a_verifier(generator, verifiers) -> None:
    got = stepscale.solve(PROBLEM, generator, verifiers["ours"])
    assert isinstance(got, stepscale.Answer) and got.strategy.startswith("beam n=16 ") and got.budget == 16
    assert stepscale.solve(PROBLEM, generator, method="majority", budget=4).budget == 4


def test_a_method_with_its_options_is_taken_as_it_is(generator, verifiers) -> None:
    def solve(method: SearchMethod, **more) -> stepscale.Answer:
        return stepscale.solve(PROBLEM, generator, verifiers["ours"], method=method, **more)

    assert solve(Beam(n=4, width=2)).strategy == Beam(n=4, width=2).strategy
    assert solve(Beam(n=4, width=2), budget=6).strategy == Beam(n=6, width=2).strategy
    with pytest.raises(InputError, match="width is an option of the method"):
        solve(Beam(n=4), width=2)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"method": "mcts"}, "best_of_n, weighted, majority, "),
        ({"method": "beam", "depth": 3}, "beam.depth"),
        ({"method": "beam", "aggregation": "median"}, "aggregation"),
        ({"method": "lookahead", "k": 0}, "lookahead.k"),
        ({"method": "beam", "n": 4}, "give budget instead"),
        ({"budget": 0}, "budget must be a whole number of generations, 1 or more, not 0"),
        ({"budget": 10**30}, "at most 1,048,576 generations per problem"),
        ({"budget": 2.5}, "1 or more, not 2.5"),
        ({"method": "lookahead", "k": 3, "budget": 3}, "needs a budget above 3"),
        ({"problem": "  "}, "problem is empty"),
        ({"problem": "1\0+1"}, "problem holds a NUL character"),
        ({"problem": None}, "problem is missing"),
        ({"problem": "1+" * 1000}, "leaves no room in its context"),
        ({"verifier": None}, "needs a verifier"),
    ],
)
def test_what_cannot_be_solved_is_one_line(generator, verifiers, arguments, reason) -> None:
    arguments = {"problem": PROBLEM, "verifier": verifiers["ours"], **arguments}
    with pytest.raises(InputError) as refused:
        stepscale.solve(arguments.pop("problem"), generator, arguments.pop("verifier"), **arguments)
    assert reason in str(refused.value) and "\n" not in str(refused.value)


def test_the_prompt_is_the_models_own_unless_given(generator, tmp_path) -> None:
    from stepscale.engine.loading import load_causal_lm, load_tokenizer, save

    assert generator.prompt_template == "<s>{problem}\n" and generator.name == "lab_base"
    tokenizer = load_tokenizer(BASE)
    tokenizer.chat_template = "{% for m in messages %}<s>{{ m['content'] }}</s>{% endfor %}"
    save(load_causal_lm(BASE), tokenizer, tmp_path)
    template = stepscale.load_generator(str(tmp_path)).prompt_template
    assert template.startswith("<s>{problem}\n\nReason step by step") and template.endswith("</s>")
    arguments = stepscale.load_generator(tmp_path, prompt="Q: {problem}\n", name="mine")
    assert (arguments.prompt_template, arguments.name) == ("Q: {problem}\n", "mine")


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (lambda folder: stepscale.load_generator(folder / "none"), "there is no such folder"),
        (lambda folder: stepscale.load_generator(BASE, prompt="no place"), "{problem} exactly once"),
        (lambda folder: stepscale.load_generator(BASE, model="m"), "not a server's address"),
        (lambda folder: stepscale.load_generator("http://127.0.0.1:9/v1"), "does not tell its models"),
        (lambda folder: stepscale.load_verifier(BASE), "name its adapter, one of math_shepherd, qwen_math_prm"),
        (lambda folder: stepscale.load_verifier(BASE, adapter="none"), "adapter 'none'"),
        (lambda folder: stepscale.load_verifier(BASE, adapter="qwen_math_prm"), "is this the adapter"),
        (lambda folder: stepscale.load_verifier(folder / "none"), "there is no such folder"),
        (lambda folder: stepscale.load_generator(BASE / "config.json"), "it is a file; give the folder"),
        (lambda folder: stepscale.load_verifier(str(BASE / "config.json")), "it is a file; give the folder"),
        (lambda folder: stepscale.load_generator("~/no such model"), "there is no such folder"),
    ],
)
def test_models_that_cannot_be_opened_are_one_line(tmp_path, load, reason) -> None:
    with pytest.raises(InputError) as refused:
        load(tmp_path)
    assert reason in str(refused.value) and "\n" not in str(refused.value)


def test_a_model_in_the_home_folder_is_found(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert checked_folder("~/model") == str(tmp_path / "model")
    assert checked_folder(Path("~/model")) == tmp_path / "model"
    assert checked_folder("owner/model") == "owner/model"


@pytest.mark.parametrize(
    ("source", "adapter"),
    [
        ("Qwen/Qwen2.5-Math-PRM-7B", "qwen_math_prm"),
        ("Qwen/Qwen2.5-Math-PRM-72B/", "qwen_math_prm"),
        ("Qwen/Qwen2.5-Math-7B-PRM800K", "qwen_math_prm"),
        ("peiyi9979/math-shepherd-mistral-7b-prm", "math_shepherd"),
        ("RLHFlow/Llama3.1-8B-PRM-Deepseek-Data", "rlhflow"),
        ("Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B", "skywork_o1"),
        ("somebody/model", None),
    ],
)
def test_the_adapter_of_a_published_model_is_told_from_its_name(source, adapter) -> None:
    from stepscale.verifiers.public import adapter_for

    assert adapter_for(source) == adapter


def test_the_adapter_of_a_folder_is_told_from_its_config(tmp_path) -> None:
    from stepscale.verifiers.public import adapter_for

    for kind, adapter in (("Qwen2ForProcessRewardModel", "qwen_math_prm"), ("Qwen2ForTokenClassification", "trl")):
        (tmp_path / "config.json").write_text(json.dumps({"architectures": [kind]}))
        assert adapter_for(tmp_path) == adapter


LIGHT = """
import sys

class Blocked:
    names = {"torch", "transformers", "tokenizers", "accelerate", "safetensors", "datasets", "joblib", "kedro", "kedro_datasets",
             "kedro_mlflow", "mlflow", "plotly", "matplotlib", "jinja2", "httpx", "tenacity", "fastapi", "yaml"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
import json, pkgutil, importlib, importlib.util, tempfile
from pathlib import Path

import stepscale
for room in ("estimators", "grading", "formats", "search", "verifiers", "generation", "labeling"):
    package = importlib.import_module(f"stepscale.{room}")
    if room in ("estimators", "grading", "formats"):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)

from stepscale.grading import extract_answer, grade_many, is_equivalent
assert extract_answer("so \\\\boxed{7}") == "7"
assert is_equivalent("1/2", "0.5") is not None and grade_many(["7"], ["7"]) == [True]

import numpy as np
from stepscale.estimators.closed_form import pass_at_k
from stepscale.formats import read, write

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "problems.jsonl")
    file.write_text(json.dumps({"problem": "1+1", "solution": "It is \\\\boxed{2}.", "answer": "2", "subject": "Algebra",
                                "level": 1, "unique_id": "test/algebra/1.json"}) + "\\n")
    tables = read(str(file), "math")
    write(tables, Path(folder, "tables"), "parquet")
    assert len(read(str(Path(folder, "tables")), "parquet").problems) == 1

    if importlib.util.find_spec("stepscale.evaluation"):
        samples = {"question": "1+1", "gt": "2", "code": ["It is \\\\boxed{2}.", "It is \\\\boxed{3}."], "pred": ["2", "3"],
                   "score": [True, False], "pred_score": [[3.5], [-1.0]]}
        file.write_text(json.dumps(samples) + "\\n")
        curves = stepscale.evaluate(str(file))
        assert {"method", "n", "accuracy", "low", "high"} <= set(curves)

for call in (lambda: stepscale.load_generator("some/model"), lambda: stepscale.load_verifier("Qwen/Qwen2.5-Math-PRM-7B"),
             lambda: stepscale.load_generator("http://localhost:1/v1"), lambda: stepscale.train_reward_model,
             lambda: stepscale.generation.LocalGenerator, lambda: stepscale.generation.ServerGenerator,
             lambda: read("hf://owner/name", "math")):
    try:
        call()
    except stepscale.errors.InputError as error:
        assert isinstance(error, ImportError) or str(error).startswith("hf:")
        print(error)
"""


def test_estimators_grading_and_formats_need_none_of_the_optional_parts() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(REPOSITORY / "src"), "PATH": ""},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert lines[:2] == ["torch is not installed; run: pip install 'stepscale[models]'"] * 2, done.stdout
    assert lines[2].endswith("is not installed; run: pip install 'stepscale[remote]'")
    assert lines[3:] == [
        "transformers is not installed; run: pip install 'stepscale[models]'",
        "torch is not installed; run: pip install 'stepscale[models]'",
        "httpx is not installed; run: pip install 'stepscale[remote]'",
        "hf://owner/name: datasets is not installed; run: pip install 'stepscale[models]'",
    ]
    assert (
        subprocess.run(
            [sys.executable, "-c", "import stepscale"], env={"PYTHONPATH": str(REPOSITORY / "src")}
        ).returncode
        == 0
    )


def test_names_are_exported_where_one_looks_for_them() -> None:
    from importlib import import_module

    for package in (
        "stepscale.search",
        "stepscale.generation",
        "stepscale.verifiers",
        "stepscale.labeling",
        "stepscale",
    ):
        module = import_module(package)
        for name in set(module.__all__) - {"evaluate"}:
            assert getattr(module, name) is not None
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            module.nothing  # noqa: B018


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"method": "beam\n"}, "search options: there is no method "),
        ({"seed": None}, "seed must be a whole number"),
        ({"seed": "0"}, "seed must be a whole number"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
    ],
)
def test_a_search_that_cannot_be_asked_for_is_one_clear_line(generator, verifiers, changes, reason) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        stepscale.solve(PROBLEM, generator, verifiers["ours"], **({"budget": 2} | changes))
    assert "\n" not in str(caught.value)


def test_a_class_is_no_model(generator, verifiers) -> None:
    with pytest.raises(InputError, match=r"verifier .* is not a model"):
        stepscale.solve(PROBLEM, generator, type(verifiers["ours"]))
    with pytest.raises(InputError, match=r"generator .* is not a model"):
        stepscale.solve(PROBLEM, type(generator), verifiers["ours"])


@pytest.mark.parametrize("load", [stepscale.load_generator, stepscale.load_verifier])
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("~nobody/model", "there is no such folder"),
        ("s3://bucket/model", "models are not read from there"),
        ("ftp://x", "models are not read from there"),
        ("\0", "names no model"),
        ("http://[::1", "base_url"),
        ("http://", "it names no host"),
        ("HTTP://127.0.0.1:9", "does not tell its models"),
    ],
)
def test_a_source_that_holds_no_model_is_one_clear_line(load, source: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        load(source)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("load", [stepscale.load_generator, stepscale.load_verifier])
@pytest.mark.parametrize(
    "source", ["data/06_models/none", "a b/c", "a b", "Qwen/x@", "@", "models/g\u00e9n", "Qwen/x/"]
)
def test_what_no_hub_model_can_be_called_is_an_absent_folder(load, source: str) -> None:
    with pytest.raises(InputError) as caught:
        load(source)
    line = f"{source}: there is no such folder; give one that holds a model, or a hub name (owner/name)"
    assert str(caught.value) == line


@pytest.mark.parametrize("source", ["gpt2", "owner/name", "owner/name@main", "owner/name@refs/pr/1", "a/B-c_1.5"])
def test_what_a_hub_model_may_be_called_is_no_absent_folder(source: str) -> None:
    assert checked_folder(source) == source


def test_of_a_verifier_it_is_said_first_that_nothing_is_there(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "empty").mkdir(parents=True)
    for source, reason in (
        (
            "models/gen",
            "models/gen: there is no such folder; if it is a name on the hub, name the model's adapter, one of",
        ),
        ("nope", "nope: there is no such folder; if it is a name on the hub"),
        ("models/empty", "models/empty holds no model (no config.json); give the folder of a verifier"),
    ):
        with pytest.raises(InputError) as caught:
            stepscale.load_verifier(source)
        assert str(caught.value).startswith(reason) and "\n" not in str(caught.value)


def test_options_that_would_be_passed_over_are_refused(folders) -> None:
    with pytest.raises(InputError, match="it takes no model, tokenizer or key"):
        stepscale.load_verifier(folders["ours"], model="x")
    with pytest.raises(InputError, match="'meta' cannot be used"):
        stepscale.load_verifier(folders["ours"], device="meta")
    for prompt in ("", 5):
        with pytest.raises(InputError, match="exactly once"):
            stepscale.load_generator(BASE, prompt=prompt)
