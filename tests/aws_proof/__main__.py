"""Runs the product once in the AWS account that the environment points to, from installation to uninstallation.

It says what it will create and what that costs, and asks. Everything has names of its own, so that nothing that exists
is touched, and everything is removed at the end, also after a failure or Ctrl-C. What happened is in a transcript in
Markdown. Without credentials it is skipped. Exit code 1: something was not as expected, or something is left.
"""

from __future__ import annotations

import argparse
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import boto3
import botocore

from orchestrator.install.release import release
from tests.aws_proof import footprint
from tests.aws_proof.acts import ACTS, Step
from tests.aws_proof.cleaning import clean_up
from tests.aws_proof.leftovers import look
from tests.aws_proof.naming import ID_RULE, Names
from tests.aws_proof.record import Leftovers, Run
from tests.aws_proof.running import perform
from tests.aws_proof.stage import Stage, Target
from tests.aws_proof.statement import TWIN, statement
from tests.aws_proof.targets import NoAccount, UnusableAccount, embedded, real
from tests.aws_proof.transcript import MASK, left_over, render

ROOT = Path(__file__).parents[2]
TRANSCRIPTS = ROOT / ".cache" / "aws-proof"

OK, FAILED, REFUSED = 0, 1, 2


class Refused(Exception):
    """It does not begin, and says why."""


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="make aws-proof ARGS=…", description=__doc__)
    made.add_argument("--local", action="store_true", help="on an embedded cloud, which is started for it")
    made.add_argument("--yes", action="store_true", help="do not ask, begin")
    made.add_argument("--short", action="store_true", help="leave out the acts that only repeat a part more thoroughly")
    made.add_argument("--keep", action="store_true", help="remove nothing at the end")
    made.add_argument("--clean", metavar="ID", help="only remove what an earlier run left, one that was kept, say")
    made.add_argument("--mask", action="store_true", help=f"write {MASK} for the account into the transcript")
    made.add_argument("--skip-permissions-check", action="store_true", help="begin whatever IAM says of your rights")
    made.add_argument("--id", help=f"what the names of this run end in: {ID_RULE} [default: chance]")
    made.add_argument("--transcript", type=Path, metavar="FILE", help="where to write it [default: .cache/aws-proof]")
    return made


def main(arguments: Sequence[str] | None = None, acts: Sequence[Step] = ACTS) -> int:
    """Run it. Returns the exit code."""
    given = parser().parse_args(arguments)
    try:
        names = Names(given.clean or given.id) if given.clean or given.id else Names.new()
        with tempfile.TemporaryDirectory(prefix="aws-proof-") as folder, ExitStack() as stack:
            work = Path(folder) / "work"
            work.mkdir()
            target = stack.enter_context(embedded(names, Path(folder) / "home")) if given.local else real(names)
            return _on(target, names, work, given, [step for step in acts if not (given.short and step.long)])
    except NoAccount:
        print(
            "skipped: there are no AWS credentials here, so nothing was proven. Sign in (`aws login`, `aws sso login`) "
            "and choose a region, or run it on the embedded cloud: make aws-proof ARGS=--local"
        )
        return OK
    except (Refused, UnusableAccount, ValueError) as error:
        print(f"It does not begin. {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nStopped before it began: nothing was created.", file=sys.stderr)
        return REFUSED


def _on(target: Target, names: Names, work: Path, given: argparse.Namespace, acts: Sequence[Step]) -> int:
    """All of it, on that target."""
    caller = target.session.client("sts", endpoint_url=target.endpoint).get_caller_identity()
    begun = datetime.now(UTC)
    path = given.transcript or TRANSCRIPTS / f"{begun:%Y%m%d-%H%M%S}-{names.id}.md"
    about = {
        "cloud": "the embedded cloud" if target.embedded else "AWS",
        "account": caller["Account"],
        "region": str(target.session.region_name),
        "principal": caller["Arn"],
        "prefix": names.prefix,
        "twin": names.twin,
        "release": release(),
        "versions": f"Python {platform.python_version()}, boto3 {boto3.__version__}, botocore {botocore.__version__}",
    }
    stage = Stage(names, target, work, Run(about, caller["Account"], begun), _say)
    stage.secrets += _own_secrets(target.session)
    stage.save = lambda run: _write(path, stage, mask=given.mask)
    if given.clean:
        _clean_only(stage)
    else:
        _begin(stage, given, acts)
        perform(stage, acts, keep=given.keep)
    return _end(stage, path, mask=given.mask)


