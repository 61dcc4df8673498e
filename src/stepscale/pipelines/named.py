"""What a node is fed, where its arguments are called as datasets and parameters are."""


def named(*names: str) -> dict[str, str]:
    """A node's inputs.

    Args:
        names: Datasets, and parameters with their ``params:``; an argument is called like one, without ``params:``.
    """
    return {name.removeprefix("params:"): name for name in names}
