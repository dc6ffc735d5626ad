#!/usr/bin/env python3
"""How long a newcomer takes to the first message: what the README says is run as it is printed, and a headless browser does the rest.

--from archive: unpacks what `make dist` made, and starts it by the two lines of its README.txt.
--from clone: clones this repository afresh and runs the README's first command. That builds everything: many minutes.

It is asserted that every step works, not how long it takes. The steps are printed with their times; JSON on standard output.

Example:  .venv/bin/python verify/dist/newcomer.py --from archive
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "verify" / "browser"), str(Path(__file__).parent)]

from blocks import block, indented  # noqa: E402
from network import alone  # noqa: E402
from page import Page, start_driver  # noqa: E402
from wire import PASSWORD, call  # noqa: E402

PORT = 8480


class Steps:
    def __init__(self) -> None:
        self.began = self.last = time.monotonic()
        self.seconds: dict[str, float] = {}

    def done(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name] = round(now - self.last, 2)
        print(f"{name:<32}{now - self.last:>9.2f} s{now - self.began:>10.2f} s", file=sys.stderr, flush=True)
        self.last = now


class Started:
    """A command line in a folder, and all that it starts: ended together."""

    def __init__(self, line: str, folder: Path) -> None:
        # What a test run has set is not set for a newcomer.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
        self.log = folder.parent / "said"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", line], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def address(self, minutes: float) -> str:
        """The address that it prints when it is ready."""
        deadline = time.monotonic() + minutes * 60
        while time.monotonic() < deadline:
            said = self.log.read_text(errors="replace")
            if found := re.search(r"Parley is ready: open (\S+)", said):
                return found.group(1)
            assert self.process.poll() is None, f"exit {self.process.returncode}: {said[-2000:]}"
            time.sleep(0.02)
        raise AssertionError(f"not ready in {minutes} minutes: {said[-2000:]}")

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def from_clone(folder: Path, steps: Steps) -> tuple[Path, Started]:
    """The folder in which the server's data must be, and the command."""
    # The repository may be another user's, as where a container mounts it.
    clone = ["git", "-c", "safe.directory=*", "clone", "--quiet", str(ROOT), "parley"]
    subprocess.run(clone, cwd=folder, check=True)
    steps.done("git clone")
    return folder / "parley", Started(block("Start it", having="make run"), folder / "parley")


def from_archive(folder: Path, steps: Steps) -> tuple[Path, Started]:
    made = subprocess.run([str(ROOT / "scripts" / "dist"), str(folder)], check=True, capture_output=True, text=True)
    archive = Path(made.stdout.strip())
    name = archive.name.removesuffix(".tar.gz")
    readme = subprocess.run(["tar", "-xzOf", str(archive), f"{name}/README.txt"], check=True, capture_output=True, text=True).stdout
    (folder / "README.txt").write_text(readme)
    unpack, serve = indented(folder / "README.txt")[0].splitlines()
    home = folder / "home"
    home.mkdir()
    shutil.move(archive, home)
    steps.last = steps.began = time.monotonic()
    subprocess.run(["bash", "-c", unpack], cwd=home, check=True)
    steps.done("unpack the archive")
    return home, Started(serve, home)


def first_message(address: str, steps: Steps) -> None:
    chromium, chromedriver = (shutil.which(name) for name in ("chromium", "chromedriver"))
    assert chromium and chromedriver, "needs chromium and chromium-driver"
    # Somebody to write to: the README's second window.
    call(address.rstrip("/"), "POST", "register", {"name": "Friend", "password": PASSWORD})
    driver = start_driver(chromium, chromedriver)
    try:
        steps.done("a browser starts")
        page = Page(driver, address.rstrip("/"))
        page.open()
        page.until('return document.querySelector(".login:not([hidden])") !== null')
        steps.done("the page is there")
        page.enter("Newcomer", register=True)
        steps.done("registered")
        page.button("New conversation").click()
        page.find("#new-title").send_keys("My first group")
        page.find("#new-people").send_keys("Friend")
        page.until('return document.querySelector("dialog .person") !== null')
        page.find("dialog .person").click()
        after = page.mark()
        page.button("Create group").click()
        page.event("opened", after)
        steps.done("a conversation is made")
        page.send("Hello, is anybody there?")
        page.sent(1)
        steps.done("the first message is stored")
        assert page.complaints() == []
    finally:
        driver.quit()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="start", choices=("archive", "clone"), default="archive", help="what the newcomer has got")
    options = parser.parse_args()
    if options.start == "archive" and not alone(PORT):
        print(f"newcomer: port {PORT} is taken, and what is printed names it", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        steps = Steps()
        home, started = (from_clone if options.start == "clone" else from_archive)(Path(name), steps)
        try:
            address = started.address(minutes=60)
            steps.done("Parley is ready")
            first_message(address, steps)
            assert (home / "data" / "parley.sqlite").exists(), "its data is not where the newcomer is"
        except AssertionError as fault:
            print(f"newcomer: {fault}", file=sys.stderr)
            return 1
        finally:
            started.end()
    print(json.dumps({"from": options.start, "seconds": steps.seconds}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
