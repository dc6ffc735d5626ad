"""The page's decisions that need no page, under Node."""

import pathlib
import shutil
import subprocess

import pytest

UNIT = pathlib.Path(__file__).parent / 'unit'


@pytest.mark.skipif(shutil.which('node') is None, reason='needs node 20')
def test_units():
    result = subprocess.run(['node', '--test', *map(str, sorted(UNIT.glob('*.test.js')))], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
