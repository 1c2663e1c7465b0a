"""Devices' own code: `processors/{device}/process.py` and what lies beside it."""

from __future__ import annotations

import ast
import hashlib
import sys
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from orchestrator.core.config.faults import Fault, suggestion

FOLDER = "processors"
_ENTRY = "process.py"


def is_source(path: str) -> bool:
    """Whether a path under the project belongs to a device's code. Hidden files and Python's caches do not."""
    folder, *parts = path.split("/")
    hidden = any(part.startswith(".") and part not in {".", ".."} for part in parts)
    is_marker = path.endswith("/")  # an empty object by which S3's console shows a folder
    return folder == FOLDER and not hidden and not is_marker and "__pycache__" not in parts


def read_processors(
    files: Mapping[str, bytes], devices: Collection[str] | None
) -> tuple[dict[str, dict[str, bytes]], list[Fault]]:
    """Each device's files by their path inside its folder, and what is wrong with them.

    `devices` are the twin's, None while they are not known.
    """
    found: dict[str, dict[str, bytes]] = {}
    faults: list[Fault] = []
    for path in sorted(filter(is_source, files)):
        _, device, *inside = path.split("/")
        if _is_unsafe(path):
            fix = "Use plain names, without '.', '..', an empty part, a backslash or control characters."
            faults.append(Fault(path, "", "has a path that could leave its folder.", fix))
        elif not inside:
            if path.endswith(".py"):
                fix = f"Move it to {FOLDER}/{{device}}/{_ENTRY}."
                faults.append(Fault(path, "", "lies outside a device's folder.", fix))
        else:
            found.setdefault(device, {})["/".join(inside)] = files[path]
    for device, sources in found.items():
        faults += _faults(device, sources, devices)
    faults += _same_but_for_case(found)
    return found, [replace(fault, file=_printable(fault.file)) for fault in faults]


def source_digest(sources: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) over a device's files: their names, their lengths and their content."""
    digest = hashlib.sha256()
    for path in sorted(sources):
        digest.update(f"{len(path.encode())}:{path}:{len(sources[path])}:".encode() + sources[path])
    return digest.hexdigest()


def _faults(device: str, sources: Mapping[str, bytes], devices: Collection[str] | None) -> Iterator[Fault]:
    folder = f"{FOLDER}/{device}"
    if devices is not None and device not in devices:
        fix = f"{suggestion(device, devices)}Name the folder after a device of config_iot_devices.json, or remove it."
        yield Fault(folder, "", "holds code for a device that the twin does not have.", fix)
    entry = f"{folder}/{_ENTRY}"
    if _ENTRY not in sources:
        near = suggestion(_ENTRY, (name for name in sources if "/" not in name))
        fix = f"{near}It holds `def process(event):`, which returns the event or None."
        yield Fault(entry, "", "is missing.", fix)
        return
    tree = _parsed(sources[_ENTRY])
    if isinstance(tree, str):
        fix = f"Correct it (checked with Python {sys.version_info.major}.{sys.version_info.minor})."
        yield Fault(entry, "", tree, fix)
    elif problem := _unfit(tree):
        yield Fault(entry, "process", problem, "Define `def process(event):` that returns the event or None.")


def _parsed(source: bytes) -> ast.Module | str:
    """The module's syntax tree, or what keeps it from compiling."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful escape is its author's business
            tree = ast.parse(source)
            compile(tree, _ENTRY, "exec", dont_inherit=True)
            return tree
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        return f"does not compile: {error.msg}{where}."
    except (ValueError, RecursionError, MemoryError) as error:
        return f"does not compile: {str(error) or type(error).__name__}."


def _unfit(tree: ast.Module) -> str:
    """What keeps `process` from being called with the event, or nothing. Names bound in branches count too."""
    for statement in _at_module_level(tree.body):
        if isinstance(statement, ast.FunctionDef) and statement.name == "process":
            return _signature_problem(statement.args)
        if isinstance(statement, ast.AsyncFunctionDef) and statement.name == "process":
            return "is asynchronous; it is called and not awaited."
        if "process" in _bound(statement):
            return ""
    return "is not defined."


def _at_module_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            handlers = getattr(statement, "handlers", [])
            for branch in (statement, *handlers):
                for part in ("body", "orelse", "finalbody"):
                    yield from _at_module_level(getattr(branch, part, []))


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in statement.names}
    if isinstance(statement, ast.Assign):
        return {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return (
        {statement.target.id}
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        else set()
    )


def _signature_problem(arguments: ast.arguments) -> str:
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    takes_one = (
        (positional >= 1 or arguments.vararg is not None) and required <= 1 and None not in arguments.kw_defaults
    )
    return "" if takes_one else "cannot be called with one argument, the event."


def _same_but_for_case(devices: Collection[str]) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for device in sorted(devices):
        other = seen.setdefault(device.lower(), device)
        if other != device:
            problem = f"and {FOLDER}/{other} differ only in case; their IAM roles would have one name."
            yield Fault(f"{FOLDER}/{device}", "", problem, "Rename one of the two devices.")


def _is_unsafe(path: str) -> bool:
    return any(part in {"", ".", ".."} for part in path.split("/")) or "\\" in path or not path.isprintable()


def _printable(path: str) -> str:
    return path if path.isprintable() else path.encode("unicode_escape").decode()
