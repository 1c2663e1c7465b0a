"""An emulated AWS account in this process: moto, without what it makes anew for each account by default."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from moto import mock_aws


@contextmanager
def aws_account() -> Iterator[None]:
    """An empty account that every boto3 client of this process reaches until the block ends; its Lambda runs nothing.

    The default boto3 session stays, so that the models of AWS's services are read once and not for every account.
    """
    with mock_aws(config={"core": {"reset_boto3_session": False}, "lambda": {"use_docker": False}}):
        yield
