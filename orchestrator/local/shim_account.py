"""Makes ministack keep once for an account what AWS keeps once: CloudWatch's dashboards, which have no region.

Roles, which have none either, ministack keeps once itself.
"""

from __future__ import annotations

from ministack.core.responses import AccountScopedDict
from ministack.services import cloudwatch


def install() -> None:
    """Patch CloudWatch."""
    if not isinstance(cloudwatch._dashboards, AccountScopedDict):
        cloudwatch._dashboards = AccountScopedDict()
