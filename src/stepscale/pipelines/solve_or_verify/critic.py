"""Nodes that make the critic of solve or verify: critiques to learn from and their training, or a critic that is named."""

from pathlib import Path

import pandas as pd

from stepscale.errors import InputError
from stepscale.lab.critiques import ASK, STEP, critique
from stepscale.lab.wording import Malformed
from stepscale.parameters import SolveOrVerifySettings
from stepscale.parameters.solve_or_verify import SolveOrVerifyBlock
from stepscale.scratch import scratch_folder
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.critique_text import question
from stepscale.verifiers.generative_options import GenerativePRM

_NEEDS_A_CRITIC = (
    "the lab writes critiques of its own problems alone; name a critic (solve_or_verify.critic) and run ready_critic"
)


def write_critiques(problems: pd.DataFrame, solutions: pd.DataFrame, settings: SolveOrVerifySettings) -> pd.DataFrame:
    """Critiques of pool solutions as solutions to imitate: ``prompt`` holds the question.

    Wrong and right solutions of a problem alternate.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        settings: How many critiques the critic learns from.

    Raises:
        InputError: A problem is not in the lab's language, the pool has no solutions, or a critic is named.
    """
    options = check_is_trained(settings.solve_or_verify)
    train = problems[problems["split"] == "train"].head(options.training.problems)
    pool = solutions[solutions["problem_id"].isin(set(train["problem_id"])) & solutions["steps"].map(len).gt(0)]
    turn = pool.groupby(["problem_id", "is_correct"], dropna=False).cumcount()
    chosen = pool.assign(turn=turn).sort_values(["problem_id", "turn"], kind="stable")
    chosen = chosen.groupby("problem_id", sort=False).head(options.training.per_problem)
    texts = dict(zip(train["problem_id"], train["problem"], strict=True))
    rows = []
    for number, (problem_id, steps) in enumerate(zip(chosen["problem_id"], chosen["steps"], strict=True)):
        trajectory = Trajectory(texts[problem_id], tuple(steps))
        try:
            lines = critique(trajectory.problem, trajectory.steps)
        except Malformed as error:
            raise InputError(f"solve_or_verify: {error}; {_NEEDS_A_CRITIC}") from None
        row = {"problem_id": problem_id, "sample_id": number, "steps": lines, "finish": "solution"}
        rows.append(row | {"prompt": question(trajectory, ASK, STEP)})
    if not rows:
        raise InputError(
            "solve_or_verify: the pool has no solutions of the training problems; run active_learning first"
        )
    return pd.DataFrame(rows).assign(answer=None, is_correct=None)


def train_critic(problems: pd.DataFrame, critiques: pd.DataFrame, settings: SolveOrVerifySettings) -> Path:
    """The generator's base fine-tuned on critiques.

    Args:
        problems: Problems of all splits, a row per problem.
        critiques: Critiques to imitate, a row per critique.
        settings: The base of the critic, how it is trained, and the seed.

    Raises:
        InputError: The base's weights are not here, or a critic is named.
    """
    from stepscale.engine.encoding import TextFormat
    from stepscale.generation.finetune import GeneratorTraining, fine_tune_generator
    from stepscale.tracking import child_run

    options, folder = check_is_trained(settings.solve_or_verify), scratch_folder("critic")
    base = settings.generator.base
    if base is None or settings.generator.server:
        raise InputError(
            "solve_or_verify.critic: a served generator is not a base of a critic; name one and run ready_critic"
        )
    optimization = options.training.fine_tuning.model_copy(update={"seed": settings.seed})
    config = GeneratorTraining(layout=TextFormat(prompt="{problem}"), optimization=optimization)
    with child_run("critic", {"base": base} | options.model_dump(mode="json")) as run:
        run.dataset("critiques", critiques, "training")
        fit = fine_tune_generator(base, problems, critiques, config, folder, on_log=run.on_log)
        run.metrics({"tokens": fit.tokens, "seconds": fit.seconds, "critiques": len(critiques)})
        run.folder(folder, "model")
    return folder


def take_critic(settings: SolveOrVerifySettings) -> Path:
    """The critic that is named, as it is: a folder that refers to it.

    Args:
        settings: The critic.

    Raises:
        InputError: None is named.
    """
    from stepscale.verifiers.open_verifier import ready_prm_folder

    return ready_prm_folder(named_critic(settings.solve_or_verify), scratch_folder("critic"))


def named_critic(options: SolveOrVerifyBlock) -> GenerativePRM:
    """The critic that is taken as it is.

    Args:
        options: Of the study.

    Raises:
        InputError: None is named.
    """
    if options.critic is None:
        raise InputError(
            "solve_or_verify.critic: none is named, and ready_critic takes it as it is; name one, or run solve_or_verify in "
            "the place of ready_critic"
        )
    return options.critic


def check_is_trained(options: SolveOrVerifyBlock) -> SolveOrVerifyBlock:
    """Check that the critic is to be trained.

    Args:
        options: Of the study.

    Returns:
        The same.

    Raises:
        InputError: A critic is named.
    """
    if options.critic:
        raise InputError(
            "solve_or_verify.critic: one is named, and solve_or_verify trains it; run ready_critic in the place of "
            "solve_or_verify, or set it to null"
        )
    return options


def critic_options(critic_model: Path, settings: SolveOrVerifySettings) -> GenerativePRM:
    """How the critic is asked for as many judgments as the study needs.

    Args:
        critic_model: Folder of the critic that was trained.
        settings: Of the study.
    """
    options = settings.solve_or_verify
    most = {"judgments": max(options.judgments), "seed": settings.seed}
    if options.critic:
        return options.critic.model_copy(update=most)
    training = options.training
    return GenerativePRM(
        base=str(critic_model),
        ask=ASK,
        step=STEP,
        ends_before=None,
        temperature=training.temperature,
        max_new_tokens=training.max_new_tokens,
        **most,
    )
