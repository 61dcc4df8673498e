# `make run` and `make test` do all set-up on a machine that has only Python 3.11 and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run real test lint docs bench bench-gpu seeds thorough thorough-rollouts thorough-revisions thorough-searches thorough-larger thorough-quintiles thorough-labels later-methods map bases slips-base larger-base evidence clean

run: $(READY)
	$(BIN)/kedro run

real: $(READY) # SmolLM2-135M on word problems
	$(BIN)/python -m stepscale.engine.pretrained data/01_raw/smollm2
	$(BIN)/python -m stepscale.lab.short_problems data/01_raw/short_problems
	HF_HUB_OFFLINE=1 $(BIN)/kedro run --env real

test: $(READY) # one test file per core, as more would share cores with the tests' own threads; their processes import compiled modules
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

seeds: $(READY)
	for seed in 0 1 2; do $(BIN)/kedro run --env best_of_n --params seed=$$seed,data_root=data/seeds/$$seed || exit 1; done
	$(BIN)/python -m stepscale.publish.page data/seeds/0 data/seeds/1 data/seeds/2 --command "make seeds" --figures data/seeds/figures

THOROUGH_SEEDS := 22 23 24
thorough: $(READY) # three seeds that were not used for the design, all at once; after a kill, the same command continues
	OMP_NUM_THREADS=$$($(BIN)/python -c "import os; print(max(1, os.cpu_count() // 3))") $(MAKE) -j3 $(THOROUGH_SEEDS:%=thorough-seed-%)
	$(BIN)/python -m stepscale.publish.page $(THOROUGH_SEEDS:%=data/thorough/%) --command "make thorough" --figures data/thorough/figures --claims data/thorough/claims.json
	$(BIN)/python -m stepscale.publish.costs $(firstword $(THOROUGH_SEEDS:%=data/thorough/%))

thorough-seed-%: $(READY)
	$(BIN)/kedro run --env thorough --only-missing-outputs --params seed=$*,data_root=data/thorough/$*

thorough-rollouts: $(READY) # the same without human labels, as Snell et al. have it
	for seed in 10 11 12; do $(BIN)/kedro run --env thorough_rollouts --only-missing-outputs --params seed=$$seed,data_root=data/thorough_rollouts/$$seed || exit 1; done
	$(BIN)/python -m stepscale.publish.page data/thorough_rollouts/10 data/thorough_rollouts/11 data/thorough_rollouts/12 --command "make thorough-rollouts" --claims data/thorough_rollouts/claims.json

thorough-revisions: $(READY) # revisions over more problems; after a kill, the same command continues
	for seed in 13 14 15; do $(BIN)/kedro run --env thorough_revisions --only-missing-outputs --params seed=$$seed,data_root=data/thorough_revisions/$$seed || exit 1; done
	$(BIN)/python -m stepscale.publish.page data/thorough_revisions/13 data/thorough_revisions/14 data/thorough_revisions/15 --command "make thorough-revisions" --claims data/thorough_revisions/claims.json

thorough-searches: $(READY) # searches over more problems; after a kill, the same command continues
	for seed in 16 17 18; do $(BIN)/kedro run --env thorough_searches --only-missing-outputs --params seed=$$seed,data_root=data/thorough_searches/$$seed || exit 1; done
	$(BIN)/python -m stepscale.publish.page data/thorough_searches/16 data/thorough_searches/17 data/thorough_searches/18 --command "make thorough-searches" --claims data/thorough_searches/claims.json

thorough-larger: $(READY) # searches against a model 14 times larger; after a kill, the same command continues
	for seed in 25 26 27; do $(BIN)/kedro run --env thorough_larger --only-missing-outputs --params seed=$$seed,data_root=data/thorough_larger/$$seed || exit 1; done
	$(BIN)/python -m stepscale.publish.page data/thorough_larger/25 data/thorough_larger/26 data/thorough_larger/27 --command "make thorough-larger" --claims data/thorough_larger/claims.json

thorough-quintiles: $(READY) # best-of-N over more problems; after a kill, the same command continues
	for seed in 28 29 30; do $(BIN)/kedro run --env thorough_quintiles --only-missing-outputs --params seed=$$seed,data_root=data/thorough_quintiles/$$seed || exit 1; done
	$(BIN)/python -m stepscale.publish.page data/thorough_quintiles/28 data/thorough_quintiles/29 data/thorough_quintiles/30 --command "make thorough-quintiles" --claims data/thorough_quintiles/claims.json

