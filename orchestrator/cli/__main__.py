"""Lets `python -m orchestrator.cli` stand in for the `gluecode` command."""

from __future__ import annotations

import sys

from orchestrator.cli import main

sys.exit(main())
