"""Our PRM training against the rule that TRL 1.13 published (trl.experimental.prm): the same loss, and where it differs."""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import stepscale
from stepscale import formats
from stepscale.cost import Ledger
from stepscale.engine.encoding import StepEncoder, TextFormat
from stepscale.engine.loading import load_tokenizer
from stepscale.training.batches import IGNORED, pad_rows
from stepscale.training.optimization import Optimization
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.examples import prm_examples
from stepscale.verifiers.heads import load_head
from stepscale.verifiers.options import VerifierTraining
from stepscale.verifiers.training import _cross_entropy
from stepscale.verifiers.training_rows import in_classes, to_rows

NO_TRL = "TRL up to 1.13 is not installed (docs/how_to/move_from_trl.md)"
ROWS = [
    {"prompt": "What is 12 + 7 - 3?", "completions": ["so 12 + 7 = 19.", "19 - 3 = 16."], "labels": [True, True]},
    {
        "prompt": "Compute 4 times 25.",
        "completions": ["thus 104.", "wait", "the answer is 16."],
        "labels": [False, True, False],
    },
    {"prompt": "What is 3?", "completions": ["no", "thus 100."], "labels": [True, False]},
]


def trl_row(
    tokenizer: Any, row: dict[str, Any], separator: str, max_length: int | None = None, last_only: bool = False
) -> tuple[list[int], list[int]]:
    """Token ids and labels by TRL 1.13's rule: a step's label at the last token of the separator after it."""
    ids = tokenizer(row["prompt"], add_special_tokens=False)["input_ids"]
    ids = [tokenizer.bos_token_id, *ids] if tokenizer.bos_token_id is not None else ids
    marks = [int(label) for label in row["labels"]]
    if last_only:
        marks = [-100] * (len(marks) - 1) + marks[-1:]
    after = tokenizer.encode(separator, add_special_tokens=False)
    steps = [tokenizer(step, add_special_tokens=False)["input_ids"] + after for step in row["completions"]]
    labels = [[-100] * (len(step) - 1) + [mark] for step, mark in zip(steps, marks, strict=True)]
    ids, labels = [*ids, *chain(*steps)], [-100] * len(ids) + list(chain(*labels))
    return ids[:max_length], labels[:max_length]


def trl_loss(model: Any, rows: list[tuple[list[int], list[int]]]) -> torch.Tensor:
    """The model's own loss on the batch that ``DataCollatorForTokenClassification`` makes: what PRMTrainer minimizes."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in rows])
    labels = torch.tensor([marks + [-100] * (longest - len(marks)) for _, marks in rows])
    mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in rows])
    loss: torch.Tensor = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    return loss


def settings(separator: str, **changes: Any) -> VerifierTraining:
    """What the migration page gives for TRL's defaults."""
    layout = TextFormat(prompt="<s>{problem}", separator=separator, max_tokens=1024)
    return VerifierTraining(**{"kind": "prm", "layout": layout, "neutral": "positive", "after_error": True, **changes})


def our_rows(tokenizer: Any, tmp_path: Path, config: VerifierTraining, **changes: Any) -> list[Any]:
    import orjson

    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps({**row, **changes}) for row in ROWS))
    tables = formats.read(str(path), "trl_stepwise")
    examples = prm_examples(tables.problems, tables.step_labels, after_error=config.after_error)
    by_problem = {example.trajectory.problem: example for example in in_classes(examples, config)}
    encoder = StepEncoder(tokenizer, config.layout)
    return to_rows([by_problem[row["prompt"]] for row in ROWS], encoder, config.supervise or "step_end")[0]


@pytest.mark.parametrize("separator", ["\n", "\n\n", " ки\n"])
@pytest.mark.parametrize("last_only", [False, True])
def test_on_the_same_batch_the_loss_and_its_gradient_are_trls(
    separator: str, last_only: bool, base: Path, tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(base)
    config = settings(separator, **({"supervise": "solution_end"} if last_only else {}))
    model = load_head(base, tokenizer, config)
    theirs = [trl_row(tokenizer, row, separator, 1024, last_only) for row in ROWS]
    ours = our_rows(tokenizer, tmp_path, config)
    assert [list(row.ids) for row in ours] == [ids for ids, _ in theirs]
    assert [row.targets.astype(int).tolist() for row in ours] == [labels for _, labels in theirs]
    batch = pad_rows(ours, pad_id=0, classes=True)
    loss, expected = _cross_entropy(model(input_ids=batch["input_ids"]), batch["labels"], None), trl_loss(model, theirs)
    torch.testing.assert_close(loss, expected, atol=1e-6, rtol=1e-6)
    gradients = [torch.autograd.grad(one, model.score.weight)[0] for one in (loss, expected)]
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-5)


def test_where_trl_cuts_a_step_in_two_we_leave_it_out_whole(base: Path, tmp_path: Path) -> None:
    tokenizer, config = load_tokenizer(base), settings("\n")
    whole = trl_row(tokenizer, ROWS[0], "\n")[0]
    ids, labels = trl_row(tokenizer, ROWS[0], "\n", max_length=len(whole) - 1)
    assert labels[-1] == -100 and len(ids) == len(whole) - 1, "TRL reads half a step that has no label"
    short = config.model_copy(update={"layout": config.layout.model_copy(update={"max_tokens": len(whole) - 1})})
    ours = our_rows(tokenizer, tmp_path, short)[0]
    assert ours.targets[-1] == 1.0 and len(ours.ids) < len(ids)


