"""Data that does not belong together is refused; data without a record, or made again alike, is taken."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from configured import parameters
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro_datasets.pandas import ParquetDataset

from stepscale.errors import InputError
from stepscale.hooks import inputs, lineage, staleness
from stepscale.hooks.lineage import Lineage
from stepscale.hooks.named_files import named_files
from stepscale.hooks.staleness import check_node, check_run
from stepscale.parameters import FileSource, check_parameters
from stepscale.verifiers.public import PublicVerifier


def sample(problems: pd.DataFrame, settings: dict[str, Any]) -> pd.DataFrame:
    return problems.assign(text=[f"at {settings['temperature']}"] * len(problems))


def score(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(score=0.5)


def report(samples: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    return samples.merge(scores)


NODES = {
    "sampling": Node(sample, ["problems", "params:sampling"], "samples", name="sample"),
    "scoring": Node(score, "samples", "scores", name="score"),
    "reporting": Node(report, ["samples", "scores"], "page", name="report"),
}


class WithoutIt(ParquetDataset):
    """A table that may be absent."""

    def load(self) -> pd.DataFrame | None:
        """Nothing where it is absent."""
        return super().load() if self._exists() else self.empty()

    def empty(self) -> None:
        """What stands for it."""


class Project:
    """Three nodes, each a pipeline of its own, and their data on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parameters: dict[str, Any] = {"temperature": 1.0, "shards": {"size": 2}}
        self.optional: set[str] = set()

    def save(self, name: str, n: int) -> None:
        """Put a dataset there by hand."""
        pd.DataFrame({"id": range(n)}).to_parquet(self.folder / f"{name}.parquet")

    def catalog(self) -> DataCatalog:
        """Where the four tables are, and the parameters."""
        datasets: dict[str, Any] = {
            name: (WithoutIt if name in self.optional else ParquetDataset)(
                filepath=str(self.folder / f"{name}.parquet")
            )
            for name in ("problems", "samples", "scores", "page")
        }
        catalog = DataCatalog(datasets)
        catalog["params:sampling"] = self.parameters
        return catalog

    def check(self, *names: str, **run_params: Any) -> DataCatalog:
        """What the hooks do before a run of these pipelines."""
        catalog = self.catalog()
        check_run(Lineage(self.folder, catalog, "now"), run_params, Pipeline([NODES[name] for name in names]))
        return catalog

    def record_page(self) -> dict[str, Any]:
        """Write down what the page that lies there was made of."""
        Lineage(self.folder, self.catalog(), "then").record("page", NODES["reporting"], seconds=1.0)
        record: dict[str, Any] = json.loads((self.folder / "lineage" / "page.json").read_text())
        return record

    def run(self, *names: str, **run_params: Any) -> DataCatalog:
        """What a run of these pipelines does, with the hooks."""
        catalog = self.catalog()
        records = Lineage(self.folder, catalog, "now")
        pipeline = Pipeline([NODES[name] for name in names])
        check_run(records, run_params, pipeline)
        for node in pipeline.nodes:
            check_node(records, node)
            outputs = node.run({name: catalog.load(name) for name in node.inputs})
            for name, data in outputs.items():
                catalog.save(name, data)
                records.record(name, node, seconds=1.0)
        return catalog


def made_by(monkeypatch: pytest.MonkeyPatch, makers: dict[str, list[tuple[str, Node]]]) -> None:
    for module in (inputs, lineage, staleness):
        monkeypatch.setattr(module, "nodes_by_output", lambda: makers)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made_by(monkeypatch, {name: [(pipeline, node)] for pipeline, node in NODES.items() for name in node.outputs})
    project = Project(tmp_path)
    project.save("problems", 3)
    project.run("sampling", "scoring")
    return project


def test_scores_of_other_samples_than_those_there_are_refused_with_the_remedy(project: Project) -> None:
    project.parameters["temperature"] = 1.5
    project.run("sampling")
    with pytest.raises(InputError) as caught:
        project.run("reporting", env="smoke")
    line = "scores was made from another version of samples than the one that is there now; make it again: kedro run"
    assert str(caught.value) == f"stale data: {line} --env smoke --pipelines scoring"
    project.run("scoring")
    project.run("reporting")


def test_what_changed_further_back_makes_data_stale_too(project: Project) -> None:
    project.save("problems", 4)
    with pytest.raises(InputError, match="scores was made from another version of problems"):
        project.run("reporting")


def test_what_is_made_again_alike_makes_nothing_stale(project: Project) -> None:
    project.run("sampling")
    project.run("reporting")


