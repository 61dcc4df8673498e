"""The how-to pages do what they say: their files, their edits and their code, and the output that they show."""

from pathlib import Path

import pytest
from how_to_page import ROOT, follow
from tiny_models import save_tiny_llama

PAGES = [
    "add_a_format",
    "add_a_labeler",
    "add_a_report_section",
    "add_a_verifier_adapter",
    "put_a_language_model_into_the_lab",
]


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_says_can_be_done_and_prints_what_it_shows(page: str, tmp_path: Path) -> None:
    if page == "add_a_verifier_adapter":
        save_tiny_llama(tmp_path / "models/tiny", ["What is 3*4+5?", "3*4=12\n12+5=17\n"])
    printed, page_output = follow(f"how_to/{page}.md", tmp_path)
    assert printed == page_output


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_short(page: str) -> None:
    assert len((ROOT / f"docs/how_to/{page}.md").read_text().splitlines()) <= 120
