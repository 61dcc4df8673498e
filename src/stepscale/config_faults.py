"""What is wrong with the files of a configuration, where Kedro or OmegaConf stop without naming the file, or read past it."""

import io
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import GrammarParseError, OmegaConfBaseException

from stepscale.environments import config_files

_BEGINNINGS = ("catalog", "credentials", "logging", "mlflow", "parameters")  # Kedro reads all files that begin so
_NAMES = ("globals", "run")  # and these alone
_LITERALLY = "if the text itself is meant, write \\${...}"
_LIKENESS = 0.66  # "param" is as like "parameters"


def misnamed_file(env: str | None, conf_source: str | None = None) -> str | None:
    """The first file that no one reads because its name is misspelled, such as ``parameter.yml``.

    Args:
        env: The environment asked for; None: the one that KEDRO_ENV names, else ``local``.
        conf_source: Folder or archive of the configuration; None: that of the project.

    Returns:
        One line with the name that was meant; None if all files are read, or are named unlike those that are.
    """
    for path in config_files(env, conf_source):
        like = get_close_matches(Path(path).stem.lower(), (*_BEGINNINGS, *_NAMES), n=1, cutoff=_LIKENESS)
        if like and not _is_read(path):
            return f"{path}: nothing reads a file of this name; rename it {like[0]}{Path(path).suffix}, or remove it"
    return None


def config_fault(error: BaseException, env: str | None, conf_source: str | None = None) -> str | None:
    """What in the configuration an error comes from: a file that is no YAML, another encoding, no keys, a wrong ``${...}``.

    Args:
        error: What reading the configuration raised.
        env: The environment asked for; None: the one that KEDRO_ENV names, else ``local``.
        conf_source: Folder or archive of the configuration; None: that of the project.

    Returns:
        One line with the file, and its line or key; None if all files are sound.
    """
    sound = {}
    for path, data in config_files(env, conf_source).items():
        if _is_read(path):
            try:
                sound[path] = _read(path, data)
            except ValueError as fault:
                return str(fault)
    if isinstance(error, TypeError) and "container types" in str(error):
        return _clash(sound) or "--params: a list stands where a file has keys, or keys where it has a list"
    key = getattr(error, "full_key", None) if isinstance(error, OmegaConfBaseException) else None
    if not key:
        return None
    path = next((path for path, config in reversed(sound.items()) if _has(config, key)), "the configuration")
    return f"{path}: {key}: {_first_line(error)}; {_LITERALLY}"


def _is_read(path: str) -> bool:
    """Whether Kedro or this project reads a file of the name, or of its folder's name."""
    stem = Path(path).stem
    return stem in _NAMES or any(part.startswith(_BEGINNINGS) for part in (stem, *Path(path).parts[-3:-1]))


def _read(path: str, data: bytes) -> dict[str, Any]:
    """What a file holds, as Kedro reads it, with ``${...}`` as written; a ValueError says where it cannot be."""
    try:
        config = OmegaConf.load(io.StringIO(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}:{line}: is not in UTF-8; save the file in that encoding") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else path
        raise ValueError(f"{where}: {getattr(error, 'problem', None) or _first_line(error)}; mend it") from None
    except GrammarParseError as error:
        raise ValueError(f"{path}: {error.full_key}: {_first_line(error)}; {_LITERALLY}") from None
    except (OmegaConfBaseException, OSError, RecursionError) as error:
        raise ValueError(f"{path}: {_first_line(error)}; a file holds keys, which are texts, with values") from None
    if not isinstance(config, DictConfig):
        raise ValueError(f"{path}: holds a list; a file holds keys with values")
    return cast(dict[str, Any], OmegaConf.to_container(config, resolve=False))


def _clash(configs: dict[str, dict[str, Any]]) -> str | None:
    """The first parameter that is a list in one file and has keys of its own in a later one, or the other way round."""
    kinds: dict[str, tuple[str, bool]] = {}  # of each parameter: the file that said so, and whether it is a list

    def visit(path: str, values: Any, key: str) -> str | None:
        if not isinstance(values, dict | list):
            return None
        other, is_list = kinds.setdefault(key, (path, isinstance(values, list)))
        if is_list != isinstance(values, list):
            return f"{path}: {key}: {'a list' if not is_list else 'keys'}, where {other} has {'a list' if is_list else 'keys'}"
        if isinstance(values, list):
            return None
        clashes = (visit(path, value, f"{key}.{name}" if key else str(name)) for name, value in values.items())
        return next(filter(None, clashes), None)

    lines = (visit(path, values, "") for path, values in configs.items() if "parameters" in path)
    return next(filter(None, lines), None)


def _has(config: dict[str, Any], key: str) -> bool:
    """Whether a key, such as ``search.samples`` or ``strategies[0].k``, is set in a file."""
    inner: Any = config
    for name in re.findall(r"[^.\[\]]+", key):
        if isinstance(inner, list) and name.isdecimal() and int(name) < len(inner):
            inner = inner[int(name)]
        elif isinstance(inner, dict) and name in inner:
            inner = inner[name]
        else:
            return False
    return True


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
