# Every command a developer needs. All paths are relative: the checkout may lie below a folder with a space.
.DEFAULT_GOAL := help
.PHONY: help up test fast endure fmt lint kernels bench screenshots clean chromium

PYTHON := .venv/bin/python
# Each of the two has servers of its own, and takes whole files, so that what a file's tests share is made once.
# Two at once leave no core for more threads of torch, which would wait for one another at full speed. Some
# hundred processes are started: none compiles what another has compiled, also where bytecode is not wanted.
TWO_AT_ONCE := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(PYTHON) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

up: .venv/.web ## set up and start the whole product with its demo (PORT=8000)
	@exec $(PYTHON) manage.py up

test: .venv/.test chromium ## set up and run everything: style, types, import contracts, all tests
	@$(MAKE) --no-print-directory --jobs 2 lint kernels
	@$(TWO_AT_ONCE)

fast: .venv/.test ## the tests that need no server, browser or program (K=name for some of them)
	@$(TWO_AT_ONCE) -q -m "not server and not browser and not slow and not endure" $(if $(K),-k "$(K)")

endure: .venv/.test chromium kernels ## the long forms: hundreds of clients, every width, every moment of a kill (K=name)
	@$(PYTHON) -m pytest -q -m endure $(if $(K),-k "$(K)")

fmt: .venv/.test ## format the code and fix what can be fixed
	@$(PYTHON) -m ruff check --quiet --fix . ; $(PYTHON) -m ruff format .

lint: .venv/.test ## style, types and import contracts
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m ruff format --quiet --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports

bench: .venv/.test ## the benchmarks, printed and written to docs/benchmarks.md (K=name for one)
	@$(PYTHON) -m pytest -q -s -p no:randomly tests/bench/bench_$(or $(K),*).py

screenshots: .venv/.test chromium ## every page of the demo, desktop and phone, light and dark
	@$(PYTHON) manage.py screenshots

clean: ## remove .venv and all caches; the data in var/ stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .static .static.lock *.egg-info build dist
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

# Compiled in advance: two test processes would compile each for themselves.
kernels: .venv/.test
	@$(PYTHON) -c "import evaluator, evaluator.synthetic.clips; evaluator.warm_up()"

chromium: .venv/.test
	@$(PYTHON) -m tests.support.chromium

# What is installed follows pyproject.toml; a stamp makes the second start cost nothing.
.venv/.web: pyproject.toml | .venv/bin/python
	@echo "Installing DVIS-Bench into .venv (a few minutes, the first time)"
	@$(PYTHON) -m pip install -qq --disable-pip-version-check --editable '.[web,model]'
	@touch .venv/.web

.venv/.test: pyproject.toml | .venv/bin/python
	@echo "Installing DVIS-Bench with its test tools into .venv (a minute or two, the first time)"
	@$(PYTHON) -m pip install -qq --disable-pip-version-check --editable '.[web,model,test]'
	@touch .venv/.test .venv/.web

.venv/bin/python:
	@sh deploy/make-venv.sh
