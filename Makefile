# What one does with the course. Only make and Python >= 3.11 are needed.
#
#   make book        build the book into _build/html (the first time, install what it needs)
#   make serve       build it and serve it on this machine
#   make lab         open the notebooks in JupyterLab
#   make test        lint, unit tests, notebooks, strict build, built pages in a browser
#   make notebooks   execute the notebooks and write them in the form that git keeps
#   make assignments hand out problem sets, or chapters: make assignments CHAPTERS="03 06"
#   make grade       grade what lies in assignments/submitted (see assignments/README.md)
#   make release     the book and the student notebooks as zip files, in dist/
#   make bench       time the helpers beside PyTorch (installs PyTorch into .venv-bench)
#   make results     record the long sweeps again (CPU-hours)
#   make clean       remove what was built

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
export OMP_NUM_THREADS := 1

PYTEST := $(BIN)/python -m pytest
NBVAL := $(PYTEST) --nbval --nbval-cell-timeout=600 -p no:cacheprovider book/*.ipynb
BUILD := $(BIN)/jupyter-book build . -W -n --keep-going

GRADING := PYTHONPATH=book:assignments .venv-assignments/bin/python -m grading

.PHONY: book serve lab test notebooks assignments grade release bench results clean

book: $(INSTALLED)
	@$(BUILD)
	@echo "Open this page in a browser: file://$(CURDIR)/_build/html/index.html"

serve: book
	@echo "The book is at http://127.0.0.1:8000 until you press Ctrl-C."
	@$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

lab: $(INSTALLED)
	@cd book && ../$(BIN)/jupyter lab

# In CI, nbval runs with two kinds of matrix kernels: what is compared must not depend on them.
test: $(INSTALLED) .venv-assignments/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(PYTEST) -m "not pages and not binder"
	$(if $(filter true,$(CI)),$(MAKE) .venv-binder/installed && $(PYTEST) -m binder)
	$(NBVAL)
	$(if $(filter true,$(CI)),OPENBLAS_CORETYPE=Haswell $(NBVAL))
	$(BUILD)
	$(PYTEST) -m pages -rs

notebooks: $(INSTALLED)
	@$(BIN)/python book/_extensions/notebooks.py

assignments: .venv-assignments/installed
	@$(GRADING) assign $(CHAPTERS)

grade: .venv-assignments/installed
	@$(GRADING) grade

release: book
	@PYTHONPATH=book:assignments $(BIN)/python -m grading.release

# nbgrader needs other versions than the book, and students need none of it.
.venv-assignments/installed: assignments/requirements.txt binder/requirements.txt
	@echo "Installing what grading needs into .venv-assignments (about a minute) ..."
	@$(PYTHON) -m venv .venv-assignments
	@.venv-assignments/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# What Binder installs, and nothing else: the test in JupyterLab runs there.
.venv-binder/installed: binder/requirements.txt
	@$(PYTHON) -m venv .venv-binder
	@.venv-binder/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# PyTorch is large and needed for nothing else, so it has an environment of its own.
bench: .venv-bench/installed
	@.venv-bench/bin/python bench/bench.py

.venv-bench/installed: bench/requirements.txt
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

results: $(INSTALLED)
	@cd book && ../$(BIN)/python -m helpers.runs run all

clean:
	rm -rf _build

$(INSTALLED): requirements.txt
	@command -v $(PYTHON) > /dev/null || { \
	  echo "There is no '$(PYTHON)' here. Install Python 3.11 or newer, or name yours:" \
	    "make book PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "The course needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1)." \
	    "Install a newer one, or name yours: make book PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
	  echo "'$(PYTHON)' can't make virtual environments." \
	    "On Debian and Ubuntu, this mends it: sudo apt install python3-venv"; exit 1; }
	@echo "Installing what the course needs into .venv (a minute or two) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@
