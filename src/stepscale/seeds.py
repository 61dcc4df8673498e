"""Named randomness: every draw has a seed made from what it is for, never from when it happens.

So a result does not depend on batch size, order, resume or worker count.
"""

from hashlib import blake2b


def seed_for(run_seed: int, purpose: str, problem_id: str = "", sample_id: int = 0) -> int:
    """A 63-bit seed for one use of randomness, e.g. ``seed_for(0, "sample", "lab-17", 3)``.

    Args:
        run_seed: The seed of the run.
        purpose: What is drawn; each purpose has a name of its own.
        problem_id: Whom it is drawn for, if for one problem.
        sample_id: Which of several, from 0.
    """
    name = f"{run_seed}|{purpose}|{problem_id}|{sample_id}".encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "little") >> 1
