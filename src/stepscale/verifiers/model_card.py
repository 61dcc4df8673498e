"""The README.md of a saved verifier: what it is, how it was trained, how it is read with transformers alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from stepscale.hub_names import name_and_revision
from stepscale.verifiers.options import LoRA, VerifierTraining

_WHAT = {
    "prm": "A process reward model: at each step's last token it gives the probabilities of {labels}.",
    "soft_prm": "A soft process reward model: at each step's last token it gives the probability that the answer will be right.",
    "orm": "An outcome reward model: at the solution's last token it gives the probability that the answer is right.",
}
_TITLES = {"prm": "Process reward model", "soft_prm": "Soft process reward model", "orm": "Outcome reward model"}
_READ = """import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

folder = "{folder}"
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32).eval()
problem, steps = "What is 3 + 4?", ["3 + 4 = 7.", "The answer is 7."]

ids = tokenizer({prompt}.replace("{{problem}}", problem))["input_ids"]
if ids and ids[-1] == tokenizer.eos_token_id:
    ids = ids[:-1]
separator = tokenizer({separator}, add_special_tokens=False)["input_ids"]
ends = []
for step in steps:  # each piece is tokenized by itself, as in training
    ids += tokenizer(step, add_special_tokens=False)["input_ids"] + separator
    ends.append(len(ids) - 1)
with torch.no_grad():
    logits = model(input_ids=torch.tensor([ids])).logits[0, ends]
probabilities = {probabilities}  # [steps, {n}]: {labels}
"""


def write_card(
    folder: Path,
    base: str,
    config: VerifierTraining,
    labels: Sequence[str],
    numbers: Mapping[str, float],
    measured: Mapping[str, float],
) -> None:
    """Write the card into a model folder.

    Args:
        folder: The model's folder.
        base: Folder or hub name of the model that was trained.
        config: How it was trained.
        labels: Names of the head's outputs.
        numbers: What the training learned from and cost, by name.
        measured: How well it judges, by name; none: not measured.
    """
    from huggingface_hub import ModelCardData

    is_folder = Path(base).is_dir()
    data = ModelCardData(
        base_model=None if is_folder else name_and_revision(base)[0],
        library_name="transformers",
        pipeline_tag="token-classification",
        tags=["stepscale", "reward-model", config.kind],
    )
    parts = [
        f"---\n{data.to_yaml()}\n---",
        f"# {_TITLES[config.kind]}",
        _WHAT[config.kind].format(labels=", ".join(labels)),
        f"Trained from `{Path(base).name if is_folder else base}`. What was trained: {_weights(config)}.",
        "## Read it with transformers alone",
        f"```python\n{reading_code(config, labels)}```",
        "With StepScale: `stepscale.load_verifier(folder)`. The file `stepscale_verifier.json` holds the layout.",
        _table("Training", numbers),
        *([_table("Measured", measured)] if measured else []),
        f"## Settings\n\n```json\n{_settings(config)}\n```",
    ]
    (folder / "README.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def reading_code(config: VerifierTraining, labels: Sequence[str], folder: str = ".") -> str:
    """Python that reads the model with transformers alone, from ``folder``.

    Args:
        config: How the verifier was trained, its text layout among it.
        labels: Names of the head's outputs.
        folder: Where the code looks for the model.
    """
    return _READ.format(
        folder=folder,
        prompt=repr(config.layout.prompt),
        separator=repr(config.layout.separator),
        probabilities="logits.sigmoid()" if len(labels) == 1 else "logits.softmax(-1)",
        n=len(labels),
        labels=", ".join(labels),
    )


def _weights(config: VerifierTraining) -> str:
    if isinstance(config.weights, LoRA):
        return f"low-rank adapters of rank {config.weights.rank}, merged, and the head"
    return "the head alone" if config.weights == "head" else "all weights"


def _table(title: str, numbers: Mapping[str, float]) -> str:
    rows = [f"| {name} | {value:.6g} |" for name, value in numbers.items()]
    return "\n".join([f"## {title}\n", "| | |", "|---|---|", *rows])


def _settings(config: VerifierTraining) -> str:
    settings = config.model_dump(mode="json", exclude={"optimization": {"checkpoints"}})
    return json.dumps(settings, indent=1, ensure_ascii=False)
