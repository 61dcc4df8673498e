"""Who labels what next: samples in their order, reserved while a labeler works on them, some of them for two people.

In: samples, and the file of records, which is all that is remembered. Out: the next sample of a labeler. A reservation is a
courtesy and no lock: a label that comes after it ran out is saved all the same. A second label of one person is not.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from stepscale.errors import InputError
from stepscale.formats.fields import Record
from stepscale.labeling.page.known import Tally, id_of, is_known_question
from stepscale.labeling.page.page_options import PageOptions
from stepscale.labeling.page.records import Kind, Submission, make_record
from stepscale.labeling.page.sample import Sample
from stepscale.labeling.page.store import RecordFile
from stepscale.seeds import seed_for

_GRAIN = 1 << 63


@dataclass(frozen=True)
class LabelingProgress:
    """How far a labeler is, and all of them.

    Attributes:
        labeled: Samples that this labeler has labeled.
        left: Samples that may still be handed to this labeler.
        agreement: With known labels, in [0, 1]; None before the first known question.
        left_out: Whether the labeler's labels do not count.
        waiting: Samples that lack a label, by any labeler.
    """

    labeled: int
    left: int  # for this labeler
    agreement: float | None
    left_out: bool
    waiting: int  # samples that lack a label, by any labeler


class Queue:
    """The samples that are to be labeled, for several people at once.

    Args:
        samples: In the order in which they are asked for.
        file: The records so far; new ones are added to it.
        options: How they are handed out.
        known_samples: With known ratings, by id, for screening and quality control.
        clock: Seconds, for reservations.

    Raises:
        InputError: Known questions are asked for and there are none.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        file: RecordFile,
        options: PageOptions,
        known_samples: Mapping[str, Sample] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options, self._file, self._clock = options, file, clock
        self._known_samples = dict(known_samples or {})
        if (options.screening or options.quality_control) and not self._known_samples:
            raise InputError("screening and quality control ask known questions; name a PRM800K file of them: --known")
        if options.screening > len(self._known_samples):
            raise InputError(
                f"screening asks {options.screening} questions and {len(self._known_samples)} are known; ask fewer"
            )
        self._samples = {sample.id: sample for sample in samples if sample.id not in self._known_samples}
        self._needed = {  # labels of each sample
            key: 1 + (seed_for(options.seed, "twice", key) / _GRAIN < options.twice) for key in self._samples
        }
        self._lock = threading.Lock()
        self._labelers: dict[str, list[str]] = defaultdict(list)  # sample -> those who labeled it
        self._labeled: dict[str, set[str]] = defaultdict(set)  # labeler -> samples, known ones too
        self._tallies: dict[str, Tally] = defaultdict(Tally)
        self._reserved: dict[str, dict[str, float]] = defaultdict(dict)  # sample -> labeler -> when it runs out
        self._at_work: dict[str, str] = {}  # labeler -> the sample that was handed out last
        for record in file.records:
            self._count(record)

    def next(self, labeler: str) -> Sample | None:
        """The sample that a labeler rates next; the same again until it is saved or its reservation has run out.

        None if nothing is left, or the labeler agrees too little with known labels.

        Args:
            labeler: Name of the labeler.

        Returns:
            The sample; None if nothing is left, or the labeler agrees too little with known labels.
        """
        with self._lock:
            if self._is_left_out(labeler):
                return None
            current = self._at_work.get(labeler)
            if current and self._reserved[current].get(labeler, 0.0) > self._clock():
                return self._sample(current)
            sample = self._known_question(labeler) or self._task(labeler)
            self._at_work.pop(labeler, None)
            if sample is not None:
                self._reserve(sample.id, labeler)
            return sample

    def save(self, labeler: str, submission: Submission) -> bool:
        """Put the record on the disk.

        Args:
            labeler: Who sends it.
            submission: What the page sends.

        Returns:
            Whether it is new; this labeler's second record of a sample is not written.

        Raises:
            InputError: There is no such sample, or the submission does not fit it.
            OSError: The disk did not take it.
        """
        with self._lock:
            sample = self._sample(submission.sample)
            if sample is None:
                raise InputError(f"no sample {submission.sample} is to be labeled here; reload the page")
            if sample.id in self._labeled[labeler]:
                return False
            record = make_record(sample, submission, labeler, self._kind(sample.id, labeler), self.options.ask)
            self._file.append(record)
            self._count(record)
            return True

    def progress(self, labeler: str) -> LabelingProgress:
        """How far a labeler is.

        Args:
            labeler: Name of the labeler.
        """
        with self._lock:
            tally = self._tallies[labeler]
            left_out = self._is_left_out(labeler)
            open_ones = [key for key in self._samples if self._missing(key) > 0]
            labeled_keys = self._labeled[labeler]
            return LabelingProgress(
                labeled=len(labeled_keys),
                left=0 if left_out else sum(key not in labeled_keys for key in open_ones),
                agreement=tally.agreement,
                left_out=left_out,
                waiting=len(open_ones),
            )

    def _is_left_out(self, labeler: str) -> bool:
        """Screening is judged as a whole."""
        least = max(self.options.screening, self.options.least_questions)
        return self._tallies[labeler].fails(self.options.least_agreement, least)

    def _sample(self, key: str) -> Sample | None:
        return self._known_samples.get(key) or self._samples.get(key)

    def _kind(self, key: str, labeler: str) -> Kind:
        if key not in self._known_samples:
            return "task"
        return "screening" if self._tallies[labeler].screening < self.options.screening else "quality_control"

    def _known_question(self, labeler: str) -> Sample | None:
        """A known question that this labeler has not answered, if it is time for one; each labeler has an order."""
        labeled_keys = self._labeled[labeler]
        if self._tallies[labeler].screening >= self.options.screening:
            draw = seed_for(self.options.seed, "quality-control", labeler, len(labeled_keys)) / _GRAIN
            if draw >= self.options.quality_control:
                return None
        open_keys = [key for key in self._known_samples if key not in labeled_keys]
        key = min(open_keys, key=lambda key: seed_for(self.options.seed, f"known|{labeler}", key), default=None)
        return None if key is None else self._known_samples[key]

    def _task(self, labeler: str) -> Sample | None:
        now, labeled_keys = self._clock(), self._labeled[labeler]
        for key, sample in self._samples.items():
            if key in labeled_keys:
                continue
            n_others = sum(until > now for name, until in self._reserved.get(key, {}).items() if name != labeler)
            if self._missing(key) > n_others:
                return sample
        return None

    def _missing(self, key: str) -> int:
        """Labels that a sample lacks; those of labelers who are left out do not count."""
        labelers = self._labelers.get(key, ())
        return self._needed[key] - sum(not self._is_left_out(name) for name in labelers)

    def _reserve(self, key: str, labeler: str) -> None:
        self._at_work[labeler] = key
        self._reserved[key][labeler] = self._clock() + 60 * self.options.reserve_minutes

    def _count(self, record: Record) -> None:
        """Remember a record that is on the disk."""
        labeler, key = str(record.get("labeler")), id_of(record)
        self._labeled[labeler].add(key)
        if not is_known_question(record):
            self._labelers[key].append(labeler)
        elif key in self._known_samples:
            self._tallies[labeler].add(record, self._known_samples[key])
        self._reserved.get(key, {}).pop(labeler, None)
        if self._at_work.get(labeler) == key:
            del self._at_work[labeler]
