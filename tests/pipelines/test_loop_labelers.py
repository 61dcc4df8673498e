"""Who labels the loop and the pool: each labeler through the loop's nodes, by fakes; then all of them by ``kedro run``."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_plans import shards_of

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.formats import Tables, write
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.generation.contract import Continuation, Request, Sampling
from stepscale.labeling.contract import label_table
from stepscale.parameters import (
    ExperimentBlock,
    GeneratorBlock,
    LoopSettings,
    PoolBlock,
    VerifierBlock,
    check_parameters,
)
from stepscale.pipelines.active_learning.nodes import gather_labels, label_pool
from stepscale.pipelines.data_loop import labeling, training
from stepscale.pipelines.data_loop import nodes as loop
from stepscale.supervision.loop_options import AT_RANDOM, RETRAINED, LoopOptions
from stepscale.supervision.selection import chosen
from stepscale.verifiers.contract import StepScores, Trajectory

GENERATOR = GeneratorBlock.model_validate(
    {
        "base": "x/y",
        "prompt": "{problem}\n",
        "examples": "own",
        "samples_per_problem": 1,
        "sampling": {"max_new_tokens": 9},
        "fine_tuning": None,
    }
)
PRM = {"optimization": {"epochs": 1, "learning_rate": 1e-3, "batch_size": 4}}
VERIFIERS = VerifierBlock.model_validate({"base": "x/y", "prompt": "{problem}\n", "prm": PRM, "orm": PRM})


def options(labeler: object) -> LoopOptions:
    settings = {"problems": 3, "per_problem": 2, "audit": 1, "budgets": (1,), "strategies": (RETRAINED, AT_RANDOM)}
    return LoopOptions.model_validate({**settings, "labeler": labeler})


def lab(n_samples: int = 8) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Problems of the lab and solutions of two steps, the even samples right, as a generator of characters writes them."""
    from stepscale.lab.problems import make_problems

    problems = make_problems(3, "train", 0)
    rows = [(pid, i) for pid in problems["problem_id"] for i in range(n_samples)]
    solutions = pd.DataFrame(rows, columns=SOLUTION_KEY)
    gold = dict(zip(problems["problem_id"], problems["answer"], strict=True))
    answers = [gold[pid] if i % 2 == 0 else f"{i}000" for pid, i in rows]
    solutions["steps"] = [
        [f"{'good' if i % 2 == 0 else 'bad'} {i}", f"\\boxed{{{a}}}"] for (_, i), a in zip(rows, answers, strict=True)
    ]
    texts = ["\n".join(steps) + "\n" for steps in solutions["steps"]]
    solutions["tokens"] = [list(map(ord, text)) for text in texts]
    solutions["step_ends"] = [[i for i, character in enumerate(text) if character == "\n"] for text in texts]
    right = pd.array([i % 2 == 0 for _, i in rows], dtype="boolean")
    return problems, solutions.assign(answer=answers, is_correct=right, finish="solution")


class Told:
    """A verifier that finds a step negative, at 0.5, where it is told to be bad."""

    name = "prm_large"
    folders: list[Path] = []  # noqa: RUF012

    def __init__(self, folder: Path, name: str, **_: Any) -> None:
        self.folders.append(folder)

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        ledger.add(self.name, "verify", len(trajectories))
        negative = [np.array([0.5 if "bad" in step else 0.0 for step in t.steps], np.float32) for t in trajectories]
        return [StepScores(p, np.zeros_like(p)) for p in negative]


class Finisher:
    """A generator of one token a character that ends well whatever is not bad."""

    name = "finisher"

    def __init__(self, problems: pd.DataFrame) -> None:
        self.answers = dict(zip(problems["problem"], problems["answer"], strict=True))

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        return tuple(map(ord, problem + "\n"))

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: str, ledger: Ledger
    ) -> list[Continuation]:
        return [self._end(self.decode(request.prefix)) for request in requests]

    def _end(self, text: str) -> Continuation:
        gold = next(answer for problem, answer in self.answers.items() if text.startswith(problem))
        written = "\\boxed{none}" if "bad" in text else f"\\boxed{{{gold}}}"
        return Continuation(tuple(map(ord, written)), (0.0,) * len(written), "solution", ())


def folder(path: Path) -> Path:
    path.mkdir()
    (path / "config.json").write_text("{}")
    return path


PART = {"problems": 3, "samples": {"per_problem": 8, "problems_per_shard": 1}}
EXPERIMENT = ExperimentBlock.model_validate(
    {"pool": PART, "test": PART, "design": {"sizes": [1], "seeds": 1, "budgets": [1]}}
)


def settings(who: object) -> LoopSettings:
    blocks = {"generator": GENERATOR, "verifiers": VERIFIERS, "experiment": EXPERIMENT}
    return LoopSettings(loop=options(who), seed=0, **blocks)


