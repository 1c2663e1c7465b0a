"""Runs `gluecode` unchanged and writes down each AWS call that it makes: `python recorder.py FILE ARGUMENT …`.

Only here are request ids known, which AWS's support asks for; the command itself does not print them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_LONGEST = 500


def record(file: Path, http_response: Any, parsed: dict[str, Any], model: Any) -> None:
    """Append one call; of an answer only the error is kept."""
    about, error = parsed.get("ResponseMetadata", {}), parsed.get("Error", {})
    failed = http_response.status_code >= 300
    line = {
        "call": f"{model.service_model.service_name}:{model.name}",
        "code": str(error.get("Code", http_response.status_code)) if failed else "",
        "message": str(error.get("Message", ""))[:_LONGEST] if failed else "",
        "request_id": about.get("RequestId", ""),
        "retries": about.get("RetryAttempts", 0),
    }
    with file.open("a", encoding="utf-8") as calls:
        calls.write(json.dumps(line) + "\n")


def main() -> int:
    """Run the command, its calls recorded."""
    from botocore import handlers

    from orchestrator.cli import main as gluecode

    file = Path(sys.argv[1])

    def handler(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        record(file, http_response, parsed, model)

    handlers.BUILTIN_HANDLERS.append(("after-call", handler))
    return gluecode(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
