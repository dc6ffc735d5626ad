"""The stage of every test: a server of its own, a proxy before it, and two browsers."""

import contextlib
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from page import Page, start_driver  # noqa: E402
from proxy import Proxy  # noqa: E402
from wire import Wire  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
_labels = itertools.count(1)
OFFLINE = ('net::ERR_', 'WebSocket connection to', 'Failed to load resource')


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as probe:
        return probe.getsockname()[1]


def command():
    """The program: PARLEY_BIN names it."""
    return os.environ.get('PARLEY_BIN', str(ROOT / '.build/debug/parley')).split()


@contextlib.contextmanager
def serving(folder):
    """A server on the data folder `store` in this folder, until the end of the block; PARLEY_WEB names the page that it serves."""
    web = os.environ.get('PARLEY_WEB', str(ROOT / 'Web'))
    port = free_port()
    output = open(os.path.join(folder, 'server.log'), 'w+')
    # One machine plays a crowd here: limits by address would stop it.
    process = subprocess.Popen([*command(), 'serve', '--data', os.path.join(folder, 'store'), '--listen', f'127.0.0.1:{port}',
                                '--web', web, '--no-rate-limits'], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(f'http://127.0.0.1:{port}/healthz', process, output)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)
        output.close()


@pytest.fixture(scope='session')
def server():
    """Starts the server once."""
    with tempfile.TemporaryDirectory() as data, serving(data) as port:
        yield port


def wait_for(url, process, output):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=1).read()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    output.seek(0)
    raise AssertionError(f'the server did not start:\n{output.read()}')


@pytest.fixture(scope='session')
def drivers():
    chromium = os.environ.get('CHROMIUM') or shutil.which('chromium')
    chromedriver = os.environ.get('CHROMEDRIVER') or shutil.which('chromedriver')
    if not chromium or not chromedriver:
        pytest.skip('needs chromium and chromium-driver')
    started = [start_driver(chromium, chromedriver) for _ in range(2)]
    yield started
    for driver in started:
        driver.quit()


class Stage:
    def __init__(self, server, drivers, label):
        self.direct = f'http://127.0.0.1:{server}'
        self.label = label
        self.proxies = [Proxy(server) for _ in drivers]
        self.pages = [Page(driver, proxy.url) for driver, proxy in zip(drivers, self.proxies)]
        self.wires = []

    def name(self, who):
        """One server serves all tests, so names are of one test each."""
        return f'{who} {self.label}'

    def wire(self, who, register=True):
        wire = Wire(self.direct, name=self.name(who), register=register)
        self.wires.append(wire)
        return wire

    def enter(self, index, who, register=True):
        page = self.pages[index]
        page.open()
        page.enter(self.name(who), register=register)
        return page


@pytest.fixture
def stage(server, drivers):
    stage = Stage(server, drivers, f'{next(_labels):03d}')
    yield stage
    complaints = [line for page in stage.pages for line in page.complaints()]
    for page in stage.pages:
        page.driver.get('about:blank')
        # What a page still asked for on its way out is nothing to the next test.
        for kind in ('browser', 'performance'):
            page.driver.get_log(kind)
    for proxy in stage.proxies:
        proxy.close()
    for wire in stage.wires:
        wire.close()
    assert complaints == []


@pytest.fixture
def shots():
    folder = pathlib.Path(os.environ.get('PARLEY_SHOTS') or tempfile.mkdtemp(prefix='parley-shots-'))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
