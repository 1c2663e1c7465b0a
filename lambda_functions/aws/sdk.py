"""AWS's SDK as it was tested: its code is what Lambda's runtime has, its models of AWS's services come with ours.

The runtime's botocore is older than the one that the tests run on, and nobody can choose its version. What a call may
say, and where it is sent, is in the models: with these, a parameter that is newer than the runtime is sent all the
same. Nothing else is read of the runtime's own, so that the clients of a starting worker are also made faster.
"""

from __future__ import annotations

import re
from pathlib import Path

import botocore
from botocore.loaders import Loader
from botocore.session import Session

OLDEST = "1.37.0"
"""The oldest botocore that understands these models: an older one does not know a protocol that CloudWatch has."""


class SdkTooOld(RuntimeError):
    """Lambda's runtime has a botocore that cannot read the models. The text says what to do."""


def session(models: Path, version: str = botocore.__version__) -> Session:
    """A session that knows the services in this folder, with the operations in their models, and no others.

    It is apart from boto3's default session, which stays what a user's own code expects. Raises SdkTooOld.
    """
    if _number(version) < _number(OLDEST):
        raise SdkTooOld(
            f"Lambda's runtime has botocore {version}, and this release needs {OLDEST} or newer. "
            "Let Lambda update the function's runtime (runtime management: Auto), or install with a newer runtime."
        )
    made = Session()
    made.register_component("data_loader", Loader(extra_search_paths=[str(models)], include_default_search_paths=False))
    return made


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
