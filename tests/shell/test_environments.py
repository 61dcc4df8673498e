"""Environments of a folder or an archive: which pipelines they name, and that an unknown one is told."""

import tarfile
from pathlib import Path

import pytest

from stepscale.environments import check_environment, pipelines_of
from stepscale.errors import InputError

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.fixture(params=["folder", "archive"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The configuration, as it lies there or packed."""
    if request.param == "folder":
        return str(CONF)
    with tarfile.open(tmp_path / "conf.tar.gz", "w:gz") as archive:
        archive.add(CONF, "conf")
    return str(tmp_path / "conf.tar.gz")


def test_an_environment_says_which_pipelines_it_runs(source: str) -> None:
    assert pipelines_of("samples", source) == ["samples", "reporting"]


def test_an_unknown_environment_is_told_with_those_there_are(source: str) -> None:
    check_environment("samples", source)
    with pytest.raises(InputError, match=r"no environment is called 'sample'; the folders of .* are .*samples, "):
        check_environment("sample", source)


def test_without_the_folder_local_the_remedy_is_told(tmp_path: Path) -> None:
    (tmp_path / "conf" / "base").mkdir(parents=True)
    with pytest.raises(InputError, match=r"local is absent, .* make the folder"):
        check_environment(None, str(tmp_path / "conf"))


def test_looking_at_environments_leaves_the_session_s_globals_alone() -> None:
    from kedro.config import OmegaConfigLoader

    loader = OmegaConfigLoader(str(CONF), env="smoke", base_env="base", default_run_env="local")
    check_environment("smoke", str(CONF))
    pipelines_of("samples", str(CONF))
    assert loader["globals"]["data"] == "data/smoke"
    assert "data/smoke" in str(loader["catalog"]["problems"])
