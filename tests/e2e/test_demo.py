"""`make demo` cleans up behind itself when somebody stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.product import INTERRUPTIBLE


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_leaves_neither_a_cloud_nor_files(stop: signal.Signals, tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [*INTERRUPTIBLE, sys.executable, "-m", "orchestrator.demo"],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with demo:
        assert demo.stdout is not None
        endpoint = next(line.split()[-1] for line in demo.stdout if "AWS answers at" in line)
        demo.send_signal(stop)
        said = demo.communicate(timeout=60)

    assert demo.returncode == 130, said
    assert "Traceback" not in said[1]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(endpoint, timeout=5)
