"""Sends what schemathesis makes of `/openapi.json`: as each of two customers, and as the workspace.

    drive.py MEMBRANE DEMO_APPS FOLDER

Afterwards nothing of a customer's may have changed but by itself. One line a check, then how many passed.
"""

import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

import workspace

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KEY = "demo"

# Examples an operation; more find more, and take longer.
EXAMPLES = int(os.environ.get("EXAMPLES", "5"))
SEED = os.environ.get("SEED", "1")
ONLY = os.environ.get("ONLY")
CHECKS = [
    *["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"],
    *["response_headers_conformance", "negative_data_rejection", "ignored_auth", "unsupported_method"],
    *["missing_required_header", "use_after_free"],
    *["nothing_of_another_customer", "nothing_undescribed"],
]


def start(args, env=None):
    """Starts a program and reads the line of JSON it prints when it is ready."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    program = subprocess.Popen(args, cwd=ROOT, env={**os.environ, **(env or {})}, **pipes)
    line = program.stdout.readline()
    if not line:
        raise SystemExit(f"{args[0]} ended with {program.wait()}")
    return program, json.loads(line)


class Checks:
    """What was tried, and how it went."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name, problems):
        if problems:
            self.failed += 1
            print(f"FAIL {name}", *(f"     {problem}" for problem in problems), sep="\n", flush=True)
        else:
            self.passed += 1
            print(f"ok   {name}", flush=True)


def attack(caller, bearer, phases, context, folder):
    """Runs schemathesis with a token, and answers its report, what was counted, and what it printed."""
    report, counts, log = (folder / f"{caller}.{end}" for end in ("json", "counts.json", "log"))
    report.unlink(missing_ok=True)
    counts.unlink(missing_ok=True)
    env = {
        **os.environ,
        **context,
        "CALLER": caller,
        "COUNTS": str(counts),
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
    }
    with open(log, "w", encoding="utf-8") as out:
        subprocess.run(
            [
                *[str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml")],
                *["run", f"{context['API']}/openapi.json", "--url", context["API"], "--no-color"],
                *["--header", f"Authorization: Bearer {bearer}", "--workers", "1", "--seed", SEED],
                *["--phases", phases, "--max-examples", str(EXAMPLES), "--checks", ",".join(CHECKS)],
                *(["--include-path-regex", ONLY] if ONLY else []),
                *["--report", "json", "--report-json-path", str(report)],
            ],
            cwd=folder,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if not report.exists() or not report.stat().st_size or not counts.exists():
        raise SystemExit(f"schemathesis ended without a report; see {log}")
    return json.loads(report.read_text()), json.loads(counts.read_text()), log


def judge(check, caller, report, counts, log):
    """A line a check of schemathesis, and whether enough was tried for that to mean something."""
    failures = report["failures"]
    for failure in failures:
        where = failure["operations"]
        some = ", ".join(where[:5]) + (f" and {len(where) - 5} more" if len(where) > 5 else "")
        check(f"{caller}: {failure['title']} ({failure['code']})", [some, f"see {log}"])
    operations = report["operations"]
    left = operations["selected"] - operations["tested"]
    check(
        f"{caller}: {counts['calls']} calls of {operations['tested']} operations, {counts['done']} of them done",
        [f"it did not come to its end: {report['stop_reason']}"] * (not report["complete"])
        + [f"{left} operations were not called"] * (left > 0)
        + [f"{error}" for error in report["errors"]]
        + ["nearly nothing was done"] * (counts["done"] < counts["calls"] / 10),
    )
    if not failures:
        check(f"{caller}: every answer is as described ({', '.join(CHECKS)})", [])


def changed(before, after):
    """Where two views of the same things differ."""
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            fields = [field for field in one.keys() | other.keys() if one.get(field) != other.get(field)]
            yield f"{name}: {', '.join(sorted(fields))}"
        else:
            yield f"{name}: {'was not there' if one is None else 'is gone' if other is None else 'differs'}"


def main(membrane, demo_apps, folder):
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_hex(32)
    apps_program, apps = start([demo_apps])
    try:
        with tempfile.TemporaryDirectory() as data:
            server, ready = start(
                [
                    *[membrane, "serve", "--listen", "127.0.0.1:0", "--database", f"{data}/membrane.db"],
                    *["--connectors", "membrane-testkit/connectors", "--workspace-key", KEY],
                    *["--allow-private-networks", "--json"],
                ],
                {
                    "MEMBRANE_WORKSPACE_SECRET": secret,
                    "MEMBRANE_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
                    "RUST_LOG": "warn",
                },
            )
            try:
                return run(ready["url"], secret, apps, folder)
            finally:
                server.terminate()
                server.wait()
    finally:
        apps_program.stdin.close()
        apps_program.wait()


def run(url, secret, apps, folder):
    admin_token = workspace.token(KEY, secret, isAdmin=True)
    tokens = {name: workspace.token(KEY, secret, id=name) for name in workspace.CUSTOMERS}
    admin = workspace.Api(url, admin_token)
    customers = {name: workspace.Api(url, bearer) for name, bearer in tokens.items()}
    known = folder / "workspace.json"
    known.write_text(json.dumps(workspace.build(admin, customers, apps)))
    context = {"WORKSPACE": str(known), "ADMIN": admin_token, "API": url}

    check = Checks()
    for caller, victim in [("globex", "acme"), ("acme", "globex")]:
        before = workspace.everything(admin, victim, customers[victim])
        outcome = attack(caller, tokens[caller], "fuzzing,stateful", context, folder)
        judge(check, caller, *outcome)
        counts = outcome[1]
        check(
            f"{caller}: {counts['aimed']} calls named what is {victim}'s; no answer shows any of it, "
            f"{counts['own']} show its own",
            [f"{counts['leaks']} answers hold what is {victim}'s"] * (counts["leaks"] > 0)
            + ["no call named anything"] * (counts["aimed"] == 0)
            + ["nothing of its own was seen: the marks are not where they should be"] * (counts["own"] == 0),
        )
        after = workspace.everything(admin, victim, customers[victim])
        name = f"{caller}: nothing of {victim}'s nor of the workspace's has changed ({len(before)} things)"
        check(name, list(changed(before, after)))
    judge(check, "admin", *attack("admin", admin_token, "coverage,fuzzing,stateful", context, folder))
    print(f"{check.passed} passed, {check.failed} failed")
    return int(check.failed > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
