# Set-up, pipeline, checks. `make help` lists the commands; PYTHON=python3.12 picks the Python of a new .venv.

PYTHON ?= python3
PORT ?= 5000
PINS ?= torch==2.13.0

VENV := .venv/bin
export PATH := $(CURDIR)/$(VENV):$(PATH)
# MLflow's server without its job runner (8 processes, 1.5 GB) and without telemetry
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION := false
export MLFLOW_DISABLE_TELEMETRY := true

# a file's tests stay in one process, which shares what they need; in the order of tests/conftest.py
IN_TWO = OMP_NUM_THREADS=1 $(VENV)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help environment repro test test-all coverage mutants soak lint audit bench ui docs readme scaling screenshots constraints

help: ## say what each command does
	@sed -n 's/^\([a-z-]*\):.*## /make \1|/p' Makefile | awk -F'|' '{ printf "%-18s%s\n", $$1, $$2 }'

environment: ## make or update .venv; the other commands do it themselves
	@command -v $(PYTHON) >/dev/null || { echo "there is no $(PYTHON): install Python 3.11 or later," \
	     "or name it, as in 'make PYTHON=python3.12'" >&2; exit 1; }
	@$(PYTHON) -B .ci/environment.py $(if $(filter file default,$(origin PYTHON)),,--asked)

repro: environment ## fetch, prepare, train, judge, report; ends with the table of claims
	@$(VENV)/dvc repro
	@$(VENV)/depthgauge claims
	@$(VENV)/python showcase/table.py
	@echo "report: $(CURDIR)/results/report.html"
	@echo "curves: make ui (MLflow, on this machine)"

test: environment ## run the tests but the slow ones, in two processes (7 minutes on two cores)
	@$(IN_TWO) -m "not slow" $(ARGS)

test-all: environment ## run all tests: also servers, kills, fuzz, browsers (20 minutes)
	@$(IN_TWO) -m "not alone" $(ARGS)
	@$(VENV)/python -m pytest -m alone $(ARGS)

# The kernels' own tests once more with Numba asleep: what is compiled takes no branch that Python sees.
coverage: environment ## run the tests, and name the lines and branches that none of them takes
	@$(VENV)/python -m pytest --cov --cov-report= --cov-fail-under=0 $(ARGS)
	@NUMBA_DISABLE_JIT=1 $(VENV)/python -m pytest tests/kernel --cov --cov-append

mutants: environment ## spoil the source in 400 places, one at a time: do the tests notice? (40 minutes)
	@$(VENV)/python .ci/mutants.py $(ARGS)

soak: environment ## kill every stage 60 times, and feed 100,000 spoiled inputs (half an hour)
	@DEPTHGAUGE_KILLS=60 DEPTHGAUGE_FUZZ=100000 $(VENV)/python -m pytest tests/faults $(ARGS)

lint: environment ## check style, types and the arrows between packages
	@$(VENV)/ruff check
	@$(VENV)/ruff format --check
	@$(VENV)/pyright
	@$(VENV)/lint-imports

audit: environment ## ask the advisory service about every pinned version
	@$(VENV)/python .ci/audit.py

bench: environment ## compare our speed with what a user would write (25 minutes; ARGS=--quick: 10)
	@$(VENV)/python bench/run.py $(ARGS)
	@$(VENV)/python bench/probes.py
	@$(VENV)/python bench/probes.py --problem glorot --only norms --pairs 3
	@$(VENV)/python bench/tracking.py
	@$(VENV)/python bench/floor.py

ui: environment ## open the records in MLflow on this machine
	@$(VENV)/depthgauge track
	@echo "open http://127.0.0.1:$(PORT)/#/experiments?workflowType=machine_learning (Ctrl-C ends it)"
	@$(VENV)/mlflow ui --host 127.0.0.1 --port $(PORT) --workers 1 --backend-store-uri sqlite:///mlflow.db

docs: environment ## build the documentation into site/html, offline
	@$(VENV)/python -c "import zensical, mkdocstrings, latex2mathml" 2>/dev/null \
	|| $(VENV)/python -m pip install --quiet -c constraints.txt -e '.[docs]'
	@$(VENV)/python showcase/site.py

readme: environment ## write README's table of results from results/claims.json
	@$(VENV)/python showcase/table.py

scaling: environment ## renew the tables of docs/scaling.md (needs make repro; 10 minutes and more)
	@$(VENV)/python bench/many_cells.py
	@$(VENV)/python showcase/scaling.py

screenshots: environment ## photograph MLflow's pages for docs/ (needs chromium and make repro)
	@$(VENV)/python showcase/screenshots.py

# A fresh environment without constraints takes the newest versions that pyproject.toml and PINS allow.
constraints: ## renew constraints.txt; PINS="torch==2.13.0 mlflow==3.17.2" holds some back
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && $(PYTHON) -m venv "$$fresh" \
	&& "$$fresh/bin/python" -m pip install $(PINS) -e '.[bench,dev,docs,lightning,optuna,pipeline,slurm,team]' \
	&& { sed -n '/^#/p' constraints.txt; "$$fresh/bin/python" -m pip freeze --all --exclude-editable \
	     | sed -e '/^pip==/d' -e 's/+.*//'; } > "$$fresh/constraints.txt" \
	&& cp "$$fresh/constraints.txt" constraints.txt
