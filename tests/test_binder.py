"""What runs where there is no book: Binder, and the Pythons that the course supports.

The test in a browser stands for Binder: a fresh environment from `binder/` alone, JupyterLab, a
chapter run from its menu, and a slider that the kernel answers.
"""

import contextlib
import json
import platform
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

import notebooks
from folders import BOOK, ROOT

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
REQUIREMENTS = ["requirements.txt"]
# The first is needed by num2words; pip resolves for another Python from wheels alone.
ONLY_SOURCE = ["docopt", "rouge-score"]
SETTINGS = {
    # All cells are in the page, also those that a reader would have to scroll to.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
# The prompt of the first cell, which is folded, is empty.
ALL_RUN = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
  .every(prompt => !/\\[[ *]\\]/.test(prompt.textContent))"""

COUNT_THREADS = """import threadpoolctl
print("threads:", *(pool["num_threads"] for pool in threadpoolctl.threadpool_info()))"""


@pytest.fixture
def lab(tmp_path):
    """Start JupyterLab from .venv-binder over a copy of the book; yield its address.

    As on Binder, nothing tells NumPy how many threads to use: the first cell must.
    """
    shutil.copytree(BOOK, tmp_path / "book")
    chapter = notebooks.read(tmp_path / "book" / "intro.ipynb")
    chapter.cells.append(nbformat.v4.new_code_cell(COUNT_THREADS, id="threads"))
    notebooks.write(chapter, tmp_path / "book" / "intro.ipynb")
    for name, values in SETTINGS.items():
        place = tmp_path / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(values))
    python = ROOT / ".venv-binder" / "bin" / "python"
    environment = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
    }
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--IdentityProvider.token="]
    log = (tmp_path / "lab.log").open("w")
    command = [ROOT / "binder" / "start", python, "-m", "jupyterlab", *options]
    command += [f"--ServerApp.root_dir={tmp_path}"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=log)
    try:
        yield wait_for_address(tmp_path / "lab.log", process)
    finally:
        process.terminate()
        process.wait(30)


def wait_for_address(log, process, seconds=90):
    """Wait until the server answers."""
    for _ in range(seconds * 2):
        time.sleep(0.5)
        assert process.poll() is None, log.read_text()
        if address := re.search(r"http://127\.0\.0\.1:\d+/lab", log.read_text()):
            with contextlib.suppress(OSError), urllib.request.urlopen(address[0]):
                return address[0]
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.mark.binder
def test_a_chapter_runs_and_its_figure_answers_in_lab(lab, browser_path):
    """Where nobody says which page to open, the first one opens."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        page.set_default_timeout(120_000)
        page.goto(lab.removesuffix("lab"))
        page.wait_for_url("**/lab/tree/book/intro.ipynb")
        page.wait_for_selector("text=/Python 3.*Idle/")
        page.click(".lm-MenuBar-itemLabel:text-is('Run')")
        page.click(".lm-Menu-itemLabel:text-is('Run All Cells')")
        page.wait_for_selector(".jp-OutputArea .widget-image")
        page.wait_for_selector("text=/Python 3.*Idle/")
        page.wait_for_function(ALL_RUN)
        assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
        [threads] = page.locator("pre:text-matches('^threads:')").all_inner_texts()
        assert set(threads.split()[1:]) == {"1"}
        picture = page.locator(".jp-OutputArea .widget-image").first.element_handle()
        typed = page.locator(".jp-OutputArea .widget-text input[type=text]").first
        typed.fill("47236")
        typed.press("Enter")
        page.get_by_text("forty seven thousand two hundred and thirty six").first.wait_for()
        page.wait_for_selector("text=/Python 3.*Idle/")
        before = picture_bytes(page, picture)
        page.locator(".jp-OutputArea .widget-radio input").nth(2).click()
        changed = f"async picture => (await ({READ})(picture)) !== {json.dumps(before)}"
        page.wait_for_function(changed, arg=picture)
        browser.close()


READ = """async picture => {
  const bytes = new Uint8Array(await (await fetch(picture.src)).arrayBuffer());
  return Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))).join();
}"""


def picture_bytes(page, picture):
    """Return a digest of what a picture shows."""
    return page.evaluate(READ, picture)


def test_binder_gets_its_python_and_the_files_it_needs():
    options = ["--no-build", "--debug", "--user-id=1000", "--user-name=jovyan"]
    command = [sys.executable, "-m", "repo2docker", *options, ROOT]
    result = subprocess.run(command, capture_output=True, text=True)
    dockerfile = result.stdout + result.stderr
    wanted = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert f"environment.py-{wanted}" in dockerfile.replace("-2e", ".").replace("-2d", "-")
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in dockerfile
    assert re.search(r"^COPY .* src/ \$\{REPO_DIR\}/?$", dockerfile, re.MULTILINE)
    # Whatever else is in the repository, Binder installs no more than these.
    assert dockerfile.count("pip install") == 1


@pytest.mark.binder
def test_requirements_resolve_on_every_supported_python(tmp_path):
    """What is installed for Binder is a part of it; what runs this is installed already."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*build, tmp_path, *ONLY_SOURCE], check=True)
    own = ".".join(platform.python_version_tuple()[:2])
    jobs = [(name, python) for name in REQUIREMENTS for python in PYTHONS if python != own]
    with ThreadPoolExecutor(4) as pool:
        results = dict(zip(jobs, pool.map(lambda job: resolve(*job, tmp_path), jobs), strict=True))
    assert not {job: complaint for job, complaint in results.items() if complaint}


def resolve(name, python, wheels):
    """Let pip choose versions for another Python, and return its complaint."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed"]
    command += ["--python-version", python, "--only-binary=:all:", "--find-links", wheels]
    command += ["--target", wheels / "nowhere", "--disable-pip-version-check"]
    file = ROOT / name
    lines = file.read_text().replace("-e .", "").replace("-r ", f"-r {file.parent}/")
    copy = wheels / f"{file.parent.name}-{python}.txt"
    copy.write_text(lines)
    result = subprocess.run([*command, "-r", copy], capture_output=True, text=True)
    return result.returncode and result.stderr[-2000:]


def test_binder_uses_a_supported_python():
    assert (ROOT / "binder" / "runtime.txt").read_text().strip() in [
        f"python-{python}" for python in PYTHONS
    ]