def test_where_trl_cuts_a_soft_label_to_a_whole_number_we_keep_it(base: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(base)
    row = {**ROWS[2], "labels": [0.9, 0.4]}
    assert [mark for mark in trl_row(tokenizer, row, "\n")[1] if mark != -100] == [0, 0]
    path = tmp_path / "soft.jsonl"
    path.write_text('{"prompt": "What is 3?", "completions": ["no", "thus 100."], "labels": [0.9, 0.4]}\n')
    tables = formats.read(str(path), "trl_stepwise")
    (example,) = prm_examples(tables.problems, tables.step_labels, soft=True)
    assert example.targets == (0.9, 0.4)


def test_by_default_we_stop_at_the_first_wrong_step(base: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(base)
    stopped = our_rows(tokenizer, tmp_path, settings("\n", after_error=False))[1]
    all_of_it = our_rows(tokenizer, tmp_path, settings("\n"))[1]
    assert np.count_nonzero(stopped.targets != IGNORED) == 1
    assert np.count_nonzero(all_of_it.targets != IGNORED) == 3


def test_where_trl_learns_from_a_blank_step_we_leave_it_out(base: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(base)
    row = {"prompt": "What is 3?", "completions": ["no", " ", "thus 100."], "labels": [True, False, True]}
    assert [mark for mark in trl_row(tokenizer, row, "\n")[1] if mark != -100] == [1, 0, 1]
    (tmp_path / "blank.jsonl").write_text(json.dumps(row))
    tables = formats.read(str(tmp_path / "blank.jsonl"), "trl_stepwise")
    assert tables.solutions["steps"][0] == row["completions"], "the table holds what the file holds"
    (example,) = prm_examples(tables.problems, tables.step_labels, after_error=True)
    assert example.trajectory.steps == ("no", "thus 100.") and example.targets == (2.0, 2.0)


def test_the_rule_above_is_trls_own_where_trl_is_installed(base: Path) -> None:
    prm = pytest.importorskip("trl.experimental.prm", reason=NO_TRL)
    tokenizer = load_tokenizer(base)
    for row in ROWS:
        for last_only, longest in ((False, None), (True, None), (False, 12)):
            theirs = prm.PRMTrainer.tokenize_row(row, tokenizer, "\n\n", longest, None, last_only, False)
            assert (theirs["input_ids"], theirs["labels"]) == trl_row(tokenizer, row, "\n\n", longest, last_only)


def test_where_trl_is_installed_its_whole_training_gives_our_weights_and_its_predictions_are_our_scores(
    base: Path, tmp_path: Path
) -> None:
    prm = pytest.importorskip("trl.experimental.prm", reason=NO_TRL)
    from datasets import Dataset

    trls = Optimization(epochs=4, learning_rate=1e-2, schedule="linear", warmup=0, weight_decay=0, beta2=0.999)
    optimization = trls.model_copy(update={"batch_size": len(ROWS), "precision": "float32"})
    config = settings("\n", optimization=optimization, validation_share=0.0)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    stepscale.train_reward_model(base, str(tmp_path / "rows.jsonl"), tmp_path / "ours", config)

    tokenizer = load_tokenizer(base)
    model = load_head(base, tokenizer, config)  # the same random head
    options = {"step_separator": "\n", "num_train_epochs": 4, "learning_rate": 1e-2, "bf16": False, "use_cpu": True}
    args = prm.PRMConfig(str(tmp_path / "trl"), per_device_train_batch_size=len(ROWS), report_to=[], **options)
    rows = Dataset.from_list(ROWS)
    trainer = prm.PRMTrainer(model, args, train_dataset=rows, eval_dataset=rows, processing_class=tokenizer)
    trainer.train()
    trainer.save_model(str(tmp_path / "theirs"))
    ours, theirs = (load_file(tmp_path / name / "model.safetensors") for name in ("ours", "theirs"))
    assert ours.keys() == theirs.keys()
    start = load_file(base / "model.safetensors")
    assert max(float((theirs[name] - start[name]).abs().max()) for name in start.keys() & theirs.keys()) > 1e-2
    for name, weight in theirs.items():
        torch.testing.assert_close(ours[name], weight, atol=1e-4, rtol=0, msg=name)

    predicted = trainer.predict(trainer.eval_dataset)
    at_steps = torch.tensor(predicted.predictions).softmax(-1)[..., 1].numpy()
    verifier = stepscale.load_verifier(tmp_path / "theirs", separator="\n")
    scores = verifier.score([Trajectory(row["prompt"], tuple(row["completions"])) for row in ROWS], Ledger())
    for row, score in enumerate(scores):
        expected = at_steps[row][predicted.label_ids[row] != IGNORED]
        np.testing.assert_allclose(1 - score.negative, expected, atol=1e-5)
