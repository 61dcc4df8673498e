"""Prints the preconditions of the lab: ``python -m stepscale.studies.preconditions --base FOLDER``."""

from dataclasses import dataclass, field

from transformers import HfArgumentParser

from stepscale.generation import load_generator
from stepscale.generation.contract import Sampling
from stepscale.lab.problems import make_problems
from stepscale.labeling.symbolic_verifier import SymbolicVerifier
from stepscale.studies.preconditions import measure
from stepscale.verifiers import load_verifier

DESIGN_SEED = 1001  # the lab's rates are chosen on problems of these seeds (1001 to 1099), which no run uses
PROMPT = "<s>{problem}\n"


@dataclass
class Options:
    """What is measured."""

    base: str = field(metadata={"help": "folder of the generator"})
    prm: str = field(
        default="", metadata={"help": "folder of a trained process reward model, measured beside the labeler"}
    )
    problems: int = field(default=96, metadata={"help": "problems"})
    level_shares: str = field(default="math", metadata={"help": "how many of each level: equal, or as in MATH"})
    samples: int = field(default=256, metadata={"help": "samples per problem"})
    temperature: float = field(default=1.0, metadata={"help": "of the samples"})
    states: int = field(default=500, metadata={"help": "beginnings of solutions at which four next steps are drawn"})
    seed: int = field(default=DESIGN_SEED, metadata={"help": "of problems and draws"})


def main(options: Options) -> None:
    """Measure what a base must be able to do, and print it.

    Args:
        options: As the command line gives them.
    """
    generator = load_generator(options.base, prompt=PROMPT)
    verifiers = [SymbolicVerifier()] + ([load_verifier(options.prm, name="prm")] if options.prm else [])
    sampling = Sampling(options.temperature, 1.0, 320)
    problems = make_problems(options.problems, "train", options.seed, level_shares=options.level_shares)
    samples = measure.sample_and_label(problems, generator, options.samples, sampling, options.seed)
    print(measure.of_samples(samples).round(3).to_string(index=False))
    positions = measure.first_error_positions(samples)
    print("first errors by fifth of the solution:", " ".join(f"{share:.2f}" for share in positions))
    distinct = measure.distinct_next_steps(samples, generator, sampling, options.states, options.seed)
    print(f"distinct of {measure.SIBLINGS} next steps: {distinct:.2f}")
    for verifier in verifiers:
        table = measure.beam_over_weighted(samples, generator, verifier, (4, 16), sampling, options.seed)
        print(table.round(3).to_string(index=False))
        numbers = measure.of_verifier(samples, measure.scores_of(samples, verifier))
        print(f"{verifier.name}: " + ", ".join(f"{name} {value:.3f}" for name, value in numbers.items()))


if __name__ == "__main__":
    main(HfArgumentParser(Options).parse_args_into_dataclasses()[0])