thorough-labels: $(READY) # supervision with labels that tell something new; after a kill, the same command continues
	for seed in 19 20 21; do $(BIN)/kedro run --env thorough_labels --only-missing-outputs --params seed=$$seed,data_root=data/thorough_labels/$$seed || exit 1; done
	$(BIN)/python -m stepscale.publish.page data/thorough_labels/19 data/thorough_labels/20 data/thorough_labels/21 --command "make thorough-labels" --claims data/thorough_labels/claims.json

LAB := data/thorough_rollouts/10
later-methods: $(READY) # methods of later papers with the models of a run of `make thorough-rollouts`; after a kill, the same command continues
	mkdir -p data/later_methods/06_models
	cp -r $(LAB)/06_models/prm $(LAB)/06_models/orm data/later_methods/06_models
	$(BIN)/kedro run --env later_methods --only-missing-outputs --params generator.base=$(LAB)/06_models/generator

map: $(READY) # which strategy pays in which world, after `make thorough`
	$(BIN)/kedro run --env thorough --pipelines world_map,reporting --params seed=$(firstword $(THOROUGH_SEEDS)),data_root=data/thorough/$(firstword $(THOROUGH_SEEDS))

BASE := --width 96 --heads 3 --rotary_base 100 --documents 100000 --learning_rate 6e-3 --compile true
bases: $(READY) # the lab's base model in seven stages of pretraining; some two and a half hours (docs/lab.md)
	$(BIN)/python -m stepscale.lab.pretrain --out build/bases/plain $(BASE) --layers 4 --steps 5000 --short_steps 800 --schedule constant_with_warmup --rated none
	$(BIN)/python -m stepscale.lab.pretrain --out build/bases/judging --init build/bases/plain $(BASE) --layers 6 --steps 6000 --schedule linear --seed 1
	$(BIN)/python -m stepscale.lab.pretrain --out build/bases/steadier --init build/bases/judging $(BASE) --layers 6 --steps 3500 --schedule linear --seed 2
	$(BIN)/python -m stepscale.lab.pretrain --out build/bases/revising --init build/bases/steadier $(BASE) --layers 6 --steps 2500 --schedule linear --seed 4 --transcripts 0.5 --documents 60000
	$(BIN)/python -m stepscale.lab.pretrain --out build/bases/longer --init build/bases/revising $(BASE) --layers 6 --steps 5000 --schedule linear --seed 5 --transcripts 0.5
	$(BIN)/python -m stepscale.lab.pretrain --out build/bases/farther --init build/bases/longer $(BASE) --layers 6 --steps 2500 --schedule linear --seed 6 --transcripts 0.5 --documents 60000 --rotary_base 2000
	$(BIN)/python -m stepscale.lab.pretrain --out build/bases/lab_base --init build/bases/farther $(BASE) --layers 6 --steps 3000 --schedule linear --seed 7 --transcripts 0.5 --documents 60000 --rotary_base 2000

slips-base: $(READY) # a base whose corpus rates slips alone, from the first stage of `make bases`; some 70 minutes more
	$(BIN)/python -m stepscale.lab.pretrain --out build/bases/slips --init build/bases/plain $(BASE) --layers 6 --steps 4000 --schedule linear --seed 1 --rated slips
	$(BIN)/python -m stepscale.lab.pretrain --out build/bases/lab_slips --init build/bases/slips $(BASE) --layers 6 --steps 5000 --schedule linear --seed 2 --rated slips

larger-base: $(READY) # 14 times the lab's base, grown from it; some 90 minutes more
	$(BIN)/python -m stepscale.lab.pretrain --out build/bases/lab_larger --init data/01_raw/lab_base --width 320 --heads 10 --layers 8 --rotary_base 2000 --documents 100000 --learning_rate 3e-3 --compile true --steps 1600 --schedule linear --seed 8 --saved_as bfloat16

docs: $(READY) # a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

bench: $(READY)
	$(BIN)/python -m bench

bench-gpu: $(READY) # a Llama of a billion random weights, made in place
	$(BIN)/python -m bench._gpu

evidence: $(READY) # redo the figures that take under ten minutes, and say which moved
	$(BIN)/python -m evidence

campaign-%: $(READY) # text, verdicts, files, kills or disks; e.g. make campaign-text CASES=2000 SEED=1; stopped, the same command continues
	$(BIN)/python -m campaigns $* $(if $(CASES),--cases $(CASES)) $(if $(SEED),--seed $(SEED))

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

clean:
	rm -rf .venv
