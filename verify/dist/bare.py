#!/usr/bin/env python3
"""The archive of `make dist` in a system that has nothing: a bare Debian in a folder (debootstrap, minbase), entered by chroot as nobody.

The archive is made twice and must be the same bytes. In the bare system it is unpacked and started; from outside come a browser's
questions for the page, two people who chat, a SIGKILL and a SIGTERM. What the program needs of the system is compared with a short list,
and the systemd unit is judged by systemd-analyze where there is one. Needs debootstrap, and root that may mount; says so where
it cannot be tried.

Example:  .venv/bin/python verify/dist/bare.py
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Iterator

import websockets.sync.client

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "verify" / "judge"))

from server import free_port  # noqa: E402

Socket = websockets.sync.client.ClientConnection
NOBODY = 65534
# What is left to the system; linux-vdso and the loader are the kernel's and libc's own.
SYSTEM = {"linux-vdso", "ld-linux-x86-64", "ld-linux-aarch64", "libc", "libm", "libstdc++", "libgcc_s"}
EXPOSURE_MAX = 20
"""Of the unit, in tenths, as `systemd-analyze security` counts: 100 is a service without any hardening."""


def run(*words: str, **options: Any) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: exit {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# The archive


def pack(folder: Path) -> Path:
    """Makes the archive twice; the path of one."""
    archives = [Path(run(str(ROOT / "scripts" / "dist"), str(folder / turn)).strip()) for turn in ("one", "two")]
    contents = [archive.read_bytes() for archive in archives]
    assert contents[0] == contents[1], "the same build gave two different archives"
    run("sha256sum", "--check", archives[0].name + ".sha256", cwd=archives[0].parent)
    tell(f"{archives[0].name}: {len(contents[0]) / 1e6:.1f} MB, twice the same bytes")
    return archives[0]


def judge_unit(unit: Path, folder: Path) -> str:
    if shutil.which("systemd-analyze") is None:
        return "not tried: no systemd-analyze"
    # `verify` wants the program to be where the unit says.
    copy = folder / "parley.service"
    copy.write_text(unit.read_text().replace("/opt/parley/bin/parley", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr.strip(), f"systemd-analyze verify: {done.stderr}"
    return run("systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_MAX}", str(unit)).strip().splitlines()[-1]


# The bare system


def bare_system() -> Path:
    """A minimal system of the release that this one is of, made once."""
    codename = re.search(r"(?m)^VERSION_CODENAME=(\S+)", Path("/etc/os-release").read_text()).group(1)
    folder = ROOT / ".build" / "bare" / codename
    if not folder.exists():
        began = time.monotonic()
        lines = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages").splitlines()
        mirror = next(line.split()[0] for line in lines if line.split()[-1] == codename)
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        run("debootstrap", "--variant=minbase", codename, str(part), mirror)
        part.rename(folder)
        tell(f"debootstrap of {codename}: {time.monotonic() - began:.0f} s")
    return folder


class Bare:
    """The bare system with the archive unpacked in it, and a server that runs there as nobody."""

    environment = {"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": "/srv/parley", "LANG": "C.UTF-8"}

    def __init__(self, system: Path, archive: Path) -> None:
        self.system = system
        self.home = system / "srv" / "parley"
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        shutil.copy(archive, self.home)
        run("chroot", str(system), "tar", "-C", "/srv/parley", "-xzf", f"/srv/parley/{archive.name}")
        os.chown(self.home, NOBODY, NOBODY)
        # The page is found beside the program, not in the working folder.
        (self.home / "Web").mkdir()
        (self.home / "Web" / "index.html").write_text("another page")
        self.folder = "/srv/parley/" + archive.name.removesuffix(".tar.gz")
        self.program = self.folder + "/bin/parley"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Bare:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def words(self, *words: str) -> list[str]:
        """A command line that runs these words inside, in the folder around the archive's, as nobody, with /proc as any system has it."""
        enter = 'mount --bind /proc "$0/proc" && exec chroot --userspec=65534:65534 "$0" sh -c \'cd /srv/parley && exec "$@"\' sh "$@"'
        return ["unshare", "--mount", "sh", "-c", enter, str(self.system), *words]

    def inside(self, *words: str, **options: Any) -> str:
        return run(*self.words(*words), env=self.environment, **options)

    def start(self) -> None:
        words = self.words(self.program, "serve", "--data", "/srv/parley/data", "--listen", f"127.0.0.1:{self.port}")
        self.process = subprocess.Popen(words, env=self.environment)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if urllib.request.urlopen(self.url + "/healthz", timeout=2).status == 200:
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"it did not start: exit {self.process.poll()}")

    def end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)


def needs(bare: Bare) -> list[str]:
    """Libraries of the system that the program needs: none that a bare system lacks, none of Swift, SQLite or Argon2."""
    said = bare.inside("ldd", bare.program)
    names = sorted({Path(line.split()[0]).name.split(".so")[0] for line in said.splitlines()})
    assert set(names) <= SYSTEM, f"needs more of the system: {names}"
    for word in ("*swift*", "libsqlite3*", "libargon2*"):
        found = run("find", str(bare.system), "-xdev", "-not", "-path", f"{bare.home}/*", "-name", word)
        assert not found.strip(), f"the bare system is not bare: {found[:200]}"
    return names


