"""Taking in a bulk removal's webhooks: how long each sender waits, and how fast they are read into the evidence log."""

import json
import time
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from tests.benchmarks.report import record
from tests.sandbox_server import running_sandbox
from tests.web.receiver import make_home, receiver_process, signatures
from workplace_sync.app import Application
from workplace_sync.settings import load_settings
from workplace_sync.store import webhooks

DELIVERIES = 5_000
MOST_SECONDS = 0.05


@pytest.mark.bench
@pytest.mark.parametrize("senders", [1, 4, 8])
def test_taking_in_five_thousand_webhooks(senders: int, tmp_path: Path) -> None:
    took: list[float] = []
    with running_sandbox("bt=200,openreach=60") as sandbox:
        home = make_home(tmp_path / "union", sandbox)
        tenant = sandbox.tenant()

        def deliver(sender: int) -> None:
            line = HTTPConnection(parts.hostname or "", parts.port)
            for number in range(sender, DELIVERIES, senders):
                value = {"verb": "remove", "member": {"id": str(number)}, "actor": {"id": "9", "name": "Eve Admin"}}
                entry = {
                    "id": tenant.prospect_group,
                    "time": made,
                    "changes": [{"field": "membership", "value": value}],
                }
                body = json.dumps({"object": "group", "entry": [entry]}).encode()
                headers = signatures(body, tenant.app_secret)
                began = time.perf_counter()
                line.request("POST", parts.path, body, headers)
                answer = line.getresponse()
                answer.read()
                took.append(time.perf_counter() - began)
                assert answer.status == 200
            line.close()

        with receiver_process(home, sandbox) as (receiver, _):
            parts, made = urlsplit(receiver.url), int(time.time())
            threads = [Thread(target=deliver, args=(sender,)) for sender in range(senders)]
            started = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.perf_counter() - started
            receiver.read_all()
            whole = time.perf_counter() - started
    with Application(load_settings(home)) as app, app.database.connect() as connection:
        found = webhooks.hints_for(connection, "prospect-bt", app.now().replace(year=2020))
    assert len(took) == len(found) == DELIVERIES
    took.sort()
    p50, p99 = took[DELIVERIES // 2], took[DELIVERIES * 99 // 100]
    print(f"\n{DELIVERIES:,} webhooks: p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms, most {took[-1] * 1e3:.1f} ms")
    print(f"taken in {seconds:.1f} s, read too {whole:.1f} s")
    note = f"{DELIVERIES:,} deliveries of {senders} at once while they are read into the evidence log"
    record(f"webhooks: answer to a delivery, p99 of {senders} at once", p99 * 1e3, "ms", note)
    record(
        f"webhooks: taken in and read, {senders} at once",
        DELIVERIES / whole,
        "/s",
        "durable before the answer; an entry each",
    )
    assert p99 < MOST_SECONDS
