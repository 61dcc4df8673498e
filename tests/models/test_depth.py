"""A shallower model of a deeper one: which layers stay, and that what is saved is what was trained."""

from pathlib import Path

import pytest
import torch

from stepscale.errors import InputError
from stepscale.models.depth import keep_layers, kept_layers
from stepscale.models.loading import load_token_classifier, load_tokenizer, save

LAB = Path(__file__).resolve().parents[2] / "data" / "01_raw" / "lab_base"


@pytest.mark.parametrize(
    ("layers", "kept"), [(1, (0,)), (2, (0, 5)), (4, (0, 1, 4, 5)), (5, (0, 1, 2, 4, 5)), (6, (0, 1, 2, 3, 4, 5))]
)
def test_the_first_and_the_last_layers_stay(layers: int, kept: tuple[int, ...]) -> None:
    assert kept_layers(6, layers) == kept


def test_more_layers_than_there_are_is_one_clear_line() -> None:
    with pytest.raises(InputError, match="7 layers of a base that has 6: choose 1 to 6"):
        keep_layers(load_token_classifier(LAB, num_labels=3), 7)


def test_a_shortened_model_has_the_weights_of_the_layers_kept_and_is_loaded_as_it_was(tmp_path: Path) -> None:
    whole, short = (load_token_classifier(LAB, num_labels=3) for _ in range(2))
    keep_layers(short, 4)
    ids = torch.tensor([[5, 9, 17, 23]])
    for place, origin in enumerate((0, 1, 4, 5)):
        ours, theirs = short.model.layers[place].state_dict(), whole.model.layers[origin].state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert sum(p.numel() for p in short.parameters()) < sum(p.numel() for p in whole.parameters())
    save(short, load_tokenizer(LAB), tmp_path)
    with torch.no_grad():
        torch.testing.assert_close(load_token_classifier(tmp_path)(ids).logits, short(ids).logits)


def test_all_layers_change_nothing() -> None:
    whole, same = (load_token_classifier(LAB, num_labels=3, problem_type=None) for _ in range(2))
    same.load_state_dict(whole.state_dict())
    keep_layers(same, 6)
    with torch.no_grad():
        ids = torch.tensor([[5, 9, 17]])
        torch.testing.assert_close(same(ids).logits, whole(ids).logits)


def test_a_model_without_a_list_of_layers_is_refused() -> None:
    model = load_token_classifier(LAB, num_labels=3)
    model.config.num_hidden_layers = 9
    with pytest.raises(InputError, match="no list of layers"):
        keep_layers(model, 2)
