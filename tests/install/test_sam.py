"""What `gluecode install --template-only` writes passes the SAM command's own lint."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestrator.install.install import template_only

SAM = Path(__file__).parents[2] / ".venv" / ".sam" / "bin" / "sam"

pytestmark = pytest.mark.skipif(not SAM.exists(), reason="the SAM command is not installed: `make sam-lint` does")


@pytest.fixture(scope="module", params=["arm64", "x86_64"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    template_only(folder, request.param)
    return folder


@pytest.mark.parametrize("template", ["artifacts", "gluecode"])
def test_sam_accepts_the_template_as_it_was_written(written: Path, template: str) -> None:
    here = {"PATH": os.environ["PATH"], "HOME": str(written), "AWS_DEFAULT_REGION": "eu-central-1"}
    nobody = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nobody", "SAM_CLI_TELEMETRY": "0"}

    done = subprocess.run(
        [str(SAM), "validate", "--lint", "--template", str(written / f"{template}.template.json")],
        capture_output=True,
        text=True,
        check=False,
        env=here | nobody,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "is a valid SAM Template" in done.stdout
