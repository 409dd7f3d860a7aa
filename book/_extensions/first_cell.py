# One thread: for models as small as the course's, more of them only wait for each other.
# Then, where the course isn't there, as on Colab: fetch it, and the packages that are missing.
import importlib.util
import os
import sys

ADDRESS, BRANCH = "", "main"
FROM_FOLDER = "Or open this notebook from the folder `book` of a copy of the course."


class Missing(Exception):
    """Stop with a sentence instead of a traceback."""

    def _render_traceback_(self):
        return [str(self)]


os.environ |= dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)

if importlib.util.find_spec("helpers") is None:
    if not ADDRESS:
        raise Missing(
            "The course isn't beside this notebook, and the notebook knows no address from which "
            "to fetch it: set `repository: url:` in _config.yml, and run `make notebooks`. "
            + FROM_FOLDER
        )
    fetch = f'git clone --quiet --depth 1 --branch "{BRANCH}" "{ADDRESS}" course'
    if not os.path.isdir("course") and os.system(fetch):
        raise Missing(
            f"The course could not be fetched from {ADDRESS}: that needs a network, and git. "
            + FROM_FOLDER
        )
    os.chdir("course/book")
    sys.path.insert(0, os.getcwd())
    if os.system(f'"{sys.executable}" ../binder/install_missing.py'):
        raise Missing("Packages that the course needs could not be installed: see above.")

import threadpoolctl

# The variables above come too late for a NumPy that was loaded before.
importlib.import_module("numpy")
one_thread = threadpoolctl.threadpool_limits(1)