def _begin(stage: Stage, given: argparse.Namespace, acts: Sequence[Step]) -> None:
    """Say what will be done, and make sure that it is wanted and can be. Raises Refused."""
    parts = {
        "the orchestrator": footprint.installation(),
        TWIN: footprint.twin(),
        "a stand-in for the other cloud": footprint.OTHER_CLOUD,
    }
    for line in statement(stage.run.about, stage.names, parts, acts, costs=not stage.target.embedded):
        _say(line)
    _say("")
    _ensure_nothing_there(stage)
    if not given.skip_permissions_check:
        _ensure_rights(stage)
    if not given.yes:
        if not sys.stdin.isatty():
            raise Refused("It asks before it begins, and nobody is there to answer: add --yes if you mean it.")
        if input("Begin? [y/N] ").strip().lower() not in ("y", "yes"):
            raise Refused("Nothing was created.")


def _ensure_nothing_there(stage: Stage) -> None:
    there = look(stage.account, stage.names)
    if there.unlisted:
        raise Refused(
            "What is left could not be looked for at the end, because these cannot be listed: "
            f"{'; '.join(there.unlisted)}."
        )
    if there.found:
        found = "; ".join(f"{kind} {', '.join(names)}" for kind, names in there.found.items())
        raise Refused(
            f"There are resources of these names already: {found}. If they are of an earlier run of the proof, "
            f"remove them with: make aws-proof ARGS='--clean {stage.names.id}'"
        )


def _ensure_rights(stage: Stage) -> None:
    """The caller's rights, as far as the product can find them out."""
    _say("Checking your rights ...")
    layers = ("--layer", "install", "--layer", "command-line")
    said = stage.gluecode.run("check-permissions", *layers, "--twin", stage.names.twin, quiet=True)
    if not said.out.strip():
        raise Refused(f"Your rights could not be checked (--skip-permissions-check begins all the same). {said.err}")
    found = said.json
    if found["missing"]:
        raise Refused(
            f"{found['principal']['arn']} may not do what it takes: {found['missing']}. "
            "`gluecode check-permissions --layer install --layer command-line` prints a policy to attach; "
            "--skip-permissions-check begins all the same."
        )
    _say(f"Your rights: nothing is missing{' that could be found out' if found['unknown'] else ''} ({found['how']}).")


def _clean_only(stage: Stage) -> None:
    """Remove what an earlier run left."""
    stage.known.install_begun = stage.known.deploy_begun = True
    clean_up(stage)


def _end(stage: Stage, path: Path, *, mask: bool) -> int:
    removed = _write(path, stage, mask=mask)
    if removed:
        stage.run.acts[-1].expect(False, f"{removed} secrets had to be taken out of this transcript")
        _write(path, stage, mask=mask)
    _say("")
    if stage.run.kept:
        _say(f"Everything was kept. To remove it: {stage.run.kept[0]}")
    for line in left_over(stage.run.leftovers or Leftovers()) if not stage.run.kept else ():
        _say(line)
    _say("")
    if not stage.run.good:
        for line in [*([stage.run.stopped] if stage.run.stopped else []), *stage.run.differences]:
            _say(f"NOT as expected: {line}")
    _say("All as expected." if stage.run.good else "Not all was as expected.")
    _say(f"Transcript: {path}")
    return OK if stage.run.good else FAILED


def _write(path: Path, stage: Stage, *, mask: bool) -> int:
    """Write the transcript as far as it is. Returns how many secrets had to be taken out."""
    text, removed = render(stage.run, mask=mask, secrets=stage.secrets)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return removed


def _own_secrets(session: boto3.Session) -> list[str]:
    """The caller's own credentials, which must not get into the transcript either; `test` is no secret."""
    credentials = session.get_credentials()
    frozen = credentials.get_frozen_credentials() if credentials else None
    secrets = [frozen.secret_key, frozen.token] if frozen else []
    return [secret for secret in secrets if secret and len(secret) > len("test")]


def _say(line: str) -> None:
    print(line, flush=True)


def _as_ctrl_c(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    sys.exit(main())
