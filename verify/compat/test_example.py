"""Two people with examples/compat.html, in two browsers: privately, in a group with a native client, and over a restart of the server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from profile_client import Native
from server import ROOT, Server

TIMEOUT = 20
PASSWORD = "pass-word-for-all"


class Page:
    """The example in one browser. It waits for what a person would see, never for time."""

    def __init__(self, driver: Any, base: str) -> None:
        self.driver = driver
        driver.get(base + "/compat.html")

    def find(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def until(self, script: str, *arguments: Any) -> Any:
        try:
            return WebDriverWait(self.driver, TIMEOUT, poll_frequency=0.05).until(lambda d: d.execute_script("return " + script, *arguments))
        except Exception:
            seen = self.find("body").text
            raise AssertionError(f"waited in vain for {script} {arguments}; the page shows:\n{seen}") from None

    def register(self, name: str) -> str:
        """Makes an account; the number that the page shows."""
        self.find("#name").send_keys(name)
        self.find("#password").send_keys(PASSWORD)
        self.find('button[value="register"]').click()
        self.connected()
        return self.find("#me").text.split()[-1]

    def connected(self) -> None:
        self.until("document.getElementById('state').textContent === 'connected'")

    def open(self, mode: int, number: str) -> None:
        self.find(f'input[name="mode"][value="{mode}"]').click()
        self.find("#number").clear()
        self.find("#number").send_keys(number)
        self.find("#place button").click()

    def say(self, text: str) -> None:
        self.find("#text").send_keys(text)
        self.find("#say").click()

    def shows(self, *lines: str) -> None:
        """Exactly these messages, in this order, none of them waiting."""
        self.until(
            "JSON.stringify([...document.querySelectorAll('#messages li:not(.notice)')].map((e) => e.textContent + "
            "(e.classList.contains('waiting') ? ' (waiting)' : ''))) === JSON.stringify(arguments[0])", list(lines))

    def notices(self, text: str) -> None:
        self.until("[...document.querySelectorAll('#messages .notice')].some((e) => e.textContent === arguments[0])", text)

    def shot(self, name: str) -> None:
        if folder := os.environ.get("PARLEY_SHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(f"{folder}/{name}.png")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    server = Server(tmp_path_factory.mktemp("example") / "data")
    server.arguments = lambda extra=None: [  # type: ignore[method-assign]
        *server.serve, "serve", "--data", str(server.data), "--listen", f"127.0.0.1:{server.port}", "--no-rate-limits",
        "--web", str(ROOT / "examples"),
    ]  # fmt: skip
    asyncio.run(server.start())
    yield server
    server.kill()


@pytest.fixture(scope="module")
def pages(server: Server):
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    driver = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=900,600", "--no-first-run"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    drivers = [webdriver.Chrome(options=options, service=Service(driver)) for _ in range(2)]
    yield [Page(driver, server.http) for driver in drivers]
    complaints = [line["message"] for driver in drivers for line in driver.get_log("browser")]
    for driver in drivers:
        driver.quit()
    # What the restart of the server broke, and the icon that there is not, may be complained of; policies and scripts may not.
    assert [line for line in complaints if "Failed to load" not in line and "WebSocket" not in line and "net::ERR" not in line] == []


def native_token(server: Server, name: str) -> str:
    body = json.dumps({"name": name, "password": PASSWORD})
    done = subprocess.run(
        ["curl", "-s", f"{server.http}/v1/login", "-H", "Content-Type: application/json", "-d", body], capture_output=True, check=True)
    return json.loads(done.stdout)["access_token"]


def test_two_people_in_both_modes(server: Server, pages: list[Page]) -> None:
    ann, ben = pages
    ann_number, ben_number = ann.register("Ann"), ben.register("Ben")
    ann.open(1, ben_number)
    ann.say("hello Ben")
    ann.shows("Ann: hello Ben")
    ben.until("document.querySelector('#conversations button')?.textContent === 'Ann •'")
    ben.find("#conversations button").click()
    ben.shows("Ann: hello Ben")
    ben.say("你好, Ann")
    for page in pages:
        page.shows("Ann: hello Ben", "Ben: 你好, Ann")
    ann.shot("compat-private")

    async def group() -> str:
        """The profile makes no groups: a native client does, and has the first word."""
        owner = await Native.enter(server.url, native_token(server, "Ann"))
        ben_id = (await owner.ask("sync", epoch="", token="", positions={}))["conversations"][0]["peer"]
        conversation = await owner.group("Garden", [ben_id])
        await owner.send(conversation, "from the native client")
        await owner.close()
        return conversation

    conversation = asyncio.run(group())
    # Conversations are numbered as they come; this is the server's second one.
    for page in pages:
        page.open(2, "2")
        page.until("document.getElementById('title').textContent === 'Garden (group 2)'")
        page.shows("Ann: from the native client")
    ben.say("seen")
    for page in pages:
        page.shows("Ann: from the native client", "Ben: seen")

    server.kill()
    ann.until("document.getElementById('state').textContent.startsWith('offline')")
    ann.say("while it was away")
    ann.until("document.querySelector('.waiting') !== null")
    asyncio.run(server.start())
    for page in pages:
        page.connected()
        page.shows("Ann: from the native client", "Ben: seen", "Ann: while it was away")
    ann.shot("compat-group")

    async def told() -> list[str]:
        reader = await Native.enter(server.url, native_token(server, "Ben"))
        page = await reader.ask("history", conversation=conversation, after=1)
        await reader.close()
        return [entry["content"]["text"] for entry in page["entries"]]

    assert asyncio.run(told()) == ["from the native client", "seen", "while it was away"], "each once"
    ann.driver.execute_script("socket.onclose = null; socket.close()")
    ben.notices("Ann: leaving group")
    assert ann_number != ben_number
