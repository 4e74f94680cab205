# The verbs of this repository. `make demo` and `make test` need python3 (3.11 or later, with venv) and nothing else.

PYTHON ?= python3
# Another interpreter gets an environment of its own beside the first: .venv-3.13
VENV := .venv$(addprefix -,$(filter-out 3,$(patsubst python%,%,$(notdir $(PYTHON)))))
ARGS ?=
ONLY ?=
N ?= 3
# More workers than this only wait for each other's servers.
WORKERS ?= --numprocesses logical --maxprocesses 8 --dist loadfile

UV := .tools/uv/bin/uv
PY := $(VENV)/bin/python

# One line, in make's own words, where python3 is not fit.
missing = $(shell PYTHON='$(PYTHON)' sh tools/setup.sh check 2>&1)

# Nothing of the caller's uv or Python settings reaches a command; see tools/setup.sh for why the three are set.
unexport $(filter UV_%,$(.VARIABLES)) VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONDONTWRITEBYTECODE
export UV_NO_CONFIG := 1
export UV_SYSTEM_CERTS := 1
export UV_PYTHON_DOWNLOADS := never
export PYTHON VENV

.PHONY: help setup demo hosts test lint format lock wheels bench clean

help: ## what there is to call
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST))

setup: ## an environment with the five packages (editable) and all tools
	$(if $(missing),$(error $(missing)))
	@sh tools/setup.sh

demo: setup ## a real fleet on this machine, from nothing, step by step
	@$(PY) tools/demo.py $(ARGS)

hosts: setup ## N whole Debian hosts (3), each with a peel, under a master of their own, until Ctrl-C; needs root
	@PYTHONPATH=tools $(PY) -m hosts $(N)

test: lint ## lint and all tests; PYTHON=python3.13 for another interpreter, ARGS=... for a selection
ifeq ($(strip $(ARGS)),)
	@$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest $(WORKERS) --durations=10
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report >.coverage-report.txt || { cat .coverage-report.txt; exit 1; }
	@echo "zester_proto: $$($(PY) -m coverage report --format=total) % covered (.coverage-report.txt)"
else
	$(PY) -m pytest --durations=10 $(ARGS)
endif

lint: setup ## every check that runs no test
	@$(PY) tools/lock.py --check
	@$(UV) lock --quiet --check
	@$(UV) pip check --quiet --python $(VENV)
	@$(VENV)/bin/ruff check --quiet
	@$(VENV)/bin/ruff format --quiet --check
	@$(VENV)/bin/codespell
	@$(PY) tools/check_style.py
	@$(VENV)/bin/lint-imports --no-logo
	@$(VENV)/bin/basedpyright --pythonpath $(PY) --warnings

format: setup ## puts the code in the form that lint asks for
	@$(VENV)/bin/ruff check --quiet --fix
	@$(VENV)/bin/ruff format --quiet

lock: ## uv.lock from the pyprojects, without a host name; ARGS='--upgrade-package X' moves a pin
	@sh tools/setup.sh uv
	@$(PYTHON) tools/lock.py $(ARGS)

wheels: setup ## five wheels into dist/, and the constraints that pin what they need
	@$(PY) tools/wheels.py dist

bench: setup ## the figures that we hold ourselves to; ONLY=... for some
	@$(PY) tools/bench/run.py $(ONLY)

clean: ## removes all that the other verbs made
	rm -rf .venv .venv-* .tools dist .coverage* .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find packages tests-integration tools -name __pycache__ -prune -exec rm -rf {} +
