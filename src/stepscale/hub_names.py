"""Models and data sets of the Hugging Face hub by name: ``owner/name``, or ``owner/name@revision`` (branch, tag or commit).

Knows nothing about how one is loaded. The hub is asked once, briefly: its libraries wait minutes for one that is not there.
"""

import re
from pathlib import Path
from typing import Any, Literal, TypeGuard

from stepscale.user_paths import is_there

_SECONDS = 5.0  # to ask the hub whether a name is there
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?(@[\w./-]+)?", re.ASCII)

Answer = Literal["there", "absent", "no answer"]


def is_hub_model(source: str | Path) -> TypeGuard[str]:
    """Whether a model is named as on the hub, and no file or folder of that name is here.

    Args:
        source: As a user gives it.
    """
    return isinstance(source, str) and _NAME.fullmatch(source) is not None and not is_there(source)


def name_and_revision(source: str) -> tuple[str, str | None]:
    """The name, and the revision where one is named.

    Args:
        source: A name on the hub.
    """
    name, _, revision = source.partition("@")
    return name, revision or None


def ask_hub(name: str, kind: Literal["model", "dataset"], revision: str | None = None) -> Answer:
    """Whether the hub has a model or data set of this name.

    Args:
        name: As ``owner/name``.
        kind: What is looked for.
        revision: A branch, a tag or a commit; None: the main branch.

    Returns:
        "absent" if the hub says that there is none, "no answer" without a network, in offline mode or if the hub has trouble.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        HfApi().repo_info(name, repo_type=kind, revision=revision, timeout=_SECONDS)
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError):
        return "absent"
    except Exception:
        return "no answer"
    return "there"


def loading_options(source: str) -> tuple[str, dict[str, Any]]:
    """How ``from_pretrained`` is asked for a model of the hub: its name, and the options that go with it.

    Args:
        source: A name on the hub.
    """
    name, revision = name_and_revision(source)
    options: dict[str, Any] = {"local_files_only": ask_hub(name, "model", revision) == "no answer"}
    return name, options if revision is None else options | {"revision": revision}


def cached_folder(source: str) -> Path | None:
    """The folder of the hub's cache that holds the model, as it was downloaded before; None if it was not.

    Args:
        source: A name on the hub.
    """
    from huggingface_hub import try_to_load_from_cache

    name, revision = name_and_revision(source)
    config = try_to_load_from_cache(name, "config.json", revision=revision)
    return Path(config).parent if isinstance(config, str) else None


def how_to_download(source: str) -> str:
    """What to run where there is a network, so that the model is in the cache.

    Args:
        source: A name on the hub.
    """
    name, revision = name_and_revision(source)
    return f"hf download {name}" + (f" --revision {revision}" if revision else "")
