"""The folder of a fit's checkpoints, and the checkpoint that a killed fit resumes from.

The folder is named by the fit's recipe, which holds all that decides its weights. A fit with other rows, settings or code
never resumes from them. A checkpoint counts only when it is whole: a kill can leave half of one.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stepscale.resume import Recipe
from stepscale.revision import code_revision
from stepscale.scratch import write_atomically
from stepscale.training.batches import Row
from stepscale.training.optimization import Optimization

_STATE, _FINISHED, _REVISIONS = "trainer_state.json", "finished", "revisions.txt"
_SAMPLED = 4096  # numbers of each parameter that the hash takes
_NOT_DECISIVE = {"checkpoints", "log_every"}


def checkpoint_folder(
    model: torch.nn.Module, rows: Sequence[Sequence[Row]], options: Optimization, loss: Callable[..., Any]
) -> Path | None:
    """The folder of this fit's checkpoints; None where the options ask for none.

    Args:
        model: The model before the fit.
        rows: Rows to learn from, and rows of validation.
        options: Settings of the optimization.
        loss: The loss to minimize. Its code is part of the recipe, as that of ``training.fitting`` is.

    Raises:
        InputError: The folder that the options name cannot be made.
    """
    if options.checkpoints is None:
        return None
    recipe = Recipe.of(
        "stepscale.training.fitting",
        loss,
        inputs={"rows": _hash_of_rows(rows), "weights": _hash_of_weights(model)},
        settings=[options.model_dump(mode="json", exclude=_NOT_DECISIVE), os.environ.get("WORLD_SIZE", "1")],
        seed=options.seed,
    )
    return options.checkpoints.make() / recipe.key[:24]


def _hash_of_rows(rows: Sequence[Sequence[Row]]) -> str:
    digest = sha256()
    for part in rows:
        digest.update(f"{len(part)} rows".encode())
        for row in part:
            digest.update(np.asarray(row.ids, np.int64).tobytes() + row.targets.tobytes())
    return digest.hexdigest()


def _hash_of_weights(model: torch.nn.Module) -> str:
    digest = sha256()
    for name, parameter in model.named_parameters():
        flat = parameter.detach().reshape(-1)
        sample = flat[:: max(1, flat.numel() // _SAMPLED)].float().cpu().numpy()
        digest.update(f"{name} {tuple(parameter.shape)} {parameter.requires_grad}".encode() + sample.tobytes())
    return digest.hexdigest()


def note_revision(folder: Path) -> None:
    """Note the revision of the code that trains here.

    Args:
        folder: Of the fit's checkpoints.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _REVISIONS).open("a") as file:
        file.write(f"{code_revision()}\n")


def revisions_of(folder: Path) -> list[str]:
    """The revisions that trained here, each once, the first one first.

    Args:
        folder: Of the fit's checkpoints.
    """
    path = folder / _REVISIONS
    return list(dict.fromkeys(path.read_text().split())) if path.is_file() else []


def last_whole_checkpoint(folder: Path, processes: int) -> Path | None:
    """The newest checkpoint that was written to its end; half of one is removed.

    Args:
        folder: Where a fit leaves its checkpoints.
        processes: Those of the fit, each of which leaves its random state.
    """
    checkpoints = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    for checkpoint in checkpoints:
        if _is_whole(checkpoint, processes):
            return checkpoint
        shutil.rmtree(checkpoint)
    return None


def trainer_state(checkpoint: Path) -> dict[str, Any]:
    """Trainer's own record of the checkpoint, with its keys.

    Args:
        checkpoint: A folder ``checkpoint-<step>``.

    Returns:
        Among others ``global_step``, ``best_model_checkpoint`` and how long early stopping has waited.

    Raises:
        OSError: The file is missing.
        ValueError: It is cut off.
    """
    state: dict[str, Any] = json.loads((checkpoint / _STATE).read_text())
    return state


def mark_finished(folder: Path, steps: int) -> None:
    """Note that a fit has ended; its checkpoints are removed when the next fit begins beside them.

    Args:
        folder: Of its checkpoints.
        steps: Optimizer steps that it made.
    """
    write_atomically(
        folder / _FINISHED, lambda path: path.write_text(str(steps))
    )  # a kill leaves the whole mark or none


def steps_of_finished(folder: Path) -> int | None:
    """How many optimizer steps a fit took, if it ended.

    Args:
        folder: Of its checkpoints; after the end the only one left holds the weights that the fit chose.

    Returns:
        The steps; None where the fit has not ended.
    """
    mark = folder / _FINISHED
    return int(mark.read_text()) if mark.is_file() else None


def remove_finished_beside(folder: Path) -> None:
    """Remove checkpoints of other fits that ended.

    Args:
        folder: Of this fit's checkpoints; it stays.
    """
    for mark in folder.parent.glob(f"*/{_FINISHED}"):
        if mark.parent != folder:
            shutil.rmtree(mark.parent, ignore_errors=True)


def _is_whole(checkpoint: Path, processes: int) -> bool:
    """Trainer writes its state last, and each process its random state before that."""
    try:
        trainer_state(checkpoint)
    except (OSError, ValueError):
        return False
    names = ["rng_state.pth"] if processes == 1 else [f"rng_state_{rank}.pth" for rank in range(processes)]
    return all((checkpoint / name).is_file() for name in names)
