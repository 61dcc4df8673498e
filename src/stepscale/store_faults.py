"""What is wrong with MLflow's store, in one line for a user. MLflow is not imported: an error tells by itself what it is."""

_OF_THE_STORE = ("TEMPORARILY_UNAVAILABLE", "RESOURCE_DOES_NOT_EXIST", "INTERNAL_ERROR")  # MLflow's codes
_MEND = "check server.mlflow_tracking_uri in mlflow.yml, its permissions and the room on its disk"


def store_refusal(error: BaseException) -> str | None:
    """The line for a user whose store of MLflow's has refused; None if the error is not of that kind."""
    if getattr(error, "error_code", None) in _OF_THE_STORE or hasattr(error, "orig"):  # the latter: SQLAlchemy's own
        return f"MLflow's store cannot be read or written: {fault_of(error)}; {_MEND}"
    return None


def opening_refusal(error: BaseException) -> str | None:
    """As ``store_refusal``, of an error raised while kedro-mlflow reads its file and opens the store."""
    if getattr(error, "title", None) == "KedroMlflowConfig":  # Pydantic's
        wrong = error.errors()[0]  # type: ignore[attr-defined]
        return f"mlflow.yml: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
    if hasattr(error, "error_code"):
        return f"MLflow's store cannot be opened: {fault_of(error)}; {_MEND}"
    return store_refusal(error)


def fault_of(error: BaseException) -> str:
    """What the data base behind MLflow's error says, in one line."""
    return str(getattr(error.__cause__, "orig", error)).strip().splitlines()[0].rstrip(".")
