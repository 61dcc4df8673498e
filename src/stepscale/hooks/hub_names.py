"""Whether the Hugging Face hub knows a name."""

from typing import Literal

_SECONDS = 5.0  # to ask the hub whether a name is there


def is_on_hub(name: str, kind: Literal["model", "dataset"]) -> bool:
    """Whether the hub has a model or data set of this name.

    Args:
        name: As ``owner/name``.
        kind: What is looked for.

    Returns:
        False only if the hub says that there is none. True without a network: loading then reports a missing name.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        HfApi().repo_info(name, repo_type=kind, timeout=_SECONDS)
    except (RepositoryNotFoundError, HFValidationError):
        return False
    except Exception:
        return True
    return True
