"""Environments of a folder or an archive: which pipelines they name, and that an unknown one is told."""

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(
    ("written", "words", "asked"),
    [
        ("{env: samples}", (), ["reporting", "samples"]),
        ("{runner: SequentialRunner}", ("--env", "samples"), ["reporting", "samples"]),
        ("{env: smoke}", ("--env", "samples"), ["reporting", "samples"]),  # the command line goes before the file
        ("{env: samples, pipelines: reporting}", (), ["reporting"]),
        ("{env: samples, pipeline: reporting}", (), ["reporting"]),
        ("{env: samples, pipelines: reporting}", ("--pipelines", "samples"), ["samples"]),
        ("{env: samples, pipelines: [samples, reporting]}", (), ["reporting", "samples"]),
        ("{env: samples, params: [seed=3], pipelines: [reporting]}", (), ["reporting"]),
        ("{env: samples, node_names: report}", (), []),  # a node of any pipeline
        ("{seed: 1}", (), None),
    ],
)
def test_what_a_file_of_options_does_not_say_the_environment_says(
    written: str,
    words: tuple[str, ...],
    asked: list[str] | None,
    run_in: Callable[..., Any],
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = list[list[str]]()
    monkeypatch.setattr(
        "kedro.framework.session.session.KedroSession.run", lambda self, **how: runs.append(how["pipeline_names"]) or {}
    )
    file = project / "options.yml"
    file.write_text(f"run: {written}\n")
    done = run_in(project, "--config", str(file), *words)
    assert (done.exit_code == 0) == (asked is not None), done.output
    assert [sorted(names) for names in runs] == ([] if asked is None else [asked])


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("", "holds no options of kedro run; write them below the key run"),
        ("other: {env: samples}", "holds no options of kedro run"),
        ("run:", "holds no options of kedro run"),
        ("- run", "holds no options of kedro run"),
        ("run: [", "is not YAML"),
        ("run: \xff", "is not YAML"),
        ("3", "holds no options of kedro run"),
        ("run: {env: samples, env: smoke}", "is not YAML (while constructing a mapping"),
        (
            "run: {piplines: reporting}",
            "gives 'piplines', which is no option of kedro run; there are conf_source, env, ",
        ),
        ("run: {config: other.yml}", "gives 'config', which is no option of kedro run"),
    ],
)
def test_a_file_without_options_is_one_line(written: str, line: str, run_in: Callable[..., Any], project: Path) -> None:
    file = project / "options.yml"
    file.write_bytes(written.encode("latin-1"))
    done = run_in(project, "--config", str(file))
    assert done.exit_code == 1 and done.output.startswith(f"Error: {file} {line}"), done.exception
    assert len(done.output.strip().splitlines()) == 1


def test_a_truth_value_in_a_file_of_options_is_read_as_on_the_command_line(
    run_in: Callable[..., Any], project: Path
) -> None:
    file = project / "options.yml"
    file.write_text("run: {params: true}\n")
    done = run_in(project, "--config", str(file))
    assert done.exit_code == 2 and "`True` must contain a key and a value" in done.output
    file.write_text("run: {only_missing_outputs: perhaps}\n")
    assert "'perhaps' is not a valid boolean" in run_in(project, "--config", str(file)).output


def test_a_file_of_options_is_read_however_the_command_is_called(
    run_in: Callable[..., Any], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stepscale.cli import run

    runs = list[list[str]]()
    monkeypatch.setattr(
        "kedro.framework.session.session.KedroSession.run", lambda self, **how: runs.append(how["pipeline_names"]) or {}
    )
    (project / "options.yml").write_text("run: {env: samples, pipelines: reporting}\n")
    assert run_in(project, "--config", str(project / "options.yml")).exit_code == 0
    monkeypatch.chdir(project)
    run.main(["--config", "options.yml"], prog_name="python -m stepscale", standalone_mode=False)
    assert runs == [["reporting"], ["reporting"]]


def test_kedro_s_own_command_is_left_as_it_is() -> None:
    from kedro.framework.cli.project import run as kedro_run

    from stepscale.cli import run

    (of_kedro,), (ours,) = (
        [param for param in command.params if param.name == "config"] for command in (kedro_run, run)
    )
    assert of_kedro is not ours and of_kedro.opts == ours.opts
    assert of_kedro.callback and of_kedro.callback.__module__.startswith("kedro.")


def test_an_archive_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    archive = tmp_path / "conf.tar.gz"
    archive.write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"conf.tar.gz: .*; name the archive .tar.gz or .zip"):
        check_environment("samples", str(archive))
