from collections.abc import Collection, Iterator
import hashlib, json
import pandas as pd
from stepscale.cost import Ledger
from stepscale.generation.contract import Generator, Request, Sampling
from stepscale.seeds import seed_for


def sample_solutions(generator: Generator, problems: pd.DataFrame, n_samples: int, sampling: Sampling, run_seed: int, purpose: str, *, problems_per_shard: int, finished: Collection[str] = ()) -> Iterator[tuple[str, pd.DataFrame]]:
    for start in range(0, len(problems), problems_per_shard):
        part = problems.iloc[start:start+problems_per_shard]
        key = hashlib.blake2b(json.dumps([generator.name, str(sampling), n_samples, run_seed, purpose, list(part.problem)]).encode(), digest_size=6).hexdigest()
        name = f"{purpose}-{start:06d}-{key}"
        if name in finished: continue
        reqs=[];ids=[]
        for pid, text in zip(part.problem_id, part.problem):
            pre = generator.encode_prompt(text)
            for s in range(n_samples):
                reqs.append(Request(pre, seed_for(run_seed, purpose, pid, s))); ids.append((pid, s))
        out = generator.generate(reqs, sampling, "solution", Ledger())
        rows=[]
        for (pid,s),c in zip(ids,out):
            steps=[];a=0
            for e in c.step_ends:
                steps.append(generator.decode(c.tokens[a:e+1]).strip("\n")); a=e+1
            rest=generator.decode(c.tokens[a:]).strip("\n")
            ends=list(c.step_ends)
            if rest: steps.append(rest); ends.append(len(c.tokens)-1)
            rows.append(dict(problem_id=pid,sample_id=s,steps=steps,tokens=list(c.tokens),step_ends=ends,answer=None,is_correct=None,finish=c.ended,mean_logprob=float(sum(c.logprobs)/max(1,len(c.logprobs))),generator=generator.name))
        yield name, pd.DataFrame(rows)
