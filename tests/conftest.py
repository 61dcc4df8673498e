"""What tests share: development data where there is any, a project of their own to run in, no MLflow run left open."""

import gc
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The suite's workers have a core each (Makefile), and its models are tiny: threads of torch's would wait for one another.
# Where a test asks for more, they sleep while they wait instead of spinning.
os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"} | os.environ

# pandera loads Hypothesis in every process that tests start, and Hypothesis would load what other libraries plug into it.
os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"

# How long an example takes tells of the machine, not of the code. The suite tries the same examples every time, so that
# it fails for a change alone; `HYPOTHESIS_PROFILE=explore` tries new ones.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# Two packages that cost and give nothing: jsonschema compiles the grammar of URLs with the one, for more than a second, and
# pandera looks for the other, which is not there, at each column of each table.
sys.modules |= dict.fromkeys(("rfc3987_syntax", "geopandas"))

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.append(str(Path(__file__).parent))  # for the helpers that several folders share


# files of a quarter of a minute and more, the slowest first
SLOWEST = (
    "test_whole_lab.py",
    "test_resume.py",
    "test_killed_run.py",
    "test_one_clear_line.py",
    "test_served_environment.py",
    "test_math_rollouts_environment.py",
    "test_given_samples.py",
    "test_launched_fits.py",
    "test_cluster.py",
    "test_real_environment.py",
    "test_loop_labelers.py",
    "test_people_in_the_loop.py",
)


# A tenth of the suite's time went to looking for garbage among millions of objects that the libraries keep. (They are not
# frozen: a fit and a check of a table ask whether any are, and Python would count them one by one each time.)
gc.set_threshold(50_000, 10, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first, so that no core waits for another at the end."""
    places = {name: place for place, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(SLOWEST)))


def pytest_sessionfinish() -> None:
    """What is left is given back without a search for garbage, which would take seconds."""
    gc.freeze()


@pytest.fixture
def older_objects_kept() -> Iterator[None]:
    """Whoever searches for garbage searches what the test has made; among all objects of the suite it would take a second."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def shared_data() -> Path:
    """The folder of development data, which is not part of the project; the test is skipped where it is absent."""
    folder = Path(os.environ.get("STEPSCALE_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data: {folder} is absent (set STEPSCALE_SHARED_DATA)")
    return folder


@pytest.fixture(autouse=True)
def no_run_left_open() -> Iterator[None]:
    """A test that leaves an MLflow run open fails, and the next one starts without it."""
    yield
    mlflow = sys.modules.get("mlflow")
    left = mlflow.active_run() if mlflow else None
    while mlflow and mlflow.active_run():
        mlflow.end_run("KILLED")
    assert left is None, f"MLflow run {left.info.run_name!r} was left open"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A run in this process configures logging as the project does; the next test must hear its loggers again."""
    yield
    for name in [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "stepscale"]:
        logger = logging.getLogger(name)
        logger.disabled, logger.propagate = False, True
        if logger.level:  # to set one, logging goes through the loggers of all libraries
            logger.setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def paths_as_they_were(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Kedro puts the ``src`` of every project on the paths of this process and its children, and each costs at every import."""
    before = os.environ.get("PYTHONPATH", "")
    yield
    made_here = str(tmp_path_factory.getbasetemp())
    sys.path[:] = [path for path in sys.path if not path.startswith(made_here)]
    if os.environ.get("PYTHONPATH", "") != before:
        os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow store without runs; it takes seconds to make, so it is made once and copied."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def client(tmp_path: Path, empty_store: Path) -> Iterator[Any]:
    """An MLflow client of an empty store, which is also the active one during the test, with an experiment of its own."""
    import mlflow

    uri, before = f"sqlite:///{shutil.copy(empty_store, tmp_path / 'mlflow.db')}", mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    store = mlflow.MlflowClient(uri)
    mlflow.set_experiment(experiment_id=store.create_experiment("tests", str(tmp_path / "artifacts")))
    yield store
    mlflow.set_tracking_uri(before)
    mlflow.set_experiment(experiment_id="0")  # the default one, which every store has


@pytest.fixture
def project(tmp_path: Path, empty_store: Path) -> Path:
    """A Kedro project in a folder of its own: this one's configuration and base model, nothing it has made."""
    return copy_project(tmp_path / "project", empty_store)


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """As ``project``, one for all tests of a module."""
    return copy_project(tmp_path_factory.mktemp("shared") / "project", empty_store)


def copy_project(folder: Path, empty_store: Path) -> Path:
    """This project's configuration and base model in ``folder``."""
    shutil.copytree(REPOSITORY / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(REPOSITORY / name, folder)
    for name in ("src", "conf/local"):
        (folder / name).mkdir()
    shutil.copytree(REPOSITORY / "data" / "01_raw", folder / "data" / "01_raw")
    shutil.copy(empty_store, folder)
    return folder


@pytest.fixture(scope="module")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A model folder with random weights whose tokenizer was trained on given texts: ``model_of(texts, longest=2048)``."""

    def save(texts: Iterable[str], longest: int = 512) -> Path:
        from tiny_models import save_tiny_llama

        return save_tiny_llama(tmp_path_factory.mktemp("tiny") / "llama", texts, longest)

    return save


@pytest.fixture(scope="module")
def run_in() -> Callable[..., Any]:
    """``kedro run`` in this process: ``run_in(project, "--env", "math")`` gives click's result.

    No process per core is started for its pieces of work: each imports torch for seconds, which costs a tiny run more than it
    saves.
    """

    def call(project: Path, *words: str) -> Any:
        from click.testing import CliRunner
        from opened_project import open_project

        from stepscale.cli import cli

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("stepscale.engine.cores.is_cheap_to_copy", lambda folder: False)
            patch.chdir(project)
            open_project(project)
            return CliRunner().invoke(cli, ["run", *words])

    return call


@pytest.fixture(scope="module")
def kedro_in() -> Callable[..., Any]:
    """Kedro's other commands in this process: ``kedro_in(project, "registry", "list")`` gives click's result."""

    def call(project: Path, *words: str) -> Any:
        from click.testing import CliRunner
        from kedro.framework.cli.cli import KedroCLI
        from opened_project import quick_settings

        with pytest.MonkeyPatch.context() as patch, quick_settings():
            patch.chdir(project)
            return CliRunner().invoke(KedroCLI(project), words)

    return call


@pytest.fixture
def kedro(project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The ``kedro`` command in ``project``, a process that first imports for seconds: ``kedro("run", "--env", "smoke")``."""
    return command_in(project)


@pytest.fixture(scope="module")
def shared_kedro(shared_project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """As ``kedro``, in the project of all tests of a module."""
    return command_in(shared_project)


def command_in(project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The ``kedro`` command in a project's folder."""

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "src"), "COLUMNS": "200"}
        command = [sys.executable, "-m", "kedro", *words]
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=3600)

    return call