def licences(bare: Bare) -> int:
    """What can be seen in the program has its licence beside it."""
    archive = Path(f"{bare.system}{bare.folder}")
    program = (archive / "bin" / "parley").read_bytes()
    seen = {
        b"SQLite format 3": "libsqlite3/copyright", b"Argon2_Context": "libargon2/copyright", b"stream error": "zlib1g/copyright",
        b"icudt": "icu.txt", b"BoringSSL": "boringssl.txt", b"Fatal error": "swift/LICENSE.txt", b"NIOPosix": "swift-nio/LICENSE.txt",
    }  # fmt: skip
    for mark, name in seen.items():
        assert mark in program, f"{mark!r} is not in the program any more: what is {name} for?"
        assert (archive / "licenses" / name).stat().st_size > 500, f"{name} is nothing"
    return len(list((archive / "licenses").iterdir()))


def page(bare: Bare) -> int:
    """Every file comes as it is in the archive; the page itself names the joined ones (decision 0014), which come too."""

    def get(path: str) -> bytes:
        with urllib.request.urlopen(bare.url + path, timeout=10) as answer:
            return answer.read()

    web = Path(f"{bare.system}{bare.folder}") / "share" / "parley" / "web"
    files = [file for file in sorted(web.rglob("*")) if file.suffix in (".js", ".css", ".svg")]
    for file in files:
        path = "/" + str(file.relative_to(web))
        assert get(path) == file.read_bytes(), f"{path} is not what the archive holds"
    assert len(files) > 50, f"only {len(files)} files"
    joined = re.findall(r'(?:src|href)="((?:app|style)/[^"]+)"', get("/").decode())
    assert len(joined) == 2 and all(re.search(r"\.[0-9a-f]{16}\.(js|css)$", path) for path in joined), joined
    assert get("/" + joined[1]).count(b"\n") > 5_000 > get("/" + joined[0]).count(b"\n") > 500, "the joined files are not whole"
    return len(files)


class Person:
    def __init__(self, bare: Bare, name: str) -> None:
        self.bare, self.name = bare, name
        grant = self.post("/v1/register", {"name": name, "password": "correct horse 9"})
        self.user, self.token = grant["user"], grant["access_token"]

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if path == "/v1/request":
            headers["Authorization"] = "Bearer " + self.token
        with urllib.request.urlopen(urllib.request.Request(self.bare.url + path, json.dumps(body).encode(), headers), timeout=10) as answer:
            return json.load(answer)

    def texts(self, conversation: str) -> list[str]:
        entries = self.post("/v1/request", {"type": "history", "id": 1, "conversation": conversation})["entries"]
        return [entry["content"]["text"] for entry in reversed(entries) if entry["kind"] == "message"]

    @contextlib.contextmanager
    def open(self) -> Iterator[Socket]:
        with websockets.sync.client.connect(self.bare.url.replace("http", "ws") + "/v1/ws") as socket:
            socket.send(json.dumps({"type": "auth", "id": 0, "token": self.token}))
            await_frame(socket, "ready")
            yield socket


def await_frame(socket: Socket, type: str, **fields: Any) -> dict[str, Any]:
    while True:
        frame = json.loads(socket.recv(timeout=10))
        assert frame["type"] != "error", frame
        if frame["type"] == type and all(frame.get(name) == value for name, value in fields.items()):
            return frame


def say(socket: Socket, conversation: str, text: str) -> None:
    content = {"type": "text", "text": text}
    socket.send(json.dumps({"type": "send", "id": 1, "conversation": conversation, "client_id": text.replace(" ", "-"), "content": content}))
    await_frame(socket, "ack", id=1)


def live(bare: Bare) -> None:
    """Two people chat; nothing is lost by a SIGKILL; the other commands work inside; SIGTERM ends it with 0."""
    ann, ben = Person(bare, "Ann"), Person(bare, "Ben")
    made = {"type": "create", "id": 1, "client_id": "k1", "kind": "group", "title": "Team", "members": [ben.user]}
    group = ann.post("/v1/request", made)["conversation"]
    with ann.open() as left, ben.open() as right:
        say(left, group, "hello")
        assert await_frame(right, "event", kind="message")["content"]["text"] == "hello"
        say(right, group, "hello to you")
        assert await_frame(left, "event", kind="message")["content"]["text"] == "hello to you"
        assert bare.end(signal.SIGKILL) == -signal.SIGKILL
    bare.start()
    assert ann.texts(group) == ["hello", "hello to you"], "a SIGKILL lost what was acknowledged"
    token = bare.home / "ann.token"
    token.write_text(ann.token + "\n")
    token.chmod(0o600)
    os.chown(token, NOBODY, NOBODY)
    bare.inside(bare.program, "chat", "--plain", "--token-file", "ann.token", "--open", "Team", bare.url, input="from a pipe\n")
    assert ben.texts(group)[-1] == "from a pipe"
    bare.inside(bare.program, "check", "--data", "data")
    status = bare.end(signal.SIGTERM)
    assert status == 0, f"SIGTERM: exit {status}"
    bare.inside(bare.program, "check", "--data", "data")


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    may_mount = subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0
    if not may_mount or shutil.which("debootstrap") is None:
        tell("bare: not tried: it needs debootstrap, and root that may mount")
        return 0
    with tempfile.TemporaryDirectory() as name:
        try:
            archive = pack(Path(name))
            with Bare(bare_system(), archive) as bare:
                unit = judge_unit(Path(f"{bare.system}{bare.folder}") / "deploy" / "parley.service", Path(name))
                libraries = needs(bare)
                named = licences(bare)
                bare.start()
                files = page(bare)
                live(bare)
        except (AssertionError, OSError) as fault:
            tell(f"bare: {fault}")
            return 1
    print(json.dumps({"archive": archive.name, "needs": libraries, "licences": named, "page_files": files, "unit": unit}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
