"""The load generator and its runner in PARLEY_SHARED/peers, as a module."""
import importlib.machinery
import importlib.util
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PEERS = pathlib.Path(os.environ.get("PARLEY_SHARED", HERE.parent.parent / "shared")) / "peers"
OURS = str(HERE / "parley")


def load_runner():
    path = PEERS / "run"
    if not path.exists():
        sys.exit(f"no load generator in {PEERS}: set PARLEY_SHARED")
    loader = importlib.machinery.SourceFileLoader("peers_run", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("peers_run", loader))
    loader.exec_module(module)
    module.TMP.mkdir(parents=True, exist_ok=True)
    subprocess.run(["make", "-s", "-C", str(PEERS / "wsload"), f"OUT={module.TMP}"], check=True)
    return module


def say(*words):
    print(*words, file=sys.stderr, flush=True)
