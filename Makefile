# make demo: try it · make test: every test · make check: types, style, architecture · make bench: speed · make crash: faults, long · make soak: load and outages, long · make lock: newer pins
PYTHON ?= python3
VENV   ?= .venv
RUN     = $(VENV)/bin/python

# Byte code is kept, whatever the machine says: the tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo run test bench crash soak check format lock clean

demo: $(VENV)/installed
	$(RUN) -m bot demo $(if $(SPEED),--speed $(SPEED)) $(if $(PORT),--port $(PORT))

run: $(VENV)/installed
	$(RUN) -m bot run

test: $(VENV)/tests-installed check
	$(RUN) -m pytest -n auto --maxschedchunk 4

# Ratios, taken in one run: run it on a machine that does nothing else.
bench: $(VENV)/tests-installed
	$(RUN) -m tests.bench

# Kills, stops and cuts off the real process at random moments, for half an hour.
crash: $(VENV)/tests-installed
	$(RUN) -m tests.crash

# Steady load while something lasts: Slack in trouble, a slow reader, hostile clients.
soak: $(VENV)/tests-installed
	$(RUN) -m tests.soak

check: $(VENV)/tests-installed
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/tests-installed
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Tocsin needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: .lock/run.txt | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .lock/run.txt
	touch $@

$(VENV)/tests-installed: .lock/test.txt | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .lock/test.txt
	touch $@ $(VENV)/installed

# Needs uv on the PATH. The files name versions and hashes, never an index.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o .lock/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml --group test -o .lock/test.txt

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
