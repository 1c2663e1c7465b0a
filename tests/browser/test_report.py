"""Reports as a reader sees them: of told executions, and in `make docs-proof` of deployments that took place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import report
from orchestrator.local import cloud
from tests.browser import looking
from tests.browser.chromium import Page
from tests.browser.test_site import DESK, LOOKS, PHONE, WHOLE
from tests.docs.blocks import Shell
from tests.report import executions

TOLD = {"deployed": executions.deployed, "failed": executions.failed, "rolled back": executions.rolled_back}
SEEN = LOOKS if WHOLE else [(PHONE, "dark"), (DESK, "light")]

# L1 begins on Google Cloud and moves to AWS, but somebody has deleted the function that makes the IoT rule.
_FROM_GOOGLE = """
gluecode local up && gluecode install --local && gluecode init my-twin
cp my-twin/config_providers.json all-on-aws.json
cat > my-twin/config_providers.json <<'END'
{"layer_1_provider": "gcp", "layer_2_provider": "aws", "layer_3_hot_provider": "aws"}
END
echo '{"connections": {"gcp_l1_to_aws_l2": {}}}' > my-twin/config_inter_cloud.json
gluecode deploy my-twin --local
"""
_TO_AWS = """
eval "$(gluecode local env)"
aws lambda delete-function --function-name gluecode-create-iot-rule
mv all-on-aws.json my-twin/config_providers.json
rm my-twin/config_inter_cloud.json
gluecode deploy my-twin --local || true
"""
DEPLOYMENTS = {
    "deployed": _FROM_GOOGLE,
    "failed": _TO_AWS,
    "rolled back": "gluecode deploy my-twin --local --on-failure rollback || true",
}


@pytest.mark.parametrize(("width", "scheme"), SEEN)
@pytest.mark.parametrize("outcome", TOLD)
@pytest.mark.usefixtures("axe")
def test_a_report_has_no_faults_and_no_barrier(
    page: Page, tmp_path: Path, outcome: str, width: int, scheme: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(report.render(TOLD[outcome]()), encoding="utf-8")

    page.open(file.as_uri(), width=width, scheme=scheme)

    assert list(looking.faults(page, [file.as_uri()])) == []
    assert looking.barriers(page) == []


def test_a_report_is_readable_without_its_colours_and_on_paper(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(report.render(executions.failed()), encoding="utf-8")
    page.open(file.as_uri(), scheme="dark")

    page.print_view()

    assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.value("document.body.innerText.includes('What went wrong')")
    assert "failed" in page.value("document.querySelector('td .outcome.failed').textContent")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """A deployment that went well, one that failed, and one that was rolled back, each with its report."""
    folder = tmp_path_factory.mktemp("reports")
    shell, made = Shell(folder, {"GLUECODE_HOME": str(folder / "home")}), {}
    try:
        for number, (outcome, commands) in enumerate(DEPLOYMENTS.items()):
            printed, code = shell.type(f"{commands}\ngluecode report my-twin --local --output {number}.html")
            assert code == 0, printed
            made[outcome] = folder / f"{number}.html"
        yield made
    finally:
        shell.close()
        cloud.down(folder / "home")


@pytest.mark.skipif(not WHOLE, reason="it takes a minute: make docs-proof")
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("outcome", DEPLOYMENTS)
@pytest.mark.usefixtures("axe")
def test_the_report_of_a_deployment_that_took_place_has_no_faults_and_no_barrier(
    page: Page, reports: dict[str, Path], outcome: str, width: int, scheme: str
) -> None:
    page.open(reports[outcome].as_uri(), width=width, scheme=scheme)

    assert page.value("document.querySelector('.badge').textContent") == outcome
    assert list(looking.faults(page, [reports[outcome].as_uri()])) == []
    assert looking.barriers(page) == []
    assert page.value("document.querySelectorAll('.gd .taken').length") > 3
