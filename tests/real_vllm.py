"""A real vLLM on loopback. Tests that need one are skipped unless VLLM names its executable (docs/engine.md)."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

VLLM = os.environ.get("VLLM")
needs_vllm = pytest.mark.skipif(not VLLM, reason="VLLM names no executable of vLLM (docs/engine.md)")
_START_SECONDS = 900  # minutes on a busy CPU
_OPTIONS = "--served-model-name tiny --host 127.0.0.1 --dtype float32 --enforce-eager --max-model-len 256"


@contextmanager
def serve_vllm(folder: Path, *options: str) -> Iterator[str]:
    """The root of a server of a folder's model, which is named "tiny"; its log lies beside the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(VLLM), "serve", str(folder), "--port", str(port), *_OPTIONS.split(), *options]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
    environment.pop("PYTHONPATH", None)  # its packages are its own
    log = folder.with_suffix(".log")
    with log.open("w") as file:
        server = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    root = f"http://127.0.0.1:{port}"
    try:
        _wait(server, f"{root}/health", log)
        yield root
    finally:
        server.terminate()
        server.wait()


def _wait(server: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends:
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            if httpx.get(address, timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(1)
    raise AssertionError(f"vLLM did not answer within {_START_SECONDS} s")
