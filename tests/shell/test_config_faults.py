"""Configuration files that Kedro stops at without naming them, or reads past, are named with what is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader

from stepscale.config_faults import config_fault, misnamed_file
from stepscale.environments import pipelines_of
from stepscale.errors import InputError
from stepscale.settings import CONFIG_LOADER_ARGS

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of the environment ``mine`` into a small configuration."""
    for name in ("base", "mine"):
        (tmp_path / name).mkdir()
    (tmp_path / "base" / "parameters.yml").write_text("seed: 1\n")

    def write(name: str, content: str | bytes) -> Path:
        file = tmp_path / "mine" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write


def fault(conf: Path) -> str | None:
    """What is said after Kedro could not read the parameters."""
    loader = OmegaConfigLoader(str(conf), env="mine", **{**CONFIG_LOADER_ARGS, "default_run_env": "mine"})
    try:
        loader["parameters"]
    except Exception as error:  # of YAML, OmegaConf or Python itself
        return config_fault(error, "mine", str(conf))
    pytest.fail("Kedro read the parameters")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: 1\ntitle: café\n".encode("latin-1"), ":2: is not in UTF-8; save the file in that encoding"),
        ("a: 1\n".encode("utf-16"), ":1: is not in UTF-8; save the file in that encoding"),
        ("- a\n- b\n", ": holds a list; a file holds keys with values"),
        ("~: 1\n", ": Incompatible key type 'NoneType'; a file holds keys, which are texts, with values"),
        ("5\n", ": Invalid loaded object type: int; a file holds keys, which are texts, with values"),
        ("a: 1\na: 2\n", ":2: found duplicate key a; mend it"),
        ("a: [1\n", ":2: did not find expected ',' or ']'; mend it"),
        ("a: cost ${x\n", ": a: no viable alternative at input '${x'; if the text itself is meant, write \\${...}"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(write: Write, tmp_path: Path, content: str | bytes, said: str) -> None:
    file = write("parameters.yml", content)
    assert fault(tmp_path) == f"{file}{said}"


def test_a_file_of_a_folder_is_looked_at_too(write: Write, tmp_path: Path) -> None:
    file = write("parameters/more.yml", "- a\n")
    assert fault(tmp_path) == f"{file}: holds a list; a file holds keys with values"


@pytest.mark.parametrize("value", ["cost ${x}", "cost ${x:y}"])
def test_a_dollar_sign_with_braces_is_told_with_its_key_and_the_way_to_mean_it(
    write: Write, tmp_path: Path, value: str
) -> None:
    file = write("parameters.yml", f"release: {{rows: [{{title: '{value}'}}]}}\n")
    line = fault(tmp_path)
    assert line and line.startswith(f"{file}: release.rows[0].title: ") and line.endswith("write \\${...}")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("base", "mine", "said"),
    [
        ("report: {budgets: [1, 2]}", "report: {budgets: {0: 1}}", "report.budgets: keys, where {base} has a list"),
        ("loop: {problems: 3}", "loop: [3]", "loop: a list, where {base} has keys"),
    ],
)
def test_a_list_for_keys_or_keys_for_a_list_is_told_with_both_files(
    write: Write, tmp_path: Path, base: str, mine: str, said: str
) -> None:
    (tmp_path / "base" / "parameters.yml").write_text(base)
    file = write("parameters.yml", mine)
    assert fault(tmp_path) == f"{file}: {said.format(base=tmp_path / 'base' / 'parameters.yml')}"


def test_a_list_for_keys_in_the_command_is_told(write: Write, tmp_path: Path) -> None:
    error = TypeError("Cannot merge incompatible container types")
    assert str(config_fault(error, "mine", str(tmp_path))).startswith("--params: a list stands where a file has keys")


def test_sound_files_and_files_that_nothing_reads_are_no_fault(write: Write, tmp_path: Path) -> None:
    write("notes.yml", "- a\n")
    write("parameters.yml", "title: \\${x}\n")
    assert config_fault(ValueError("of the program"), "mine", str(tmp_path)) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("parameter.yml", "parameters.yml"),
        ("params.yml", "parameters.yml"),
        ("Parameters.yaml", "parameters.yaml"),
        ("catalogue.yml", None),  # begins like catalog, so Kedro reads it
        ("catlog.yml", "catalog.yml"),
        ("global.yml", "globals.yml"),
        ("runs.yml", "run.yml"),
        ("notes.yml", None),
        ("spark.yml", None),
        ("parameters_of_mine.yml", None),
        ("parameters/more.yml", None),
    ],
)
def test_a_misspelled_name_is_told_with_the_right_one(
    write: Write, tmp_path: Path, name: str, meant: str | None
) -> None:
    file = write(name, "a: 1\n")
    line = misnamed_file("mine", str(tmp_path))
    told = f"{file}: nothing reads a file of this name; rename it {meant}, or remove it"
    assert line == (told if meant else None)


@pytest.mark.parametrize(
    "content", ["- reporting\n", "reporting\n", "pipelines: reporting\n", "pipeline: [reporting]\n"]
)
def test_a_list_of_pipelines_of_another_form_is_refused(write: Write, tmp_path: Path, content: str) -> None:
    file = write("run.yml", content)
    with pytest.raises(InputError, match="holds names of pipelines, as in") as raised:
        pipelines_of("mine", str(tmp_path))
    assert str(raised.value).startswith(str(file))


def test_an_empty_list_of_pipelines_names_none(write: Write, tmp_path: Path) -> None:
    write("run.yml", "")
    assert pipelines_of("mine", str(tmp_path)) == []


def test_the_command_says_one_line(run_in: Callable[..., Any], project: Path) -> None:
    file = project / "conf" / "smoke" / "parameters_more.yml"
    file.write_bytes("title: café\n".encode("latin-1"))
    result = run_in(project, "--env", "smoke")
    assert result.exit_code == 1 and "Traceback" not in result.output
    assert result.output.strip().splitlines()[-1] == f"Error: {file}:1: is not in UTF-8; save the file in that encoding"