def label(
    requests: pd.DataFrame, reused_labels: pd.DataFrame, who: object, model: Path = Path("nowhere")
) -> pd.DataFrame:
    return labeling.label(*lab(), requests, model, settings(who), reused_labels)


def ratings_by_right(labels: pd.DataFrame) -> dict[bool, set[tuple[int, ...]]]:
    got: dict[bool, set[tuple[int, ...]]] = {True: set(), False: set()}
    for (_, sample), rows in labels.groupby(SOLUTION_KEY):
        got[sample % 2 == 0].add(tuple(rows["rating"]))
    return got


@pytest.fixture
def begun() -> tuple[pd.DataFrame, pd.DataFrame]:
    """What round 0 asks for, and no labels."""
    problems, solutions = lab()
    requests = loop.begin(problems, solutions, options("symbolic"), 0)["asked"]
    return requests, label_table(solutions, "x", [[]] * len(solutions))


def test_round_0_asks_for_one_sample_a_problem_and_the_audit_with_their_texts() -> None:
    problems, solutions = lab()
    begun = loop.begin(problems, solutions, options("symbolic"), 0)
    keys, requests = begun["keys"], begun["asked"]
    assert list(requests) == loop.ASKED and requests["problem_id"].value_counts().tolist() == [2, 2, 2]
    asked = keys[SOLUTION_KEY].merge(requests[SOLUTION_KEY])
    assert not len(asked.drop_duplicates()) - 3, "all chosen ones are asked for"
    texts = chosen(solutions, requests)["steps"].tolist()
    assert requests["steps"].tolist() == texts and set(requests["problem"]) == set(problems["problem"])


