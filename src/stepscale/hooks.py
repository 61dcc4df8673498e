"""What happens around every run: what was asked for is checked before any work, the revision tagged, the result told."""

import json
import logging
import subprocess
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline

from stepscale.errors import InputError

logger = logging.getLogger(__name__)

_BASES = {
    "generator": {"generator_model"},
    "verifiers": {"prm_model", "orm_model"},
    "verifiers.large": {"large_prm_model"},
    "verifiers.small": {"labeler_agreement"},
    "larger": {"larger_model"},
}  # a parameter block, and what needs it
_DEVICE, _PROCESSES = ".device", ".processes"  # how keys of hardware end
_WRITING = ("CausalLM", "LMHeadModel", "ConditionalGeneration")


class ProjectHooks:
    """Hooks of the project; they hold no state."""

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Refuse an unknown environment and unknown or ill-typed parameters, all of them, before a dataset is touched."""
        from stepscale.parameters import check_parameters

        conf = Path(context.config_loader.conf_source)
        if context.env and conf.is_dir() and not (conf / context.env).is_dir():
            names = ", ".join(sorted(folder.name for folder in conf.iterdir() if folder.is_dir()))
            raise InputError(f"no environment is called {context.env!r}; the folders of {conf} are {names}")
        check_parameters(context.config_loader["parameters"])  # as written: context.params has Kedro check them first

    @hook_impl(specname="before_pipeline_run", tryfirst=True)
    def check_inputs(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Refuse to begin if data on disk is missing: before work is lost, and before an MLflow run is begun."""
        absent = [name for name in sorted(pipeline.inputs()) if _is_absent(name, catalog)]
        if absent:
            makers = _makers()
            ways = [f"{name} (pipeline {makers[name]})" if name in makers else name for name in absent]
            raise InputError(f"data is not there yet: {', '.join(ways)}; run what makes it first, with the same --env")

    @hook_impl(specname="before_pipeline_run", tryfirst=True)
    def check_bases(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Refuse a base that holds no model, or one of the wrong kind, before hours of work come before its turn."""
        for block, made in _BASES.items():
            if made & pipeline.all_outputs():
                name, *parts = block.split(".")
                given = catalog.load(f"params:{name}")
                for part in parts:
                    given = _part(given, part)
                if given is not None:
                    _check_base(f"{block}.base", str(_part(given, "base")), writes=name != "verifiers")

    @hook_impl(specname="before_pipeline_run", tryfirst=True)
    def check_hardware(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Refuse GPUs that are not there, before hours of work come before their turn."""
        wanted = dict[str, int]()
        for block in ("generator", "verifiers", "larger", "revisions"):
            if f"params:{block}" in pipeline.inputs():
                wanted |= _gpus(block, catalog.load(f"params:{block}"))
        if any(wanted.values()):
            import torch

            there = torch.cuda.device_count()
            for key, n in wanted.items():
                if n > there and (there or key.endswith(_DEVICE)):  # without any GPU processes share the CPU
                    raise InputError(f"{key}: it takes {n} GPUs and this machine has {there}; give what is there")

    @hook_impl(specname="before_pipeline_run", tryfirst=True)
    def add_settings(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Blocks of parameters that nodes take together, such as ``params:search_settings``; refused if they do not agree."""
        from stepscale.parameters import SETTINGS, check_parameters, settings_of

        for name in SETTINGS:
            if f"params:{name}" in pipeline.inputs():
                parameters = check_parameters(catalog.load("parameters"))
                catalog[f"params:{name}"] = MemoryDataset(settings_of(parameters, name), copy_mode="assign")

    @hook_impl(specname="before_pipeline_run", trylast=True)
    def tag_revision(self) -> None:
        """Tag the MLflow run (begun by kedro-mlflow) with the revision of the code."""
        from stepscale.tracking import tag_run

        tag_run({"git_revision": git_revision(Path(__file__).parent)})

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """End by saying what was found and where to look."""
        if "summary" in pipeline.all_outputs():
            for line in catalog.load("summary")["lines"]:
                logger.info(line)
            logger.info("report: %s", getattr(catalog["report"], "_filepath", "data/08_reporting/report.html"))


def _is_absent(name: str, catalog: CatalogProtocol[Any, Any]) -> bool:
    """Whether a dataset of the catalog has nothing to load; ``metadata: {optional: true}`` says that this is no fault."""
    if name.startswith("params:") or name == "parameters" or name not in catalog:
        return False
    optional = (getattr(catalog[name], "metadata", None) or {}).get("optional", False)
    return not optional and not catalog.exists(name)


def _part(block: Any, name: str) -> Any:
    """What a block of parameters holds under a name, typed by Kedro or not."""
    return None if block is None else block.get(name) if isinstance(block, dict) else getattr(block, name)


def _check_base(key: str, base: str, writes: bool) -> None:
    """A local folder must hold a model (that ``writes`` text); a hub name is left to the hub."""
    config = Path(base).expanduser() / "config.json"
    is_hub_name = base.count("/") <= 1 and not base.startswith((".", "/", "~")) and not Path(base).exists()
    if is_hub_name:
        return
    if not config.is_file():
        raise InputError(f"{key}: {base} holds no model (no config.json); give a model folder or a Hugging Face name")
    try:
        kind = (json.loads(config.read_text()).get("architectures") or [""])[0]
    except (ValueError, AttributeError) as error:
        raise InputError(f"{key}: {config} is not a model's config.json ({error})") from None
    if writes and kind and not kind.endswith(_WRITING):
        raise InputError(f"{key}: {base} holds a {kind}, but a causal language model is needed")


def _makers() -> dict[str, str]:
    """The pipeline that makes each dataset. Kedro itself knows only the pipelines that were asked for."""
    from stepscale.pipeline_registry import PIPELINES

    made: dict[str, str] = {}
    for name, create in PIPELINES.items():
        for dataset in create().all_outputs():
            made.setdefault(dataset, name)
    return made


def git_revision(folder: Path) -> str:
    """The commit of the code, with ``+`` if the tree has changes; "unknown" outside git."""
    try:
        words = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _gpus(block: str, given: Any) -> dict[str, int]:
    """How many GPUs a machine must have for each key of a block that names some."""
    from stepscale.tracking import flatten

    found = dict[str, int]()
    for key, value in flatten(
        {block: given if isinstance(given, dict) or given is None else given.model_dump()}
    ).items():
        if key.endswith(_DEVICE) and str(value).startswith("cuda"):
            found[key] = int(str(value).partition(":")[2] or 0) + 1
        elif key.endswith(_PROCESSES) and int(value) > 1:
            found[key] = int(value)
    return found
