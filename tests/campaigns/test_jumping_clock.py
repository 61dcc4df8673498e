"""The clock that jumps: whoever asks sees it jump, and the alarms of Tornado ring all the same."""

import asyncio
import random
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from campaigns.disks.troubles import jumping_clock


async def _alarms() -> None:
    from tornado import gen

    for _ in range(20):
        await gen.sleep(0.001)


def test_the_clock_jumps_and_alarms_of_tornado_ring(tmp_path: Path) -> None:
    async def within_a_minute() -> None:
        await asyncio.wait_for(_alarms(), 60.0)

    with jumping_clock(random.Random(0), tmp_path):
        looks = [time.time() for _ in range(20)]
        asyncio.run(within_a_minute())
    assert max(looks) - min(looks) > 30 * 24 * 3_600.0