def test_data_put_there_by_hand_and_data_without_a_record_are_taken(project: Project) -> None:
    project.save("samples", 5)
    pd.DataFrame({"id": range(5), "score": 0.1}).to_parquet(project.folder / "scores.parquet")
    project.run("reporting")


def test_what_a_run_makes_stale_itself_is_refused_before_it_is_read(project: Project) -> None:
    project.parameters["temperature"] = 1.5
    with pytest.raises(InputError, match="scores was made from another version of samples"):
        project.run("sampling", "reporting")


def test_only_missing_outputs_does_not_keep_what_is_stale(project: Project) -> None:
    project.save("problems", 4)
    with pytest.raises(InputError, match="samples was made from another version of problems"):
        project.run("sampling", only_missing_outputs=True)


def test_only_missing_outputs_makes_again_what_was_made_without_data_that_is_there_now(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    """As a report that was written before a further study."""
    (project.folder / "scores.parquet").rename(project.folder / "elsewhere.parquet")
    project.save("page", 3)
    lineage_of_page = project.record_page()
    assert "scores" not in lineage_of_page["inputs"]
    (project.folder / "elsewhere.parquet").rename(project.folder / "scores.parquet")
    caplog.set_level("WARNING", "stepscale")
    project.optional = {"page"}
    catalog = project.check("reporting", only_missing_outputs=True)
    assert not catalog.exists("page")
    catalog.save("page", pd.DataFrame({"id": range(2)}))
    assert len(catalog.load("page")) == 2, "the next node reads what was made again"
    assert "made again: page (without scores)" in caplog.text
    assert project.check("reporting").exists("page")  # an ordinary run makes it in any case


def test_only_missing_outputs_keeps_what_is_whole(project: Project) -> None:
    project.run("reporting")
    assert project.check("reporting", only_missing_outputs=True).exists("page")


def test_other_parameters_are_a_warning_that_names_them(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    project.parameters["shards"] = {"size": 3}
    caplog.set_level("WARNING", "stepscale")
    check_only = {"only_missing_outputs": True}
    project.run("sampling", **check_only)
    expected = "made with other parameters than today's and taken as it is: samples (sampling.shards.size)"
    assert [record.getMessage() for record in caplog.records] == [expected]


def test_parameters_are_compared_with_their_defaults_whether_or_not_the_run_reads_them(
    tmp_path: Path,
) -> None:
    """Kedro types the parameters of the nodes that run alone, and makes no settings that none of them takes."""
    written = parameters("smoke")
    names = ("params:tree_search", "params:verifiers", "params:search_settings", "params:seed")
    catalog = DataCatalog({"samples": ParquetDataset(filepath=str(tmp_path / "samples.parquet"))})
    catalog["parameters"] = written
    made_with = Lineage(tmp_path, catalog, "then").parameters_now(names)
    assert set(made_with) == set(names) and made_with["params:tree_search"]["strategies"][0]["rounds"] == 40

    catalog["params:tree_search"], catalog["params:seed"] = written["tree_search"], 0
    assert Lineage(tmp_path, catalog, "now").parameters_now(names) == made_with
    catalog["parameters"] = written | {"tree_search": written["tree_search"] | {"problems": 11}}
    now = Lineage(tmp_path, catalog, "now").parameters_now(names)
    assert now["params:tree_search"]["problems"] == now["params:search_settings"]["tree_search"]["problems"] == 11


def test_all_parameters_at_once_are_compared_alike_whichever_blocks_kedro_has_typed(tmp_path: Path) -> None:
    written = parameters("smoke")
    typed = check_parameters(written)
    catalog = DataCatalog()
    catalog["parameters"] = written
    then = Lineage(tmp_path, catalog, "then").parameters_now(["parameters"])
    of_this_run = {"data_root": "elsewhere", "run_name": "mine"}
    catalog["parameters"] = written | of_this_run | {"search": typed.search, "tree_search": typed.tree_search}
    assert Lineage(tmp_path, catalog, "now").parameters_now(["parameters"]) == then
    catalog["parameters"] = written | {"seed": 5}
    assert Lineage(tmp_path, catalog, "now").parameters_now(["parameters"])["parameters"]["seed"] == 5


def test_other_code_is_a_warning(
    project: Project, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("WARNING", "stepscale")
    monkeypatch.setattr(staleness, "code_of", lambda _: "another")
    project.run("reporting")
    assert "made by other code than today's and taken as it is: samples (at " in caplog.text


def test_what_another_pipeline_makes_by_other_code_is_no_reason_for_a_warning(
    project: Project, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("WARNING", "stepscale")
    others = Node(named_files, "problems", "samples", name="sample")  # of the same name, as test samples are gathered
    made_by(monkeypatch, {"samples": [("instead", others), ("sampling", NODES["sampling"])]})
    project.run("reporting")
    assert "other code" not in caplog.text
    made_by(monkeypatch, {"samples": [("instead", others)]})
    project.run("reporting")
    assert "made by other code than today's and taken as it is: samples (at " in caplog.text


def test_stale_optional_data_counts_as_absent(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", "stepscale")
    project.parameters["temperature"] = 1.5
    project.run("sampling")
    project.optional = {"scores"}
    with pytest.raises(TypeError):  # this report does not do without; it was given none
        project.run("reporting")
    assert "scores is left out: it was made from another version of samples than the one that is there" in caplog.text


def test_a_record_says_what_made_a_dataset(project: Project) -> None:
    catalog = project.run("sampling")
    origin = Lineage(project.folder, catalog, "later").origin("samples")
    assert origin is not None
    assert (origin["node"], origin["run"]) == ("sample", "now")
    assert origin["parameters"] == {"params:sampling": project.parameters}
    assert set(origin["inputs"]) == {"problems"} and len(origin["code"]) == 64


def test_each_record_is_read_once_however_many_ways_lead_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two datasets on each of twelve floors, made from both of the floor below: 4,096 ways from the last to the first."""
    names = [f"{side}{floor}" for floor in range(12) for side in "ab"]
    files = {name: ParquetDataset(filepath=str(tmp_path / f"{name}.parquet")) for name in names}
    records = Lineage(tmp_path, DataCatalog(files), "now")
    monkeypatch.setattr(lineage, "nodes_by_output", dict)
    for name in names:
        below = [f"{side}{int(name[1:]) - 1}" for side in "ab"] if name[1:] != "0" else []
        files[name].save(pd.DataFrame({"id": [name]}))
        records.record(name, Node(lambda *_: None, below or None, name, name=name), seconds=1.0)
    reads: list[str] = []
    origin = records.origin
    monkeypatch.setattr(records, "origin", lambda name: reads.append(name) or origin(name))
    check_node(records, Node(report, ["a11", "b11"], "page", name="last"))
    assert sorted(reads) == sorted(names)
    files["a0"].save(pd.DataFrame({"id": ["another"]}))
    with pytest.raises(InputError, match="a11 was made from another version of a0"):
        check_node(records, Node(report, ["a11", "b11"], "page", name="last"))


@pytest.mark.parametrize("kind", ["file", "folder of a model"])
def test_a_named_file_whose_content_has_changed_makes_stale_what_was_made_of_it(project: Project, kind: str) -> None:
    place = project.folder / "given"
    content = place / "config.json" if kind != "file" else place
    content.parent.mkdir(exist_ok=True)
    content.write_text("1")
    source: Any = FileSource(path=str(place), format="math")
    project.parameters = source if kind == "file" else PublicVerifier(adapter="trl", source=str(place))
    Lineage(project.folder, project.catalog(), "then").record("samples", NODES["sampling"], seconds=1.0)
    project.check("scoring")
    project.check("sampling", only_missing_outputs=True)
    content.write_text("22")
    for names, flags in ((["scoring"], {}), (["sampling"], {"only_missing_outputs": True})):
        with pytest.raises(InputError, match=f"stale data: samples was made from another version of file {place} than"):
            project.check(*names, **flags)
    project.check("sampling")  # makes it again
    content.write_text("1")
    project.check("scoring")


def test_a_run_finds_the_files_and_models_that_its_parameters_name(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("{}")
    written = parameters("smoke")
    written["search"]["given_samples"] = {"path": str(tmp_path / "x.jsonl"), "format": "best_of_n"}
    written["verifiers"]["base"] = str(tmp_path)
    typed = check_parameters(written)
    assert list(named_files(typed.search)) == [f"file {tmp_path / 'x.jsonl'}"]
    assert f"file {tmp_path}" in list(named_files(typed.verifiers))
    assert not list(named_files({"path": str(tmp_path)})) and not list(named_files(typed.report))


def test_times_of_nodes_whose_outputs_stay_in_memory_are_kept_with_the_next_dataset_on_disk(project: Project) -> None:
    project.save("problems", 1)
    catalog = project.catalog()
    catalog["samples"] = MemoryDataset()
    records = Lineage(project.folder, catalog, "now")
    records.record("samples", NODES["sampling"], seconds=2.0)
    project.save("scores", 1)
    records.record("scores", NODES["scoring"], seconds=0.5)
    origin = records.origin("scores")
    assert origin and origin["seconds"] == {"sample": 2.0, "score": 0.5} and set(origin["inputs"]) == {"problems"}
