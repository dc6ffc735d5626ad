"""The program under test, and the real logs where there are some."""

import os
import pathlib
import socket
import subprocess
import time
import urllib.request

import pytest

from people import PASSWORD, Person

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = pathlib.Path(__file__).resolve().parent / 'sample'


class Parley:
    def __init__(self):
        named = os.environ.get('PARLEY_BIN')
        built = [ROOT / '.build' / kind / 'parley' for kind in ('release', 'debug')]
        self.program = named or str(next((each for each in built if each.exists()), built[0]))

    def start_import(self, folder, logs, **more):
        password = folder.parent / 'password.txt'
        password.write_text(PASSWORD + '\n')
        options = ['--data', folder, '--owner', 'Librarian', '--owner-password-file', password, '--title', '#kitchen']
        for name, value in more.items():
            options += ['--' + name, value]  # The last one of a name counts.
        return subprocess.Popen([self.program, 'import', 'irc', *map(str, options), *map(str, logs)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run_import(self, folder, logs, status=0, **more):
        """The numbers of the printed table by their names; what was written to standard error where a failure is expected."""
        process = self.start_import(folder, logs, **more)
        out, err = process.communicate(timeout=300)
        assert process.returncode == status, err
        return {row.strip().rsplit(None, 1)[0]: int(row.rsplit(None, 1)[1]) for row in out.splitlines()} if status == 0 else err

    def check(self, folder):
        return subprocess.run([self.program, 'check', '--data', folder], capture_output=True, text=True, timeout=120)


class Server:
    """The server on a folder, and the group's owner logged in."""

    def __init__(self, parley, folder):
        with socket.create_server(('127.0.0.1', 0)) as probe:
            port = probe.getsockname()[1]
        self.process = subprocess.Popen([parley.program, 'serve', '--data', folder, '--listen', f'127.0.0.1:{port}', '--web', 'none',
                                         '--no-rate-limits'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.base = f'http://127.0.0.1:{port}'

    def __enter__(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(self.base + '/healthz', timeout=1).read()
                return Person(self.base, 'Librarian')
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None, 'the server did not start'

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture(scope='session')
def parley():
    return Parley()


@pytest.fixture
def serve(parley):
    return lambda folder: Server(parley, folder)


@pytest.fixture(scope='session')
def sample():
    return sorted(SAMPLE.glob('*.raw.txt'))


@pytest.fixture(scope='session')
def real():
    """The logs of the shared folder; the tests with them are left out where there is none."""
    shared = os.environ.get('PARLEY_SHARED', str(ROOT.parent / 'shared'))
    logs = sorted(pathlib.Path(shared, 'data', 'irc').glob('*.raw.txt'))
    if not logs:
        print(f'\nskipped: no logs in {shared}/data/irc (PARLEY_SHARED); only the sample is imported')
        pytest.skip('no shared logs')
    return logs
