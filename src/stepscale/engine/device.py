"""The device that a model runs on, with one clear line if no device has that name."""

import torch

from stepscale.errors import InputError


def usable_device(name: str) -> torch.device:
    """A device that tensors can be put on.

    Args:
        name: As torch calls it; "auto" takes a GPU if there is one, else the CPU.

    Returns:
        The device.

    Raises:
        InputError: torch knows none of that name, or it is not in this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.ones(1, device=device).item()  # "meta" makes tensors that hold nothing
    except (RuntimeError, AssertionError, TypeError) as error:  # by the way torch was built
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"device {name!r} cannot be used ({reason}); give cpu, cuda, cuda:1 or auto") from None
    return device
