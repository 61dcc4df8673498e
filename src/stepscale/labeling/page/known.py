"""How far labelers agree with labels that are known: screening and quality control (Lightman et al. 2023, 2.4 and D).

In: records, and the samples whose ratings are known. Out: for each labeler the share of known questions on which the same
first wrong step was found, or none. Neutral counts as positive, as in the paper's PRM.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stepscale.formats.fields import Record
from stepscale.labeling.contract import first_negative_step
from stepscale.labeling.page.prm800k_samples import ratings_of
from stepscale.labeling.page.sample import Sample, sample_id

_UNFINISHED = ("give_up", "bad_problem")


@dataclass
class Tally:
    """Known questions that a labeler answered.

    Attributes:
        answered: How many.
        agreed: Those with the same first wrong step as is known, or none.
        screening: Those of the screening.
    """

    answered: int = 0
    agreed: int = 0
    screening: int = 0

    @property
    def agreement(self) -> float | None:
        """Share in [0, 1]; None before the first known question."""
        return self.agreed / self.answered if self.answered else None

    def add(self, record: Record, sample: Sample) -> None:
        """Count a record of a sample whose ratings are known.

        Args:
            record: A labeler's record.
            sample: The sample, whose ratings are known.
        """
        self.answered += 1
        self.screening += bool(record.get("is_initial_screening_question"))
        self.agreed += agrees(record, sample)

    def fails(self, least_agreement: float, least_questions: int) -> bool:
        """Whether the labeler agrees too little, once enough known questions are answered.

        Args:
            least_agreement: Share of known questions to be judged as known, in [0, 1].
            least_questions: Answers before that is judged.
        """
        return self.answered >= least_questions and self.agreed < least_agreement * self.answered


def is_known_question(record: Record) -> bool:
    """Whether a record answers a screening or quality-control question.

    Args:
        record: Of the labels' file.
    """
    return bool(record.get("is_quality_control_question") or record.get("is_initial_screening_question"))


def id_of(record: Record) -> str:
    """The id of the sample that a record labels.

    Args:
        record: Of the labels' file. Where it does not name the steps, they are those of its first completions.
    """
    question = record["question"]
    steps = question.get("pre_generated_steps")
    if not steps:
        steps = [step["completions"][0]["text"] for step in record["label"]["steps"] if step["completions"]]
    return sample_id(question["problem"], steps)


def agrees(record: Record, sample: Sample) -> bool:
    """Whether a record finds the same first wrong step as is known, or none.

    Args:
        record: A labeler's record.
        sample: The sample, with its known labels.
    """
    label = record["label"]
    if label.get("finish_reason") in _UNFINISHED:
        return False
    return first_negative_step(ratings_of(label["steps"], sample.steps)) == first_negative_step(sample.known)


def tallies(records: Iterable[Record], known_samples: Mapping[str, Sample]) -> dict[str, Tally]:
    """The tally of each labeler who answered a known question.

    Args:
        records: Of all labelers.
        known_samples: Samples with known labels, by id.

    Returns:
        Tallies by labeler.
    """
    by_labeler: dict[str, Tally] = defaultdict(Tally)
    for record in records:
        if is_known_question(record) and (sample := known_samples.get(id_of(record))) is not None:
            by_labeler[str(record.get("labeler"))].add(record, sample)
    return dict(by_labeler)
