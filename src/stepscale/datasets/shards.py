"""A folder of Parquet files, a piece of work each, made and saved one after another by a run that may be killed at any time.

What is saved is a plan (``resume.ShardPlan``). Saving it makes the pieces that no earlier run has made by the same recipe;
each gets its file's name only when it is whole. Loading gives readers of exactly the plan saved last, in its order; pieces of
other plans may be in the same folder. kedro-datasets has nothing of the kind. Its PartitionedDataset saves what was made before,
forgets the order, loads any file it finds, and can leave half a file.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kedro.io.core import AbstractDataset

from stepscale.cost import Ledger, total
from stepscale.datasets.local_folder import local_folder
from stepscale.engine.tasks import run_tasks
from stepscale.errors import InputError
from stepscale.formats.kept_tables import read_kept_frame
from stepscale.progress import progress
from stepscale.resume import Made, Piece, PieceError, ShardPlan, Shards
from stepscale.revision import code_revision
from stepscale.scratch import write_atomically

logger = logging.getLogger(__name__)

_MANIFEST = "plan.json"  # the pieces of the plan saved last; not there while one is being made
_MAKERS = "made.jsonl"  # a line per piece: the revision of the code that made it


class ShardsDataset(AbstractDataset[ShardPlan, Shards]):
    """Pieces of one plan. ``path``: their folder."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = local_folder(path)
        self.metadata = metadata

    def save(self, data: ShardPlan) -> None:
        """Make what is missing, in order, each piece saved at once; then note which pieces are the plan's."""
        self._path.mkdir(parents=True, exist_ok=True)
        manifest = {"pieces": [{"name": piece.name, "file": piece.file_name} for piece in data.pieces]}
        missing = [piece for piece in data.pieces if not self._is_whole(piece)]
        if missing or manifest != self._manifest():
            (self._path / _MANIFEST).unlink(missing_ok=True)
        cost = self._make(data, missing)
        write_atomically(self._path / _MANIFEST, lambda path: path.write_text(json.dumps(manifest, indent=1)))
        logger.info("%s", self._summary(data, missing, cost))

    def load(self) -> Shards:
        """Readers of the plan's pieces, by name, in order; nothing is read before it is asked for.

        A reader raises InputError if its file is damaged.

        Raises:
            InputError: The work is not finished.
        """
        manifest = self._manifest()
        if manifest is None:
            raise InputError(f"{self._path}: its work is not finished; run the pipeline that makes it again")
        return {piece["name"]: partial(read_kept_frame, self._path / piece["file"]) for piece in manifest["pieces"]}

    @property
    def lineage_path(self) -> Path:
        """The file that says what the dataset holds: the list of the plan's pieces, each named by its recipe."""
        return self._path / _MANIFEST

    def _make(self, plan: ShardPlan, missing: Sequence[Piece]) -> Ledger:
        """Make and save pieces; returns what they cost."""
        calls = [(piece.make,) for piece in missing]
        results: Iterator[Made] = run_tasks(_call, calls, plan.side_by_side)
        costs, work = list[Ledger](), sum(piece.size for piece in plan.pieces)
        with progress(plan.purpose, work, plan.unit) as bar:
            bar.update(work - sum(piece.size for piece in missing))
            for piece, result in zip(missing, results, strict=True):
                self._save_piece(piece, result)
                costs += [result.cost] if result.cost else []
                bar.update(piece.size)
        return total(costs)

    def _save_piece(self, piece: Piece, result: Made) -> None:
        with (self._path / _MAKERS).open("a") as file:  # before the piece is there, so that none is without its maker
            file.write(json.dumps({"file": piece.file_name, "revision": code_revision()}) + "\n")
        write_atomically(self._path / piece.file_name, partial(result.table.to_parquet, write_page_checksum=True))
        if piece.when_made:
            piece.when_made(result.note)

    def _is_whole(self, piece: Piece) -> bool:
        """Whether the piece exists and can be read: a full disk or a power cut may have cut it short, or left zeros in it."""
        try:
            read_kept_frame(self._path / piece.file_name)
        except Exception:  # whatever a reader says about a damaged file, the remedy is to make the piece again
            return False
        return True

    def _summary(self, plan: ShardPlan, missing: Sequence[Piece], cost: Ledger) -> str:
        makers, made_now = self._makers(), {piece.name for piece in missing}
        reused = Counter(makers.get(p.file_name, "unknown") for p in plan.pieces if p.name not in made_now)
        revisions = ", ".join(revision for revision, _ in reused.most_common())
        made_at = f" (made at revision {revisions})" if reused else ""
        n_pieces = len(plan.pieces)
        line = f"{plan.purpose}: {n_pieces - len(missing)} of {n_pieces} shards reused{made_at}"
        return f"{line}, {cost.tokens} tokens computed" if cost.tokens else line

    def _makers(self) -> dict[str, str]:
        """Revision by file; a line that a kill cut short is passed over."""
        makers = {}
        path = self._path / _MAKERS
        for line in path.read_text(errors="replace").splitlines() if path.is_file() else []:
            try:
                entry = json.loads(line)
                makers[str(entry["file"])] = str(entry["revision"])
            except (ValueError, KeyError, TypeError):
                continue
        return makers

    def _manifest(self) -> dict[str, list[dict[str, str]]] | None:
        """The plan saved last; None if there is none, a power cut left half of it, or a piece is gone."""
        path = self._path / _MANIFEST
        try:
            plan = json.loads(path.read_text()) if path.is_file() else None
        except ValueError:
            return None
        if not isinstance(plan, dict) or "pieces" not in plan:
            return None
        return plan if all((self._path / piece["file"]).is_file() for piece in plan["pieces"]) else None

    def _exists(self) -> bool:
        """Whether a plan was finished, so that ``--only-missing-outputs`` runs a killed node again."""
        return self._manifest() is not None

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path}


def _call(make: Callable[[], Made]) -> Made:
    """Runs in the process that makes the piece."""
    from stepscale.errors import InputError

    try:
        return make()
    except InputError:
        raise
    except Exception as error:
        raise PieceError(f"{type(error).__name__}: {error}") from error
