"""Every generated file of the documentation by its path, and the comparison with what lies there."""

from __future__ import annotations

from pathlib import Path

from orchestrator.graphs import style
from orchestrator.reference import (
    commands,
    configuration,
    decisions,
    diagrams,
    installed,
    kinds,
    machines,
    mappings,
    naming,
    openapi,
    permissions,
    schemas,
)

_DOCS = Path("docs")


def pages(root: Path) -> dict[Path, str]:
    """Path relative to the repository's root -> content. `root` is where examples and the OpenAPI document are read."""
    made = {
        _DOCS / "architecture" / "state-machines.md": machines.page(),
        _DOCS / "decisions" / "index.md": decisions.page(root),
        _DOCS / "other-side" / "api.md": openapi.page(root),
        _DOCS / "reference" / "commands.md": commands.page(),
        _DOCS / "reference" / "configuration.md": configuration.page(root),
        _DOCS / "reference" / "kinds.md": kinds.page(),
        _DOCS / "reference" / "mappings.md": mappings.page(),
        _DOCS / "reference" / "names.md": naming.page(),
        _DOCS / "reference" / "permissions.md": permissions.page(),
        _DOCS / "assets" / "diagrams.css": style.for_site(),
        _DOCS / ".includes" / "installed.txt": installed.text(),
    }
    made |= {_DOCS / "diagrams" / "machines" / name: picture for name, picture in machines.pictures().items()}
    made |= {_DOCS / "diagrams" / name: picture for name, picture in diagrams.pictures().items()}
    made |= {_DOCS / ".includes" / "diagrams" / name: figure for name, figure in diagrams.figures().items()}
    for folder in (_DOCS / "schemas", Path("examples", "factory-twin", "schemas")):
        made |= {folder / name: schema for name, schema in schemas.files().items()}
    return made


def stale(root: Path) -> list[Path]:
    """The files that are missing or are not what would be generated now."""
    return list(_stale(root))


def write(root: Path) -> list[Path]:
    """Write what is stale. Returns the paths."""
    changed = _stale(root)
    for path, content in changed.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    return list(changed)


def _stale(root: Path) -> dict[Path, str]:
    return {path: content for path, content in pages(root).items() if _content(root / path) != content}


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
