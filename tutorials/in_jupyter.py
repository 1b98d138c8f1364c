"""Open a tutorial in a real Jupyter server and run it to the end, as a reader does.

    python tutorials/in_jupyter.py 04 --jupyter PATH/TO/jupyter --picture runs/04_in_jupyter.png

Starts a JupyterLab server of its own with a token, opens the notebook in a headless Chromium, chooses "Run All Cells"
from the menu, and waits until every code cell has its number. Exit code: 1 if a cell failed or none came to an end.
Needs the extra `browser`, chromium and chromedriver, and a Jupyter, whose kernel must be able to import tinygrad_seq.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from notebooks import HERE

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1400,1000")
DONE = """
const widget = [...jupyterapp.shell.widgets('main')].find(w => w.context && w.context.path.endsWith('.ipynb'));
if (!widget || !widget.sessionContext.session) return null;
const cells = widget.context.model.toJSON().cells.filter(cell => cell.cell_type === 'code');
return {
  all: cells.length,
  run: cells.filter(cell => cell.execution_count !== null).length,
  failed: cells.filter(cell => cell.outputs.some(output => output.output_type === 'error')).length,
  pictures: cells.filter(cell => cell.outputs.some(o => o.data && 'image/png' in o.data)).length,
  kernel: widget.sessionContext.session.kernel.status,
};
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("number", help="the tutorial, as 04")
    parser.add_argument("--jupyter", default="jupyter", help="the command; its environment is the kernel's")
    parser.add_argument("--picture", type=Path, help="where to write what the browser shows at the end")
    parser.add_argument("--seconds", type=float, default=300, help="how long to wait at most")
    asked = parser.parse_args()
    (notebook,) = HERE.glob(f"{asked.number}_*.ipynb")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HERE, Path(folder) / "tutorials")  # the server writes outputs into the notebook it runs
        address, server = serve(asked.jupyter, folder)
        try:
            print(run(f"{address[0]}/lab/tree/tutorials/{notebook.name}?token={address[1]}", asked))
        finally:
            server.terminate()
            server.wait()


def serve(jupyter, folder):
    """Return address and token of a server that answers, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    settings = [f"--ServerApp.root_dir={folder}", f"--ServerApp.port={port}", f"--IdentityProvider.token={token}"]
    settings += ["--no-browser", "--allow-root", "--expose-app-in-browser", "--ServerApp.port_retries=0"]
    places = os.pathsep.join([str(HERE.parent), str(HERE.parent / "backends")])
    environment = {"TINYGRAD_SEQ_FAST": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ, "PYTHONPATH": places}
    server = subprocess.Popen(
        [jupyter, "lab", *settings], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=5).close()  # noqa: S310  our own
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                sys.exit(f"{jupyter} lab ended with {server.returncode}. Is JupyterLab installed there?")
            time.sleep(0.2)
        else:
            return (address, token), server
    server.terminate()
    sys.exit("the server does not answer.")


def run(address, asked):
    """Run all cells from the menu, and return what became of them."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
    for flag in FLAGS:
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    browser.set_script_timeout(asked.seconds)
    ends = time.monotonic() + asked.seconds
    try:
        browser.get(address)
        wait(lambda: (found := of(browser)) and found["kernel"] == "idle", ends, "the kernel does not start")
        browser.execute_script("jupyterapp.commands.execute('notebook:run-all-cells')")
        wait(lambda: (found := of(browser))["run"] == found["all"] or found["failed"], ends, "it does not end")
        found = of(browser)
        if asked.picture:
            asked.picture.parent.mkdir(parents=True, exist_ok=True)
            browser.save_screenshot(str(asked.picture))
    finally:
        browser.quit()
    if found["failed"]:
        sys.exit(f"{found['failed']} of {found['all']} cells failed.")
    return f"{found['run']} of {found['all']} code cells ran, none failed, {found['pictures']} with a picture below"


def of(browser):
    """Return how far the notebook has come; None while it is not open yet."""
    return browser.execute_script("if (typeof jupyterapp === 'undefined') return null;" + DONE)


def wait(condition, ends, otherwise):
    while not condition():
        if time.monotonic() > ends:
            sys.exit(otherwise)
        time.sleep(0.3)


if __name__ == "__main__":
    main()
