import json
from pathlib import Path

import pytest

from stepscale.errors import InputError
from stepscale.labeling.page.asked_samples import read_known, read_samples

ASKED = {
    "problem_id": "1",
    "sample_id": 0,
    "problem": "p",
    "steps": ["a", "b"],
    "answer": "2",
    "round": 1,
    "score": 0.5,
}


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_the_loops_list_is_read_in_its_order_and_each_text_once(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "loop_asked_1.jsonl", ASKED, ASKED | {"steps": ["c"], "score": None}, ASKED | {"sample_id": 7}
    )
    samples = read_samples(path)
    assert [s.steps for s in samples] == [("a", "b"), ("c",)]
    assert (samples[0].answer, samples[0].round, samples[0].score) == ("2", 1, 0.5)


def test_a_folder_means_the_latest_round(tmp_path: Path) -> None:
    for i in (2, 10):
        lines(tmp_path / f"loop_asked_{i}.jsonl", ASKED | {"round": i})
    assert read_samples(tmp_path)[0].round == 10
    with pytest.raises(InputError, match=r"no loop_asked_<round>\.jsonl is there; run the data loop"):
        read_samples(tmp_path / "nowhere")


def test_a_file_that_is_not_there_is_told_as_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nofile\.jsonl: there is no such file; name the file of samples"):
        read_samples(tmp_path / "nofile.jsonl")


@pytest.mark.parametrize("bad", [{"problem": "p"}, {"problem": 1, "steps": ["a"]}, {"problem": "p", "steps": []}, "x"])
def test_a_bad_line_is_named(tmp_path: Path, bad: object) -> None:
    with pytest.raises(InputError, match=r"asked\.jsonl:2: "):
        read_samples(lines(tmp_path / "asked.jsonl", ASKED, bad))


def test_given_samples_of_any_format_can_be_labeled(tmp_path: Path) -> None:
    record = {"id": "x", "problem": "p", "steps": ["a", "b"], "label": 1, "final_answer_correct": False}
    samples = read_samples(lines(tmp_path / "pb.jsonl", record), "processbench")
    assert [s.steps for s in samples] == [("a", "b")]
    with pytest.raises(InputError, match="format 'x': choose one of asked, prm800k"):
        read_samples(tmp_path / "pb.jsonl", "x")


def test_published_records_give_their_solutions_alternatives_and_known_ratings(shared_data: Path) -> None:
    folder = shared_data / "prm800k"
    samples = read_samples(folder / "records_original.jsonl", "prm800k")
    generated = next(s for s in samples if s.round == 6)
    assert len(generated.steps) == 13 and generated.known and generated.known[-1] == -1 and generated.score
    first = samples[0]
    assert first.steps[1].startswith("We have $3p+e") and len(first.alternatives[1]) == 5
    assert len(read_known(folder / "phase1_test.reconstructed.jsonl")) > 70


def test_only_scores_of_the_steps_themselves_are_shown_beside_them(tmp_path: Path) -> None:
    rewarded = {"question": "p", "gt": "2", "code": ["a\n\nb", "c"], "pred_score": [0.0, 0.0]}
    whole, single = read_samples(lines(tmp_path / "qwen.jsonl", rewarded), "best_of_n")
    assert (whole.steps, whole.negative, single.negative) == (("a", "b"), (), (0.5,))
    searched = {"problem": "p", "answer": "2", "completions": ["a\n\nb"], "scores": [[0.5, 0.25, 0.75]]}
    (sample,) = read_samples(lines(tmp_path / "learn.jsonl", searched), "search_and_learn")
    assert sample.negative == sample.neutral == ()
