"""Two releases of the product on one machine: the earlier commit, taken from the history, and this checkout."""

from __future__ import annotations

import io
import json
import shutil
import site
import subprocess
import sysconfig
import tarfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.product import Product
from tests.upgrade import recorder

ROOT = Path(__file__).parents[2]
EARLIER = "28907eda95641d99f05f0174134a15442b9813e0"
"""The last commit before the restructuring."""

_VERSION = "0.1.0"
_MODULE = "upgrade_recorder"
_READS = ("Get", "List", "Describe", "Head", "BatchGet", "Filter", "Query", "Scan", "Simulate", "Receive")


@dataclass(frozen=True)
class Call:
    """One AWS call that a Lambda worker made."""

    function: str
    operation: str
    subject: str
    code: str

    @property
    def writes(self) -> bool:
        """Whether it can change something."""
        return not self.operation.startswith(_READS)


@dataclass(frozen=True)
class Releases:
    """`old` and `new` are the command of either release, working on the same embedded cloud and in the same folder."""

    old: Product
    new: Product
    folder: Path
    recorded: Path
    functions_differ: bool
    """Whether the zip of the twins' functions is another one."""

    def calls(self, since: int = 0) -> list[Call]:
        """The calls of all Lambda workers, from the given number on."""
        lines = self.recorded.read_text(encoding="utf-8").splitlines() if self.recorded.exists() else []
        return [Call(**json.loads(line)) for line in lines[since:]]

    @property
    def mark(self) -> int:
        """How many calls were made so far."""
        return len(self.calls())


def has_history() -> bool:
    """Whether the checkout's history has the earlier commit: an archive or a shallow clone may not."""
    try:
        asked = subprocess.run(
            ["git", "cat-file", "-e", f"{EARLIER}^{{commit}}"], cwd=ROOT, capture_output=True, check=False
        )
    except FileNotFoundError:  # there is no git
        return False
    return asked.returncode == 0


@contextmanager
def releases(folder: Path) -> Iterator[Releases]:
    """Both releases, working in `folder`; the embedded cloud is stopped at the end, whichever of them started it.

    The commands and the Lambda workers run in an environment that has the dependencies alone. Commands find their
    release by PYTHONPATH. The embedded cloud does not hand PYTHONPATH on, so a worker has nothing but its zip.
    """
    tree, work, home = folder / "earlier", folder / "work", folder / "home"
    work.mkdir()
    _extract(tree)
    packages = environment(folder / "environment")
    command = _command(folder / "environment")
    old = Product(command, home, work, {"PYTHONPATH": str(tree)})
    new = Product(command, home, work, {"PYTHONPATH": str(ROOT)})
    try:
        yield Releases(old, new, work, packages / recorder.CALLS, _functions(tree) != _functions(ROOT))
    finally:
        new.run("local", "down")


def _extract(tree: Path) -> None:
    archive = subprocess.run(["git", "archive", EARLIER], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(tree, filter="data")
    about = tree / f"multicloud_gluecode-{_VERSION}.dist-info"  # found before this checkout's own, in the environment
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: multicloud-gluecode\nVersion: {_VERSION}\n")


def _functions(tree: Path) -> dict[str, bytes]:
    root = tree / "lambda_functions"
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.suffix in (".py", ".json")
    }


def environment(folder: Path) -> Path:
    """An environment with this one's dependencies, without this checkout, and with the recorder. Its packages."""
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    # A path in a .pth file is searched, but the .pth files in it (our editable installation) are not read.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    shutil.copy(recorder.__file__, packages / f"{_MODULE}.py")
    (packages / f"{_MODULE}.pth").write_text(f"import {_MODULE}; {_MODULE}.start()\n")
    return packages


def _command(environment: Path) -> Path:
    python, command = environment / "bin" / "python", environment / "bin" / "gluecode"
    command.write_text(f"#!{python}\nimport sys\nfrom orchestrator.cli import main\nsys.exit(main())\n")
    command.chmod(0o755)
    return command


def install(product: Product) -> Any:
    """Run `gluecode install` of that release, and answer its result. An upload is deployed soon after its last file."""
    return product.done("install", "--quiet-seconds", "1")
