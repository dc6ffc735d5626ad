"""What the README prints is run as it is printed: the bot, the pipes, the operator's lines, another application's tokens; its flags exist.

`make run` is newcomer.py's, `make test` is what runs this, and the terminal is judged in verify/terminal.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import websockets.sync.client
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "judge")]

from blocks import ROOT, block, blocks  # noqa: E402
from network import alone  # noqa: E402
from server import command  # noqa: E402

URL = "http://127.0.0.1:8480"
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module", autouse=True)
def network():
    if not alone(8480):
        pytest.skip("port 8480 is taken, and the README names it; as root these tests have a network of their own")


class Place:
    """A folder in which the README's lines can be typed: `parley` is in the PATH, `.venv` is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin" / "parley").symlink_to(command()[0])
        (folder / ".venv").symlink_to(ROOT / ".venv")
        # As in a terminal of one's own: a make above this (`make test`) would have its say in what a make below it prints.
        outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        self.environment = {**outer, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder)}
        self.running: list[subprocess.Popen[str]] = []

    def type(self, line: str, **options) -> str:
        done = subprocess.run(["bash", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60, **options)
        assert done.returncode == 0, f"{line}: exit {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, line: str) -> subprocess.Popen[str]:
        """It goes on running, until the end of the test."""
        process = subprocess.Popen(
            ["bash", "-c", line], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.running.append(process)
        return process

    def serve(self, line: str) -> None:
        process = self.start(line)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            try:
                urllib.request.urlopen(URL + "/healthz", timeout=2).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"{line}: not ready")

    def end(self) -> None:
        # The server, which came first, goes last.
        for process in reversed(self.running):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=30)


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.end()


@pytest.fixture
def serving(place):
    place.serve(block("Operate it", having="parley serve --data"))
    return place


def ask(token: str, **frame):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(URL + "/v1/request", json.dumps(frame).encode(), headers), timeout=10) as answer:
        return json.load(answer)


def register(name: str) -> dict:
    body = json.dumps({"name": name, "password": "correct horse 9"}).encode()
    request = urllib.request.Request(URL + "/v1/register", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def next_text(socket, sender: str) -> str:
    while True:
        frame = json.loads(socket.recv(timeout=20))
        if frame.get("kind") == "message" and frame["sender"] == sender:
            return frame["content"]["text"]


def found(token: str, name: str) -> str:
    """The user of this name, once there is one."""
    for _ in range(100):
        request = urllib.request.Request(f"{URL}/v1/users?prefix={name}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            users = json.load(answer)["users"]
        if users:
            return users[0]["user"]
        time.sleep(0.1)
    raise AssertionError(f"nobody is called {name}")


def test_the_bot_answers(serving):
    (serving.folder / "bot.py").write_text(block("A bot in five lines", language="python") + "\n")
    serving.start(block("A bot in five lines", having="export TOKEN"))
    ann = register("Ann")
    bot = found(ann["access_token"], "echo")
    made = ask(ann["access_token"], type="create", id=1, client_id="k1", kind="direct", members=[bot])
    with websockets.sync.client.connect(URL.replace("http", "ws") + "/v1/ws") as socket:
        socket.send(json.dumps({"type": "auth", "id": 0, "token": ann["access_token"]}))
        while json.loads(socket.recv(timeout=10))["type"] != "ready":
            pass
        socket.send(json.dumps({"type": "presence", "id": 2, "users": [bot], "watch": True}))
        # What is written before the bot has come is not pushed to it.
        while {"user": bot, "online": True} not in json.loads(socket.recv(timeout=20)).get("users", []):
            pass
        for number, text in enumerate(("hello", "is it you?")):
            content = {"type": "text", "text": text}
            send = {"type": "send", "id": 3 + number, "conversation": made["conversation"], "client_id": f"c{number}", "content": content}
            socket.send(json.dumps(send))
            assert next_text(socket, bot) == "You said: " + text


PLAN = "user 1 bot x\nuser 2 ann x\ngroup Team 1 2\n"


def provisioned(place: Place) -> dict[str, str]:
    """The tokens by user, made by the line that the README has."""
    (place.folder / "plan.txt").write_text(PLAN)
    line = re.search(r"`(parley provision [^`]*)`", README).group(1)
    place.type(line)
    tokens = {user: token for user, _, token in map(str.split, (place.folder / "accounts.txt").read_text().splitlines())}
    (place.folder / "bot.token").write_text(tokens["bot"] + "\n")
    (place.folder / "bot.token").chmod(0o600)
    return tokens


def test_the_pipes(serving):
    tokens = provisioned(serving)
    out, follow = block("In the terminal", having="--follow").splitlines()
    # There is no Makefile here: what make says about that is the message.
    serving.type(out)
    following = serving.start(follow)
    group = ask(tokens["ann"], type="sync", id=1)["conversations"][0]["conversation"]
    said = [entry["content"]["text"] for entry in ask(tokens["ann"], type="history", id=1, conversation=group)["entries"] if entry["kind"] == "message"]
    assert len(said) == 1 and said[0].startswith("make: "), said
    for number in range(100):
        # Again until one is seen: what is said before the follower has come is not new to him.
        content = {"type": "text", "text": f"deploy {number}"}
        ask(tokens["ann"], type="send", id=1, conversation=group, client_id=f"d{number}", content=content)
        if select.select([following.stdout], [], [], 0.25)[0]:
            break
    assert "deploy" in following.stdout.readline()


def test_the_operators_lines(serving):
    provisioned(serving)
    for line in re.findall(r"`(parley (?:check|admin \w+ --\w+ \w+)[^`]*)`", README):
        serving.type(line)
    assert serving.type("parley admin users --search an --json")


def test_users_of_another_application(place):
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (place.folder / "app-public.pem").write_bytes(public)
    place.serve(block("Operate it", having="--jwt-algorithm"))
    names = {"key": key}
    exec("import jwt, time\n" + block("Operate it", language="python"), names)  # noqa: S102: it is our own README
    assert ask(names["token"], type="ping", id=1)["type"] == "pong"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        register("Somebody")


def flags(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def test_the_table_has_every_flag_of_serve(place):
    table = "\n".join(line for line in README.splitlines() if line.startswith("| `--"))
    cells = "\n".join(line.split("|")[1] for line in table.splitlines())
    told = flags(place.type("parley serve --help")) - {"--help", "--version"}
    assert flags(cells) == told


def test_every_flag_that_is_mentioned_exists(place):
    lines = [line for b in blocks() if not b.language for line in b.text.replace("\\\n", " ").splitlines()] + re.findall(r"`([^`\n]+)`", README)
    seen = 0
    for line in lines:
        for part in re.findall(r"parley ((?:[a-z]+ ?)+)([^|]*)", line):
            words = part[0].split()
            names = flags(part[1])
            if not names:
                continue
            seen += 1
            depth = 2 if words[0] in ("admin", "import") else 1
            assert names <= flags(place.type("parley " + " ".join(words[:depth]) + " --help")), line
    assert seen >= 8, seen
