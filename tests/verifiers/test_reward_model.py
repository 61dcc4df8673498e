"""One call trains on published formats and leaves a folder that transformers alone reads as we do, with a card."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import stepscale
from stepscale.cost import Ledger
from stepscale.engine.encoding import TextFormat
from stepscale.errors import InputError
from stepscale.training.optimization import Optimization
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.model_card import reading_code
from stepscale.verifiers.options import VerifierTraining

QUICK = Optimization(epochs=1, learning_rate=1e-2, batch_size=16, precision="float32", evaluations_per_epoch=0)


def training(kind: str, **changes: Any) -> VerifierTraining:
    settings = {"kind": kind, "layout": TextFormat(prompt="<judge>{problem}\n"), "optimization": QUICK}
    return VerifierTraining(**({**settings, "validation_share": 0.3} | changes))


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def stepwise(n: int, soft: bool) -> list[dict[str, Any]]:
    marks = ((0.9, 0.2), (0.8, 0.7)) if soft else ((True, False), (True, True))
    return [
        {"prompt": f"What is {i} + 7?", "completions": ["so 12 + 7", "19 no."], "labels": list(marks[i % 2])}
        for i in range(n)
    ]


def shepherd(n: int) -> list[dict[str, Any]]:
    text = "What is {} + 7? Step 1: 12 + 7 = 19 {}\nStep 2: The answer is: 19 {}"
    return [
        {"input": text.format(i, "ки", "ки"), "label": text.format(i, "+", "+-"[i % 2]), "task": "GSM8K"}
        for i in range(n)
    ]


BENCH = [
    {
        "id": f"{part}-{i}",
        "generator": "g",
        "problem": f"What is {part} {i}?",
        "steps": ["so 12 + 7", "19 no."],
        "final_answer_correct": bool(i % 2),
        "label": -1 if i % 2 else 1,
    }
    for part in ("gsm8k", "math")
    for i in range(4)
]


@pytest.mark.parametrize("kind", ["soft_prm", "prm", "orm"])
def test_published_formats_become_reward_models_with_a_card(kind: str, base: Path, tmp_path: Path) -> None:
    records, format = (shepherd(24), "math_shepherd") if kind == "orm" else (stepwise(24, kind == "soft_prm"), None)
    data = write(tmp_path / "data.jsonl", records)
    bench = write(tmp_path / "bench.jsonl", BENCH)
    reward_model = stepscale.train_reward_model(
        base,
        str(data),
        tmp_path / "mine",
        training(kind, neutral="positive" if kind == "prm" else "class"),
        **({"format": format} if format else {}),
        processbench=str(bench),
    )
    assert {f"processbench.{part}.f1" for part in ("gsm8k", "math")} <= set(reward_model.metrics)
    assert "n_problems" in reward_model.metrics and reward_model.metrics["n_problems"] == len(
        reward_model.trained.validation
    )
    card = (reward_model.folder / "README.md").read_text()
    assert card.startswith("---\n") and "pipeline_tag: token-classification" in card
    assert "processbench.mean_f1" in card and str(tmp_path) not in card
    assert "| tokens |" in card and "seconds" not in card, "the same training gives the same card"
    verifier = stepscale.load_verifier(reward_model.folder)
    steps = ("3 + 4 = 7.", "The answer is 7.")
    (score,) = verifier.score([Trajectory("What is 3 + 4?", steps)], Ledger())
    names: dict[str, Any] = {}
    labels = verifier.saved.labels
    exec(reading_code(reward_model.trained.config, labels, str(reward_model.folder)), names)  # the card's own code
    negative = 1 - names["probabilities"][:, 0] if len(labels) == 1 else names["probabilities"][:, 0]
    np.testing.assert_allclose(negative.numpy(), score.negative, atol=1e-5)


def test_prm800k_gives_a_three_way_prm_and_validation_may_be_a_file_of_its_own(
    base: Path, tmp_path: Path, shared_data: Path
) -> None:
    files = sorted((shared_data / "prm800k").glob("*.jsonl*"))
    if not files:
        pytest.skip("no PRM800K records among the shared data")
    lines = files[0].read_text().splitlines()[:12]
    for name, part in (("train", lines[:8]), ("valid", lines[8:])):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(part) + "\n")
    reward_model = stepscale.train_reward_model(
        base,
        str(tmp_path / "train.jsonl"),
        tmp_path / "prm",
        training("prm", layout=TextFormat(max_tokens=200)),
        format="prm800k",
        validation=str(tmp_path / "valid.jsonl"),
    )
    assert stepscale.load_verifier(reward_model.folder).saved.labels == ("negative", "neutral", "positive")
    assert reward_model.trained.validation


@pytest.mark.parametrize(
    ("kind", "soft", "reason"),
    [
        ("prm", True, "the labels are values and no ratings; train kind: soft_prm"),
        ("soft_prm", False, "the labels are ratings and no values; train kind: prm"),
        ("orm", False, "grade the answers first"),
    ],
)
def test_labels_of_another_kind_are_refused_in_one_line(
    kind: str, soft: bool, reason: str, base: Path, tmp_path: Path
) -> None:
    data = write(tmp_path / "data.jsonl", stepwise(4, soft))
    with pytest.raises(InputError, match=reason) as caught:
        stepscale.train_reward_model(base, str(data), tmp_path / "prm", training(kind))
    assert "\n" not in str(caught.value)


def test_tables_that_are_read_already_are_taken_and_the_card_is_written_once(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stepscale import formats
    from stepscale.verifiers import model_card

    written: list[Path] = []
    write_card = model_card.write_card
    monkeypatch.setattr(
        "stepscale.verifiers.training.write_card", lambda *args: (written.append(args[0]), write_card(*args))
    )

    tables = formats.read(str(write(tmp_path / "data.jsonl", stepwise(6, False))), "trl_stepwise")
    reward_model = stepscale.train_reward_model(base, tables, tmp_path / "prm", training("prm", validation_share=0.0))
    assert reward_model.metrics == {} and isinstance(reward_model.trained.numbers()["examples"], int)
    assert pd.read_json(reward_model.folder / "stepscale_verifier.json", typ="series")["kind"] == "prm"
    assert written == [reward_model.folder]


def test_labels_of_both_kinds_are_never_left_out_in_silence(base: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", [*stepwise(3, False), {**stepwise(1, True)[0], "prompt": "And 9 + 7?"}])
    for kind, reason in (
        ("prm", "2 of 8 steps have a value and no rating"),
        ("soft_prm", "6 of 8 steps have a rating"),
    ):
        with pytest.raises(InputError, match=reason):
            stepscale.train_reward_model(base, str(data), tmp_path / "prm", training(kind))


def test_what_training_needs_is_looked_at_before_it_begins(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("the training began")

    monkeypatch.setattr("stepscale.verifiers.reward_model.fit_verifier", never)
    data = str(write(tmp_path / "data.jsonl", stepwise(4, False)))
    with pytest.raises(InputError, match="would overwrite its base"):
        stepscale.train_reward_model(base, data, base, training("prm"))
    with pytest.raises(InputError, match=r"data\.jsonl cannot be made"):
        stepscale.train_reward_model(base, data, data, training("prm"))
    with pytest.raises(InputError, match="path is None"):
        stepscale.train_reward_model(base, data, None, training("prm"))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"training is a dict; give a stepscale\.verifiers\.VerifierTraining"):
        stepscale.train_reward_model(base, data, tmp_path / "prm", {"kind": "prm"})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"nowhere\.jsonl"):
        stepscale.train_reward_model(
            base, data, tmp_path / "prm", training("prm"), processbench=tmp_path / "nowhere.jsonl"
        )


def test_tables_by_hand_are_checked_before_they_are_learned_from(base: Path, tmp_path: Path) -> None:
    from stepscale import formats

    tables = formats.read(str(write(tmp_path / "data.jsonl", stepwise(4, False))), "trl_stepwise")
    twice = pd.concat([tables.step_labels, tables.step_labels.iloc[:1]])
    named = tables.step_labels.assign(rating=["yes"] * len(tables.step_labels))
    for labels, reason in ((twice, "two rows have the key"), (named, "rating")):
        wrong = formats.Tables(tables.problems, tables.solutions, labels)
        with pytest.raises(InputError, match=f"step_labels: .*{reason}"):
            stepscale.train_reward_model(base, wrong, tmp_path / "prm", training("prm"))


def test_solutions_that_do_not_fit_the_model_are_told_as_such(base: Path, tmp_path: Path) -> None:
    data = str(write(tmp_path / "data.jsonl", stepwise(4, False)))
    layout = TextFormat(prompt="<judge>{problem}\n", max_tokens=3)
    with pytest.raises(
        InputError, match=r"\d of them longer than the 3 tokens there is room for; raise layout.max_tokens"
    ):
        stepscale.train_reward_model(base, data, tmp_path / "prm", training("prm", layout=layout))


def test_a_tokenizer_of_a_larger_model_is_told_before_the_training(base: Path, tmp_path: Path) -> None:
    from stepscale.engine.loading import load_causal_lm, load_tokenizer, save

    model = load_causal_lm(base)
    model.resize_token_embeddings(8)
    save(model, load_tokenizer(base), tmp_path / "small")
    data = str(write(tmp_path / "data.jsonl", stepwise(4, False)))
    with pytest.raises(InputError, match=r"embeds 8 tokens and its tokenizer gives token \d+"):
        stepscale.train_reward_model(tmp_path / "small", data, tmp_path / "prm", training("prm"))


def test_a_head_that_is_not_what_its_file_names_is_refused(base: Path, tmp_path: Path) -> None:
    data = str(write(tmp_path / "data.jsonl", stepwise(4, False)))
    folder = stepscale.train_reward_model(base, data, tmp_path / "prm", training("prm", validation_share=0.0)).folder
    saved = json.loads((folder / "stepscale_verifier.json").read_text())
    (folder / "stepscale_verifier.json").write_text(json.dumps({**saved, "labels": ["negative", "positive"]}))
    with pytest.raises(InputError, match=r"its head has 3 outputs and stepscale_verifier\.json names 2"):
        stepscale.load_verifier(folder)


@pytest.mark.parametrize("options", ["split", 5, [1], {5: 1}])
def test_reader_options_that_are_no_mapping_are_one_clear_line(options: Any, base: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", stepwise(4, False))
    with pytest.raises(InputError, match=r"^reader_options is"):
        stepscale.train_reward_model(base, str(data), tmp_path / "prm", training("prm"), reader_options=options)


@pytest.mark.parametrize("slip", [{"learning_rate": 1e30}, {"epochs": 1e30}])
def test_a_slip_of_many_digits_in_a_fit_is_refused_before_it_begins(slip: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="less than or equal to"):
        Optimization(**slip)


@pytest.mark.parametrize(("label", "present", "absent"), [(True, "right", "wrong"), (False, "wrong", "right")])
def test_labels_of_one_kind_alone_are_warned_of_where_they_train_and_where_they_measure(
    label: bool, present: str, absent: str, base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    records = [{"prompt": f"What is {i}?", "completions": ["so 12."], "labels": [label]} for i in range(8)]
    reward_model = stepscale.train_reward_model(
        base, str(write(tmp_path / "data.jsonl", records)), tmp_path / "mine", training("prm", neutral="positive")
    )
    assert np.isnan(reward_model.metrics["step_auroc"])
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    n_valid = len(reward_model.trained.validation)
    assert warnings == [
        f"all 8 training labels say {present}, so the model cannot learn to tell right from wrong; give {absent} ones too",
        f"all {n_valid} validation labels say {present}, so metrics such as AUROC are nan; give {absent} ones too",
    ]


def test_what_takes_no_learning_curve_is_refused_before_the_training(base: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", stepwise(4, False))
    with pytest.raises(InputError, match=r"^on_log is 5; give a function"):
        stepscale.train_reward_model(base, str(data), tmp_path / "mine", training("prm"), on_log=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["x" * 300, "\0", "s3://bucket/model"])
def test_a_folder_that_no_model_can_be_saved_in_is_one_line_before_the_training(
    name: str, base: Path, tmp_path: Path
) -> None:
    data = write(tmp_path / "data.jsonl", stepwise(4, False))
    with pytest.raises(InputError) as caught:
        stepscale.train_reward_model(base, str(data), name, training("prm"))
    assert name.strip("\0")[:20] in str(caught.value) and len(str(caught.value).splitlines()) == 1
