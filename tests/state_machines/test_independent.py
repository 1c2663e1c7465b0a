"""What somebody else's validator of the Amazon States Language says of our machines: asl-validator, from npm."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import state_machines
from tests.state_machines.placeholders import PLACEHOLDERS, START

ROOT = Path(__file__).parents[2]
VALIDATOR = ROOT / ".venv" / ".asl-validator" / "node_modules" / "asl-validator"
COMMAND = VALIDATOR / "dist" / "bin" / "asl-validator.js"

pytestmark = [
    pytest.mark.skipif(not shutil.which("node"), reason="there is no Node here to run asl-validator with"),
    pytest.mark.skipif(not VALIDATOR.exists(), reason="asl-validator is not installed: `make asl-validator` does"),
]


def validated(definition: Any, folder: Path) -> tuple[int, str]:
    """What the validator ends with, and says."""
    path = folder / "machine.asl.json"
    path.write_text(json.dumps(definition))
    done = subprocess.run(["node", str(COMMAND), "--json-path", str(path)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", state_machines.MACHINES)
def test_another_validator_accepts_the_machine(name: str, tmp_path: Path) -> None:
    arns = {
        placeholder: f"arn:aws:lambda:eu-central-1:123456789012:function:{placeholder}" for placeholder in PLACEHOLDERS
    }

    code, said = validated(json.loads(state_machines.rendered(name, START | arns)), tmp_path)

    assert (code, "is valid" in said) == (0, True), said


def test_it_would_notice_a_way_that_leads_nowhere(tmp_path: Path) -> None:
    machine = state_machines.definition("remove-function")
    machine["States"]["Destroy the function"]["Next"] = "Nowhere"

    code, said = validated(machine, tmp_path)

    assert code != 0
    assert "Nowhere" in said