def test_the_labs_labeler_rates_what_was_asked_for(begun: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    requests, _ = begun
    problems, solutions = lab()
    labels = labeling.label(problems, solutions, requests, Path("nowhere"), settings("symbolic"))
    assert set(labels["labeler"]) == {"symbolic"}
    assert len(labels[SOLUTION_KEY].drop_duplicates()) == len(requests)


@pytest.mark.parametrize(("who", "wrong"), [("prm_large", (-1,)), ({"kind": "prm_large", "threshold": 0.6}, (1, 1))])
def test_prm_large_labels_with_its_threshold(
    begun: tuple[pd.DataFrame, pd.DataFrame],
    who: object,
    wrong: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("stepscale.verifiers.scoring.ModelVerifier", Told)
    labels = labeling.label_by_prm(*lab(), begun[0], tmp_path, settings(who), begun[1])
    assert ratings_by_right(labels) == {True: {(1, 1)}, False: {wrong}}
    assert set(labels["labeler"]) == {"prm_large"}


def test_who_labels_in_the_other_pipeline_is_one_line_that_names_it(
    begun: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"loop\.labeler: prm_large .* run data_loop_by_prm in the place of data_loop"):
        label(*begun, "prm_large")
    with pytest.raises(InputError, match=r"loop\.labeler: symbolic labels in the pipeline data_loop; run it"):
        labeling.label_by_prm(*lab(), begun[0], tmp_path, settings("symbolic"))


def test_rollouts_label_the_loop_with_ratings_and_values(
    begun: tuple[pd.DataFrame, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stepscale.pipelines.sampling.open_configured_generator", lambda *_: Finisher(lab()[0]))
    labels = label(*begun, {"kind": "rollouts", "per_step": 3})
    assert ratings_by_right(labels) == {True: {(1, 1)}, False: {(-1,)}}
    assert set(labels["labeler"]) == {"rollouts"} and labels["value"].notna().all()


def labeled_file(path: Path, requests: pd.DataFrame, *people: str) -> Path:
    problems, solutions = lab()
    samples = chosen(solutions, requests)
    ratings = [[1, 1] if right else [-1] for right in samples["is_correct"]]
    labels = pd.concat([label_table(samples, name, ratings) for name in people])
    write(Tables(problems, samples, labels), path, "prm800k")
    return path


def test_people_label_round_by_round_in_one_growing_file_and_what_they_left_is_asked_again(tmp_path: Path) -> None:
    problems, solutions = lab()
    begun = loop.begin(problems, solutions, options("symbolic"), 0)
    keys, requests = begun["keys"], begun["asked"]
    none = label_table(solutions, "x", [[]] * len(solutions))
    path = labeled_file(tmp_path / "people.jsonl", requests.iloc[1:], "ann", "bob")
    who = {"kind": "file", "path": str(path)}
    first = label(requests, none, who)
    assert ratings_by_right(first)[False] <= {(-1,)} and set(first["labeler"]) == {"ann"}, "one labeler a sample"
    assert len(first[SOLUTION_KEY].drop_duplicates()) == len(requests) - 1
    pool = loop.pool_of(problems, solutions, options(who))
    scored = pool[[*SOLUTION_KEY, "is_correct"]].assign(score=pool["sample_id"] / 10, doubt=0.5, seed=0)
    scores = pd.concat([scored.assign(strategy=s.name) for s in (RETRAINED, AT_RANDOM)], ignore_index=True)[
        training.SCORES
    ]
    then = loop.choose_and_ask(problems, solutions, scores, keys, first, options(who))
    after, more = then["keys"], then["asked"]
    assert set(after["round"]) == {0, 1}
    again = more[SOLUTION_KEY].merge(first[SOLUTION_KEY].drop_duplicates())
    assert again.empty, "none is labeled twice"
    labeled_file(path, pd.concat([requests, more]), "ann")
    labels = label(more, first, who)
    assert len(labels[SOLUTION_KEY].drop_duplicates()) == len(requests) - 1 + len(more)
    pd.testing.assert_frame_equal(labels.head(len(first)), first)


def test_where_nothing_new_was_chosen_nobody_is_asked(begun: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    requests, reused_labels = begun
    assert label(requests.head(0), reused_labels, {"kind": "file", "path": "nowhere.jsonl"}) is reused_labels


def test_the_pool_is_labeled_by_the_lab_or_by_people(tmp_path: Path) -> None:
    problems, solutions = lab()
    path = labeled_file(tmp_path / "people.jsonl", solutions[SOLUTION_KEY].head(5), "ann")

    def by(who: object) -> pd.DataFrame:
        pool = PoolBlock.model_validate({"train": {"per_problem": 8, "problems_per_shard": 1}, "labeler": who})
        plan = label_pool(tmp_path, problems, solutions, GENERATOR, pool, 0)
        assert len(plan.pieces) == (1 if pool.labeler.kind == "file" else 3), "people may leave out whole problems"
        return gather_labels(shards_of(plan))

    assert set(by({"kind": "symbolic"})["labeler"]) == {"symbolic"}
    people = by({"kind": "file", "path": str(path)})
    assert set(people["labeler"]) == {"ann"} and len(people[SOLUTION_KEY].drop_duplicates()) == 5


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        (
            "loop",
            "prm_larg",
            "loop.labeler: there is no kind 'prm_larg'; give one of symbolic, file, prm_large, rollouts",
        ),
        ("loop", {"kind": "prm_large", "treshold": 0.3}, r"loop\.labeler\.prm_large\.treshold: unknown key"),
        (
            "pool",
            "prm_large",
            "pool.labeler: there is no kind 'prm_large'; give one of symbolic, file, given, rollouts",
        ),
        ("pool", "file", r"pool\.labeler\.file\.path: Field required"),
    ],
)
def test_a_misspelled_labeler_is_one_clear_line(key: str, value: object, line: str) -> None:
    import yaml

    conf = Path(__file__).resolve().parents[2] / "conf" / "base" / "parameters.yml"
    block = yaml.safe_load(conf.read_text())
    block[key]["labeler"] = value
    with pytest.raises(InputError, match=line) as caught:
        check_parameters(block)
    assert "\n" not in str(caught.value)


@pytest.mark.e2e
def test_each_labeler_can_be_chosen_on_the_command_line(project: Path, run_in: Callable[..., Any]) -> None:
    small = "problems.lab.train=24,problems.lab.valid=6,problems.lab.test=10,problems.lab.heldout=4,loop.labeler"

    def run(*words: str, labeler: str = "=prm_large", code: int = 0) -> str:
        done = run_in(project, "--env", "smoke", "--params", small + labeler, *words)
        assert done.exit_code == code, done.output
        return str(done.output.strip().splitlines()[-1:])

    def labelers() -> set[str]:
        return set(pd.read_parquet(data / "loop_labels_0.parquet")["labeler"])

    data = project / "data" / "smoke" / "05_model_input" / "loop"
    loop_by_prm = ("--pipelines", "data_loop_by_prm", "--to-nodes", "begin_loop,label_beginning")
    assert "large_prm_model (pipeline supervision)" in run(*loop_by_prm, code=1)
    assert not (project / "data" / "smoke" / "03_primary").exists(), "told before any work"
    run("--to-nodes", "supervision.train_large_prm,begin_loop", labeler="=symbolic")
    run(*loop_by_prm)
    assert labelers() == {"prm_large"}
    run("--pipelines", "data_loop", "--nodes", "label_beginning", labeler=".kind=rollouts,loop.labeler.per_step=2")
    assert labelers() == {"rollouts"}
    requests = pd.read_json(data / "loop_asked_0.jsonl", lines=True, dtype={"problem_id": str, "answer": str})
    rated = label_table(requests, "ann", [[1] * len(steps) for steps in requests["steps"]])
    write(
        Tables(requests[["problem_id", "problem"]].drop_duplicates(), requests, rated),
        project / "people.jsonl",
        "prm800k",
    )
    run("--pipelines", "data_loop", "--nodes", "label_beginning", labeler=".kind=file,loop.labeler.path=people.jsonl")
    assert labelers() == {"ann"}
    run("--pipelines", "data_loop", "--nodes", "label_beginning", labeler="=symbolic")
    assert labelers() == {"symbolic"}
