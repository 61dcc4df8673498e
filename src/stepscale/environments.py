"""The environments of a configuration, which may be a folder or an archive: which there are, and what each says about a run."""

import os
from gzip import BadGzipFile
from mimetypes import guess_type
from pathlib import Path
from tarfile import TarError
from typing import Any
from zipfile import BadZipFile

import fsspec
import yaml
from kedro.io.core import get_protocol_and_path
from kedro.utils import find_kedro_project

from stepscale.errors import InputError

_SUFFIXES = (".yml", ".yaml", ".json")
_ARCHIVES = {"application/x-tar": "tar", "application/zip": "zip", "application/x-zip-compressed": "zip"}


def check_environment(env: str | None, conf_source: str | None = None) -> None:
    """Check that an environment is there.

    Args:
        env: The environment asked for; None: the one that KEDRO_ENV names, else ``local``.
        conf_source: Folder of the configuration; None: that of the project.

    Raises:
        InputError: It is not; the line names those that are.
    """
    name, names = environment(env), environments(conf_source)
    if names is None or name in names:
        return
    source = _source(conf_source)
    if name == "local" and not env:
        raise InputError(f"{source}/local is absent, which a run without --env reads; make the folder, it may be empty")
    raise InputError(f"no environment is called {name!r}; the folders of {source} are {', '.join(names)}")


def environment(env: str | None) -> str:
    """The environment that is meant: as asked for, else as KEDRO_ENV says, else ``local``.

    Args:
        env: Its name as the user gave it; None or "": not given.
    """
    return env or os.environ.get("KEDRO_ENV") or "local"


def environments(conf_source: str | None = None) -> list[str] | None:
    """The environments that the configuration holds.

    Args:
        conf_source: Its folder, archive or address; None: the project's own.

    Returns:
        Names of its folders, sorted; None where they cannot be listed (in a remote store).
    """
    files, root = _opened(conf_source)
    if root is None:
        return None
    entries = files.ls(root, detail=True) if files.isdir(root) else []
    return sorted(Path(entry["name"]).name for entry in entries if entry["type"] == "directory")


def pipelines_of(env: str | None, conf_source: str | None = None) -> list[str]:
    """The pipelines that the environment's ``run.yml`` names; empty if there is no such file.

    Args:
        env: The environment asked for; None: the one that KEDRO_ENV names, else ``local``.
        conf_source: Folder of the configuration; None: that of the project.

    Raises:
        InputError: The file holds something else than a list of names under ``pipelines``.
    """
    files, root = _opened(conf_source)
    path = f"{root}/{environment(env)}/run.yml"
    if root is None or not files.isfile(path):
        return []
    with files.open(path) as file:
        stated = yaml.safe_load(file) or {"pipelines": []}
    names = stated.get("pipelines") if isinstance(stated, dict) else None
    if not isinstance(names, list) or len(stated) > 1:
        raise InputError(
            f"{path}: holds names of pipelines, as in `pipelines: [ingestion, reporting]`, and nothing else"
        )
    return [str(name) for name in names]


def config_files(env: str | None, conf_source: str | None = None) -> dict[str, bytes]:
    """The configuration files that a run in an environment may read: those of ``base`` and its own.

    Args:
        env: The environment asked for; None: the one that KEDRO_ENV names, else ``local``.
        conf_source: Folder or archive of the configuration; None: that of the project.

    Returns:
        What each file holds, by its path, sorted; empty if the configuration is in a remote store.
    """
    files, root = _opened(conf_source)
    if root is None:
        return {}
    found = sorted(path for part in ("base", environment(env)) for path in files.find(f"{root}/{part}"))
    shown = [path for path in found if path.endswith(_SUFFIXES) and "/." not in path.removeprefix(root)]
    return {path: files.cat_file(path) for path in shown}


def _source(conf_source: str | None) -> str:
    return conf_source or str((find_kedro_project(Path.cwd()) or Path()) / "conf")


def _opened(conf_source: str | None) -> tuple[Any, str | None]:
    """The file system of the configuration, and the configuration's place in it, None if it is remote.

    Without a config loader: each new one takes the resolvers (``globals``) away from that of the session.
    """
    source = _source(conf_source)
    if archive := _ARCHIVES.get(str(guess_type(source)[0])):
        try:
            files = fsspec.filesystem(archive, fo=source)
            return files, str(files.ls("", detail=False)[-1])
        except (TarError, BadZipFile, BadGzipFile, EOFError) as error:
            raise InputError(f"{source}: {error}; name the archive .tar.gz or .zip, as what it is") from None
    protocol, _ = get_protocol_and_path(source)
    return fsspec.filesystem("file"), source if protocol == "file" else None
