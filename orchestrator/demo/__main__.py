"""`python -m orchestrator.demo`: starts a cloud of its own, plays the scenarios on it, and leaves nothing behind.

With the name of a file it also saves what was shown, as a picture.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import click

from orchestrator.cli import failures
from orchestrator.cli.local import QUICK
from orchestrator.cli.options import DEFAULT_PREFIX, Target
from orchestrator.demo.play import play
from orchestrator.demo.scenarios import SCENARIOS
from orchestrator.demo.stage import Stage
from orchestrator.install import install as installer
from orchestrator.local import cloud


def main() -> int:
    """Play the demo. Returns the exit code, 0 only if everything was as it should be."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up then, too
    with tempfile.TemporaryDirectory(prefix="gluecode-demo-") as folder:
        home = Path(folder, "home")
        os.environ["GLUECODE_HOME"] = str(home)
        try:
            stage = Stage(recorded=len(sys.argv) > 1)
            _play(stage, Path(folder))
            for file in sys.argv[1:]:
                Path(file).write_text(stage.picture(), encoding="utf-8")
        except KeyboardInterrupt:
            return failures.report(click.Abort())
        except Exception as error:
            if os.environ.get("GLUECODE_DEBUG") == "1":
                raise
            return failures.report(error)
        finally:
            cloud.down(home)
    return 0


def _play(stage: Stage, folder: Path) -> None:
    started = time.monotonic()
    stage.title(
        "A digital twin over several clouds",
        "A twin has three layers: L1 takes telemetry in, L2 processes it, L3 stores it. Each can run on another cloud.",
        "gluecode deploys the AWS part of such a twin, and carries the data over the boundaries between clouds.",
        "Everything below is real (functions, HTTP, tokens), only that AWS runs on this machine, without an account.",
    )
    stage.console.print()
    with stage.waiting("Starting the embedded cloud ..."):
        running = cloud.up(settings=QUICK)
    stage.good(f"AWS answers at {running.endpoint}")
    target = Target(local=True, prefix=DEFAULT_PREFIX, profile=None, region=None)
    with stage.waiting("Installing the orchestrator: state machines, their step functions and roles ..."):
        done = installer.install(target.aws, installer.Options(DEFAULT_PREFIX), lambda _: None)
    stage.good(f"The orchestrator is installed, by CloudFormation (release {done.release})")
    for scenario in SCENARIOS:
        play(stage, target, scenario, folder)
    stage.title(
        f"That was it: three twins deployed, used and removed in {time.monotonic() - started:.0f} s.",
        "The same commands work on a real account. To try it by hand, begin with `gluecode local up`.",
    )


if __name__ == "__main__":
    sys.exit(main())
