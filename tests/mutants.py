"""Breaks each rule of the runtime once, in a copy, and shows that a test notices: `make mutants`.

Every mutant is one changed line. It is noticed when a test fails; one that survives is a rule without a test, and makes
this program end with 1. Only the tests of one file are run for it, so that it takes seconds and not minutes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
COPIED = (
    "lambda_functions",
    "tests/__init__.py",
    "tests/emulated.py",
    "tests/unit/__init__.py",
    "tests/unit/lambda_functions",
    "docs/openapi.yaml",
)
TESTS = "tests/unit/lambda_functions"
WORKERS = 2


@dataclass(frozen=True)
class Mutant:
    """One broken rule: `line` becomes `broken`, and the tests in `test_{tests}.py` should notice."""

    rule: str
    line: str
    broken: str
    tests: str


MUTANTS: dict[str, tuple[Mutant, ...]] = {
    "shared/authentication.py": (
        Mutant("a wrong token is refused", "matched |= hmac", "matched |= True or hmac", "writer"),
        Mutant("nobody is let in without a configured token", "or [_NOBODY]:", "or [given]:", "endpoints"),
        Mutant("a token that stands twice is refused", "if len(given) == 1 else", "if given else", "endpoints"),
        Mutant(
            "tokens are compared as bytes",
            "hmac.compare_digest(given, token)",
            "hmac.compare_digest(presented, token.decode())",
            "endpoints",
        ),
        Mutant("tokens are compared in constant time", "hmac.compare_digest(given, token)", "given == token", "tokens"),
        Mutant("a newer token is looked up", "        tokens.refetch()", "        pass", "tokens"),
    ),
    "shared/http_request.py": (
        Mutant("the header's name has no case", "key.lower() == name.lower()", "key == name.lower()", "ingestion"),
        Mutant("a body has a limit", "> MAX_BODY_BYTES:", "> 2 * MAX_BODY_BYTES:", "endpoints"),
        Mutant("base64 is decoded", 'event.get("isBase64Encoded") is True', "False", "endpoints"),
    ),
    "shared/tokens.py": (
        Mutant("wrong tokens cannot drive up the bill", "< self._refetch_seconds:", "< 0:", "tokens"),
        Mutant(
            "known tokens outlast an outage",
            "except Exception as error:",
            "except ZeroDivisionError as error:",
            "tokens",
        ),
    ),
    "shared/endpoint.py": (
        Mutant(
            "authentication comes before the body",
            "    authentication.authenticate(request, accepted)\n    body = http_request.body(request)",
            "    body = http_request.body(request)\n    authentication.authenticate(request, accepted)",
            "endpoints",
        ),
        Mutant(
            "a faulty event is refused alone",
            "return [self._take_one(document, lambda: left() >= until) for document in documents]",
            "return [self._take_one(document, lambda: left() >= until) for document in documents[:1]] * len(documents)",
            "received_batches",
        ),
        Mutant("a batch ends in time", "            if not in_time():", "            if False:", "received_batches"),
        Mutant(
            "a batch needs the token",
            "authentication.authenticate(request, accepted)",
            'str(request.get("body")).startswith("[") or authentication.authenticate(request, accepted)',
            "received_batches",
        ),
        Mutant("traceparent is understood", "(trace_id_of(sent[0]) if sent else None)", "None", "endpoints"),
    ),
    "shared/signing.py": (
        Mutant("a signature is verified", "if not any(matches(", "if False and not any(matches(", "signing"),
        Mutant("a replay is refused", "if (message_id, timestamp) in self._seen:", "if False:", "signing"),
        Mutant("an old signature is refused", "> TOLERANCE_SECONDS:", "> 10 * TOLERANCE_SECONDS:", "signing"),
        Mutant(
            "a sender's retry is no replay",
            "if (message_id, timestamp) in self._seen:",
            "if any(message_id == each for each, _ in self._seen):",
            "signing",
        ),
    ),
    "shared/json_text.py": (
        Mutant("NaN is refused", "parse_constant=_not_finite,", "", "endpoints"),
        Mutant("duplicate keys are refused", "if len(made) != len(listed):", "if False:", "endpoints"),
        Mutant("deep nesting is an answer", "except RecursionError:", "except ZeroDivisionError:", "endpoints"),
        Mutant("numbers are kept exactly", "parse_float=Decimal", "parse_float=float", "writer"),
    ),
    "shared/event.py": (
        Mutant("a number has a range", "if rounded != value:", "if False:", "event"),
        Mutant("nesting has a limit", "MAX_DEPTH = 32", "MAX_DEPTH = 60", "endpoints"),
        Mutant("half a character is refused", "except UnicodeEncodeError:", "except ZeroDivisionError:", "endpoints"),
        Mutant(
            "an unknown device is refused", "if known is not None and device not in known:", "if False:", "ingestion"
        ),
        Mutant("an event needs a device", 'raise Refused("iot_device_id_missing")', 'return ""', "ingestion"),
        Mutant("a stored event needs a time", 'raise Refused("time_missing")', 'return "now"', "writer"),
        Mutant("one moment is one key", 'return f"{exact(value):f}"', "return str(value)", "writer"),
    ),
    "shared/envelope.py": (
        Mutant("a payload is an object", "if not isinstance(payload, Mapping):", "if payload is None:", "writer"),
        Mutant("the other layer's events are refused", "not in (None, layer):", "is ...:", "endpoints"),
        Mutant("an unknown kind of message is refused", "not in (None, TELEMETRY):", "is ...:", "endpoints"),
        Mutant(
            "the trace id stays the same",
            'trace_id=as_trace_id(document.get("trace_id")) or trace_id,',
            "trace_id=trace_id,",
            "connector",
        ),
        Mutant(
            "the trace id survives Lambda's retry",
            "return as_trace_id(request_id) or str(uuid.uuid4())",
            "return str(uuid.uuid4())",
            "dispatcher",
        ),
        Mutant("a batch has a limit", "len(document) > MAX_EVENTS:", "False:", "received_batches"),
    ),
    "shared/sending.py": (
        Mutant("traceparent is sent", '"traceparent": traceparent(message.trace_id),', "", "connector"),
        Mutant("there are three retries", "RETRIES = 3", "RETRIES = 2", "connector"),
        Mutant("the delay doubles", "delay *= 2", "delay += 1", "connector"),
        Mutant("Retry-After is honoured", "max(delay, answer.retry_after_seconds)", "delay", "sending"),
        Mutant("a redirect is not followed", "allow_redirects=False", "allow_redirects=True", "sending"),
        Mutant("retries end in time", "> remaining():", "> 1e9:", "sending"),
        Mutant(
            "an attempt ends in time", "min(self._read_seconds, seconds - connect)", "self._read_seconds", "sending"
        ),
        Mutant("a 403 fetches the token again", "                tokens.refetch()", "                pass", "sending"),
        Mutant("a second 403 is final", "may_refetch = False", "may_refetch = attempts < 3", "sending"),
        Mutant("a dead remote is left alone", 'if state == "open":', "if False:", "sending"),
        Mutant("a blank token sends nothing", "    if not token:", "    if token is None:", "persister"),
    ),
    "shared/batch_sender.py": (
        Mutant("a refused event is not delivered", "if answer.accepted:", "if answer.status == 400:", "batch_sender"),
        Mutant("who takes no batches gets none", "sender.takes_batches = False", "pass", "batch_sender"),
        Mutant("a refused token is not tried again", "if refusal.status not in", "if 0 in", "batch_sender"),
        Mutant("the same event is sent once", "if known == position:", "if True:", "batch_sender"),
        Mutant("a batch fits into a request", "+ 1 > MAX_BODY_BYTES", "+ 1 > 1e9", "batch_sender"),
        Mutant("a batch keeps its id", "sorted(trace_ids)", "trace_ids", "batch_sender"),
    ),
    "aws/sqs_handler.py": (
        Mutant(
            "what is not done comes again", "in records if record not", "in records[1:] if record not", "sqs_handler"
        ),
        Mutant("what is nowhere is not done", "        return False\n", "        return True\n", "sqs_handler"),
        Mutant("what passes is tried again", "return record.last and _kept(", "return _kept(", "sqs_handler"),
        Mutant("a last attempt is the last", ">= attempts", "> attempts", "sqs_handler"),
        Mutant(
            "a function ends in time", "finish if left() >= FINISHING_SECONDS else _no_time", "finish", "sqs_handler"
        ),
    ),
    "aws/cloud.py": (
        Mutant("events wait in the queue", "    if not queue:", "    if queue:", "sqs_handler"),
        Mutant("a 200 follows the invoke", 'client("lambda").invoke(', "(lambda **_: None)(", "ingestion"),
        Mutant("the previous token is accepted", '("AWSCURRENT", "AWSPREVIOUS") if', '("AWSCURRENT",) if', "tokens"),
        Mutant("a throttle is not a fault", "in _THROTTLES", "in ()", "ingestion"),
    ),
    "shared/delivery.py": (
        Mutant(
            "a result belongs to its event",
            'if [as_trace_id(each["trace_id"]) for each in listed] != list(trace_ids):',
            "if len(listed) != len(trace_ids):",
            "batch_sender",
        ),
        Mutant("a connection is used again", 'next(response.iter_content(_MAX_BYTES), b"")', 'b""', "sending"),
        Mutant("a 429 is retried", "self.status == 429 or", "", "sending"),
        Mutant("a 400 is not retried", "self.status >= 500", "self.status >= 400", "connector"),
    ),
    "shared/remote_url.py": (
        Mutant("the token needs https", 'if parts.scheme != "https" and not loopback:', "if False:", "sending"),
    ),
    "shared/breaker.py": (
        Mutant(
            "the breaker closes again",
            "        self._failures = 0\n\n    def failed",
            "        pass\n\n    def failed",
            "sending",
        ),
    ),
    "persister/persist.py": (
        Mutant(
            "the event checker hears only of stored events",
            '    if settings.on("USE_EVENT_CHECKING"):\n        hand_on',
            "    if True:\n        hand_on",
            "persister",
        ),
        Mutant("two providers must differ", "if l2 == l3:", "if False:", "persister"),
        Mutant(
            "a URL without a mapping is an error",
            "if info is None or info.providers is None:",
            "if False:",
            "persister",
        ),
    ),
    "shared/settings.py": (
        Mutant("a blank URL stores here", 'os.environ.get(name, "").strip()', 'os.environ.get(name, "")', "persister"),
    ),
    "aws/hot_table.py": (
        Mutant("nothing is written when validation fails", "    event.check_storable(telemetry)", "    pass", "event"),
        Mutant("an item that is too large is refused", '!= "ValidationException":', "!= ...:", "writer"),
    ),
    "shared/failure_queue.py": (
        Mutant(
            "a refused event is kept",
            "kept = put(",
            "kept = (lambda *_, **__: True)(",
            "connector",
        ),
        Mutant("without a queue Lambda keeps it", "        raise refusal", "        return", "connector"),
        Mutant("what SQS moved is read", 'set(found) == {"function", "event"}', "False", "failure_queue"),
    ),
    "processor/process.py": (
        Mutant(
            "an own process may drop an event",
            "    if made is None:\n        observability",
            "    if made == 0:\n        observability",
            "processor",
        ),
    ),
    "processor/own_code.py": (
        Mutant(
            "a broken process is not taken for none",
            "        if error.name not in",
            "        if False and error.name not in",
            "processor",
        ),
    ),
    "event_checker/actions.py": (
        Mutant(
            "one failing action does not stop the others",
            "        return False\n    return True",
            "        raise\n    return True",
            "event_checker",
        ),
        Mutant("a failed action is kept", "    if failed:", "    if False:", "event_checker"),
        Mutant("what succeeded does not start again", "(only is None or name in only) and", "", "event_checker"),
    ),
    "shared/observability.py": (
        Mutant("events do not share their fields", "_fields.reset(before)", "pass", "received_batches"),
        Mutant(
            "an error's text stays out of the log",
            "type(error).__name__ + _place(error)",
            "str(error)",
            "observability",
        ),
        Mutant(
            "a line names its event",
            "bind(trace_id=envelope.trace_id, source_cloud",
            "bind(source_cloud",
            "observability",
        ),
    ),
    "aws/observe.py": (Mutant("many values have a dimension", ">= _MANY_VALUES", ">= 1000", "received_batches"),),
    "shared/responses.py": (
        Mutant(
            "an answer says no more than its reason",
            '{"reason": verdict.reason} if',
            '{"reason": verdict.reason, "class": "Refused"} if',
            "endpoints",
        ),
    ),
}


def copy_into(folder: Path) -> None:
    """What the tests need, without anything that was built."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def run_tests(folder: Path, tests: str) -> str | None:
    """The first test that fails, or None when all pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:randomly",
               "--import-mode=importlib", "--show-capture=no", "--tb=no", tests]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode == 0:
        return None
    found = re.search(r"^(?:FAILED|ERROR) (?:\S*?::)?(\S+)", done.stdout, re.MULTILINE)
    if done.returncode != 1 or found is None:
        raise SystemExit(f"The tests could not be run:\n{done.stdout}\n{done.stderr}")
    return found[1]


def noticed_by(file: str, one: Mutant) -> str | None:
    """Make the mutant in a copy of its own; answer the test that notices it."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        copy_into(folder)
        path = folder / "lambda_functions" / file
        source = path.read_text(encoding="utf-8")
        if source.count(one.line) != 1:
            raise SystemExit(f"{file} has {source.count(one.line)} places that read:\n{one.line}")
        path.write_text(source.replace(one.line, one.broken), encoding="utf-8")
        return run_tests(folder, f"{TESTS}/test_{one.tests}.py")


def main() -> int:
    """Run every mutant, and print which test noticed it."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        copy_into(Path(name))
        failing = run_tests(Path(name), TESTS)
    if failing:
        print(f"The tests must pass before anything is broken: {failing} fails.")
        return 1
    every = [(file, one) for file, mutants in MUTANTS.items() for one in mutants]
    survivors = 0
    print(f"{'':3} {'file':27} {'broken rule':46} noticed by")
    with ThreadPoolExecutor(WORKERS) as pool:
        tests = pool.map(lambda each: noticed_by(*each), every)
        for number, ((file, one), test) in enumerate(zip(every, tests, strict=True), 1):
            survivors += test is None
            print(f"{number:3} {file:27} {one.rule:46} {test or 'NOBODY'}", flush=True)
    seconds = time.monotonic() - started
    print(f"{len(every)} mutants, {len(every) - survivors} noticed, {survivors} survived, {seconds:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
