# What one does with the course. Only make and Python >= 3.11 are needed.
#
#   make book        build the book into _build/html (the first time, install what it needs)
#   make serve       build it and serve it on this machine
#   make lab         open the notebooks in JupyterLab
#   make check       style, imports and unit tests: four minutes, while you write
#   make test        all that, grading, notebooks, strict build, built pages in a browser
#   make notebooks   execute the notebooks and write them in the form that git keeps
#   make assignments hand out problem sets, or chapters: make assignments CHAPTERS="03 06"
#   make lay-out     lay out a download of Moodle or Canvas: make lay-out SET=bottleneck ZIP=x.zip
#   make grade       grade what lies in assignments/submitted (see assignments/README.md)
#   make release     the book and the student notebooks as zip files, with notes, in dist/
#   make bench       time the helpers beside PyTorch (installs PyTorch into .venv-bench)
#   make results     make the recorded runs that are missing (CPU-hours); JOBS=8 processes
#   make clean       remove what was built

PYTHON ?= python3
JOBS ?= 1
# Programs are modules of this Python: the scripts beside it break when the folder is renamed.
BOOK := .venv/bin/python
PIP := -m pip --disable-pip-version-check install --quiet
export OMP_NUM_THREADS := 1
# The user's own setting would install beside the environment.
export PIP_USER := no
# Or would have every process compile anew what it imports.
unexport PYTHONDONTWRITEBYTECODE

TESTS := $(BOOK) -m pytest -n auto
# All tests of a file, or all cells of a notebook, in one process, in the order of `conftest`.
WHOLE_FILES := --dist loadscope --no-loadscope-reorder
# All tests of a built page in one process, which opens it once.
SAME_PAGES := --dist loadgroup
IN_CI := $(filter true,$(CI))
NBVAL := --nbval --nbval-cell-timeout=600 -p no:cacheprovider -p tests.uncounted
LINT_IMPORTS := $(BOOK) -c "from importlinter.cli import lint_imports_command as main; main()"
BUILD := $(BOOK) -c "from jupyter_book.cli.main import main; main()" build . -W -n --keep-going

.PHONY: book html serve lab check test slow compare notebooks assignments lay-out grade release bench results clean
.PHONY: FORCE

book: html
	@echo "Open this page in a browser: file://$(CURDIR)/_build/html/index.html"

serve: book
	@echo "The book is at http://127.0.0.1:8000 until you press Ctrl-C."
	@$(BOOK) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

lab: .venv/here
	@cd book && ../$(BOOK) -m jupyterlab --LabApp.default_url=/lab/tree/intro.ipynb

check: .venv/here
	$(BOOK) -m ruff check
	$(BOOK) -m ruff format --check
	$(LINT_IMPORTS) --no-logo --no-cache
	$(TESTS) $(WHOLE_FILES) -m "not slow and not pages and not binder"

# No chapter is executed more than once: nbval compares what it prints, and keeps what it shows
# for the build.
test: check compare
	$(if $(IN_CI),$(MAKE) .venv-binder/installed)
	$(MAKE) slow html
	$(TESTS) $(SAME_PAGES) -m pages -rs tests

slow: .venv/here
	$(TESTS) $(WHOLE_FILES) -m "$(if $(IN_CI),(slow or binder),slow and not binder) and not pages" tests

html: .venv/here
	@$(BUILD)

# That what is compared doesn't depend on the processor: OPENBLAS_CORETYPE=Haswell make compare
compare: .venv/here
	STATIC_BOOK=1 $(TESTS) $(WHOLE_FILES) $(NBVAL) book/*.ipynb

notebooks: .venv/here
	@$(BOOK) -m notebooks
	@$(BOOK) -m published

assignments: .venv/here
	@$(BOOK) -m grading assign $(CHAPTERS)

lay-out: .venv/here
	@$(if $(and $(ZIP),$(SET)),,echo 'Say which: make lay-out SET=bottleneck ZIP=download.zip'; exit 1)
	@$(BOOK) -m grading lay-out "$(ZIP)" "$(SET)"

grade: .venv/here
	@$(BOOK) -m grading grade

release: book
	@$(BOOK) -m grading.release

# PyTorch is large and needed for nothing else, so it has an environment of its own.
bench: .venv-bench/here
	@.venv-bench/bin/python bench/bench.py

results: .venv/here
	@$(BOOK) -m helpers.runs run all --jobs $(JOBS)

clean:
	rm -rf _build

# ---- environments ------------------------------------------------------------------------

# An environment finds `helpers` and the other packages of the course where the course stood when
# they were installed. To say so again takes seconds and no network: after each move of the folder.
%/here: %/installed FORCE
	@test "$$(cat "$@" 2> /dev/null)" = "$$(pwd)" -a "$@" -nt pyproject.toml || { \
	  $*/bin/python $(PIP) --no-deps --no-build-isolation --editable . && pwd > "$@"; }

.venv/installed: requirements.txt binder/requirements.txt
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
	@$(BOOK) $(PIP) -r $<
	@touch $@

# What Binder installs, and nothing else: the test in JupyterLab runs there.
.venv-binder/installed: binder/requirements.txt
	@$(PYTHON) -m venv .venv-binder
	@.venv-binder/bin/python $(PIP) -r $<
	@touch $@

.venv-bench/installed: bench/requirements.txt
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python $(PIP) -r $<
	@touch $@
