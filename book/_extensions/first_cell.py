# One thread: for models as small as the course's, more of them only wait for each other.
# Then, where the course isn't there, as on Colab: fetch it, and the packages that are missing.
import importlib.util
import os
import site
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
    if os.system(f'"{sys.executable}" course/binder/install_missing.py'):
        raise Missing("The course and the packages that it needs could not be installed.")
    site.main()  # finds what has been installed since this kernel started
if os.path.isdir("course/book"):
    os.chdir("course/book")

import threadpoolctl

# The variables above come too late for a NumPy that was loaded before.
importlib.import_module("numpy")
one_thread = threadpoolctl.threadpool_limits(1)
