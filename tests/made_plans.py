"""What a node's plan makes, as the next node reads it."""

from stepscale.resume import ShardPlan, Shards


def shards_of(plan: ShardPlan) -> Shards:
    """Readers of all pieces by name, in order, made here and now."""
    tables = {piece.name: piece.make().table for piece in plan.pieces}
    return {name: lambda name=name: tables[name] for name in tables}


def keys(plan: ShardPlan) -> list[str]:
    """The files of a plan: a piece is found again by its file's name, which holds a key of all that made it."""
    return [piece.file_name for piece in plan.pieces]
