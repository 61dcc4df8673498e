"""The environments of a configuration, which may be a folder or an archive: which there are, and what each says of a run."""

import os
import warnings
from pathlib import Path

from kedro.config import MissingConfigException, OmegaConfigLoader
from kedro.utils import find_kedro_project

from stepscale.errors import InputError


def check_environment(env: str | None, conf_source: str | None = None) -> None:
    """Raises InputError for an environment that is not there, with the names of those there are."""
    name, names = environment(env), environments(conf_source)
    if names is None or name in names:
        return
    source = _source(conf_source)
    if name == "local" and not env:
        raise InputError(f"{source}/local is absent, which a run without --env reads; make the folder, it may be empty")
    raise InputError(f"no environment is called {name!r}; the folders of {source} are {', '.join(names)}")


def environment(env: str | None) -> str:
    """The environment that is meant: as asked for, else as KEDRO_ENV says, else ``local``."""
    return env or os.environ.get("KEDRO_ENV") or "local"


def environments(conf_source: str | None = None) -> list[str] | None:
    """The folders of the configuration; None where they cannot be listed (in a remote store)."""
    loader = _loader(None, conf_source)
    if loader._protocol == "file":
        root = _source(conf_source)
    elif loader._protocol in ("tar", "zip"):
        root = loader._fs.ls("", detail=False)[-1]
    else:
        return None
    entries = loader._fs.ls(root, detail=True) if loader._fs.isdir(root) else []
    return sorted(Path(entry["name"]).name for entry in entries if entry["type"] == "directory")


def pipelines_of(env: str | None, conf_source: str | None = None) -> list[str]:
    """The pipelines that the environment's ``run.yml`` names; empty if there is no such file."""
    try:
        stated = _loader(env, conf_source)["run"]
    except MissingConfigException:
        return []
    return [str(name) for name in stated.get("pipelines") or []]


def broken_file(env: str | None, conf_source: str | None = None) -> str | None:
    """The first configuration file that is not YAML (a key given twice, a wrong indent), with its line and what is wrong.

    Kedro's own error does not always name the file.
    """
    from omegaconf import OmegaConf
    from yaml import YAMLError

    folders = [Path(_source(conf_source)) / part for part in ("base", environment(env))]
    for file in sorted(file for folder in folders for file in folder.glob("*.y*ml")):
        try:
            OmegaConf.load(file)
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{file}:{mark.line + 1}" if mark else str(file)
            return f"{where}: {getattr(error, 'problem', None) or error}; mend it"
    return None


def _source(conf_source: str | None) -> str:
    return conf_source or str((find_kedro_project(Path.cwd()) or Path()) / "conf")


def _loader(env: str | None, conf_source: str | None) -> OmegaConfigLoader:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="register_new_resolver")  # Kedro's own call
        return OmegaConfigLoader(
            _source(conf_source),
            env=environment(env),
            base_env="base",
            default_run_env="local",
            config_patterns={"run": ["run*"]},
        )
