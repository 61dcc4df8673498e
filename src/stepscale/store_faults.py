"""What is wrong with MLflow's store, in one line for a user. MLflow is not imported: an error tells by itself what it is."""

_OF_THE_STORE = ("TEMPORARILY_UNAVAILABLE", "RESOURCE_DOES_NOT_EXIST", "INTERNAL_ERROR")  # MLflow's codes
_MEND = "check server.mlflow_tracking_uri in mlflow.yml, its permissions and the room on its disk"


def store_refusal(error: BaseException) -> str | None:
    """The line for a user whose MLflow store has refused something.

    Args:
        error: What was raised.

    Returns:
        The line; None if the error is not of that kind.
    """
    if getattr(error, "error_code", None) in _OF_THE_STORE or hasattr(error, "orig"):  # the latter: SQLAlchemy's own
        return f"MLflow's store cannot be read or written: {fault_of(error)}; {_MEND}"
    return None


def opening_refusal(error: BaseException) -> str | None:
    """The line for a user where kedro-mlflow cannot read its file or open the store.

    Args:
        error: What was raised meanwhile.

    Returns:
        The line; None if the error is of neither kind.
    """
    if getattr(error, "title", None) == "KedroMlflowConfig":  # Pydantic's
        wrong = error.errors()[0]  # type: ignore[attr-defined]
        return f"mlflow.yml: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
    if hasattr(error, "error_code"):
        return f"MLflow's store cannot be opened: {fault_of(error)}; {_MEND}"
    return store_refusal(error)


def fault_of(error: BaseException) -> str:
    """What the database behind an MLflow error says, as one line without its period.

    Args:
        error: MLflow's, or the database library's own.
    """
    return str(getattr(error.__cause__, "orig", error)).strip().splitlines()[0].rstrip(".")
