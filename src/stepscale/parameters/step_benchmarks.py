"""Which published step benchmarks the run's PRM is measured on."""

from pydantic import Field

from stepscale.parameters.block import Block, FileSource


class StepBenchmarks(Block):
    """Published solutions whose steps are judged; those that are null are left out."""

    processbench: FileSource | None = Field(None, description="ProcessBench: first wrong steps (Zheng et al. 2024)")
    prmbench: FileSource | None = Field(None, description="PRMBench: every step judged (Song et al. 2025)")
    hard2verify: FileSource | None = Field(None, description="Hard2Verify: likewise, decrypted (Pandit et al. 2025)")
    choose_on: str = Field("gsm8k", description="part of ProcessBench that a threshold is chosen on")

    @property
    def sources(self) -> dict[str, FileSource]:
        """Those that are given, by benchmark."""
        named = {"processbench": self.processbench, "prmbench": self.prmbench, "hard2verify": self.hard2verify}
        return {name: source for name, source in named.items() if source is not None}
