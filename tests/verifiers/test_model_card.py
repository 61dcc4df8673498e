"""The card of a saved verifier."""

from pathlib import Path

from stepscale.verifiers.model_card import write_card
from stepscale.verifiers.options import VerifierTraining


def test_the_same_training_writes_the_same_card_wherever_its_folder_lies(tmp_path: Path) -> None:
    """Else a model that was made again would be another version, and all that was made from it stale."""
    folders = [tmp_path / "stepscale-prm-a1b2", tmp_path / "prm_model"]
    for folder in folders:
        folder.mkdir()
        write_card(
            folder, "base", VerifierTraining(kind="prm"), ("negative", "neutral", "positive"), {"examples": 3}, {}
        )
    cards = [(folder / "README.md").read_text() for folder in folders]
    assert cards[0] == cards[1] and "# Process reward model" in cards[0]
