"""How a run's revision model fares along chains on VALIDATION problems: ``python bench/_revisions.py DATA_FOLDER``.

For choosing settings of the revision model without a look at test problems. Prints pass@1 by position, how often a right
answer is kept and a wrong one turned right, and how many attempts do not end.
"""

import sys
from pathlib import Path

import pandas as pd

from stepscale.cost import Ledger
from stepscale.generation.contract import Sampling
from stepscale.generation.graded import grade
from stepscale.generation.local import LocalGenerator
from stepscale.revisions.chains import run_chains
from stepscale.revisions.prompt import RevisionLayout
from stepscale.revisions.table import chains_table
from stepscale.search.results import Problem
from stepscale.studies.revisions.chain_rates import pass_at_1_by_position, transition_rates

LAYOUT = RevisionLayout(attempt="#\n{attempt}\n", ask="#\n{problem}", max_tokens=312)  # conf/base/parameters.yml
SAMPLING = Sampling(temperature=0.4, max_new_tokens=200)
ATTEMPTS = 6


def main(data: Path) -> None:
    """Run one chain a validation problem and print what happens along it."""
    problems = pd.read_parquet(data / "03_primary/problems.parquet").query("split == 'valid'")
    model = LocalGenerator.load(data / "06_models/revision", prompt_template="<s>{problem}\n")
    questions = [Problem(i, text) for i, text in zip(problems["problem_id"], problems["problem"], strict=True)]
    drawn_chains = run_chains(
        questions, model, [ATTEMPTS], LAYOUT, SAMPLING, run_seed=0, ledger=Ledger(), problems_at_once=50
    )
    chains = grade(chains_table(drawn_chains, model.name), problems)
    positions = pass_at_1_by_position(chains)
    print(
        "pass@1 by position:",
        ", ".join(f"{value:.3f}" for value in positions["accuracy"]),
        f"({len(questions)} problems)",
    )
    rates = transition_rates(chains)
    for row in rates[rates["position"].isna()].itertuples():
        print(f"{row.change}: {row.rate:.3f} [{row.low:.3f}, {row.high:.3f}] of {row.n} attempts")
    print(f"not ended: {(chains['finish'] != 'solution').mean():.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
