"""A chosen part of the proof that events arrive after a repair; `make drift-proof` runs it whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs import drift_events
from tests.proofs.drifts import titled


@pytest.mark.timeout(600)  # an installation and five deployments on an embedded cloud
def test_events_arrive_after_a_role_was_deleted_and_after_it_was_made_again_by_hand(tmp_path: Path) -> None:
    titles = ("the press-processor's role deleted", "a role deleted and made again by hand")

    report = drift_events.run([titled(title) for title in titles], tmp_path)

    assert report.failures == []
    assert report.counts == {"events sent after the repair": 4, "arrived": 4}
