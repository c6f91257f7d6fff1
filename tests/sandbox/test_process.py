"""The server as a process: starting, the state file, and ending."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.graph_client import Graph, add_operation
from tests.sandbox_server import ROOT, running_sandbox
from workplace_sync.sandbox.options import parse_people

SMALL = "bt=120,openreach=90"


def test_the_same_seed_makes_the_same_world_and_another_seed_another() -> None:
    worlds = []
    for seed in (7, 7, 8):
        with running_sandbox(SMALL, seed=seed) as sandbox:
            worlds.append((sandbox.control("GET", "tenants"), sandbox.people()))
    assert worlds[0] == worlds[1]
    assert worlds[0][0] != worlds[2][0]
    assert worlds[0][1] != worlds[2][1]


@pytest.mark.slow
def test_a_killed_server_comes_back_with_everything_it_answered(tmp_path: Path) -> None:
    state = tmp_path / "world.state"
    with running_sandbox(SMALL, state=state) as sandbox, Graph(sandbox) as graph:
        people = sandbox.addable()
        graph.batch([add_operation(graph.group, each["email"]) for each in people[:40]])
        made = graph.call("POST", "community/groups", data={"name": "New", "admin": people[0]["id"]}).json()["id"]
        post = graph.call("POST", f"{graph.group}/feed", data={"message": "Hello"}).json()["id"]
        graph.call("POST", f"{post}/comments", data={"message": "Yes"})
        graph.call("POST", f"{graph.group}/admins/{people[1]['id']}")
        graph.call("POST", graph.group, data={"description": "Kept"})
        sandbox.control("POST", "employer/deactivate", {"tenant": "bt", "emails": [people[2]["email"]]})
        sandbox.control("POST", "member/leave", {"group": graph.group, "email": people[3]["email"]})
        graph.remove(people[4]["email"], graph.tenant.community_id)
        token = sandbox.control("POST", "tokens", {"tenant": "bt", "permissions": ["read_group"]})["token"]
        sandbox.switch(limit_cap=50)
        before = [sandbox.members(graph.group), sandbox.journal(), sandbox.people(), sandbox.control("GET", "switches")]
        sandbox.kill()
    with state.open("a") as torn:
        torn.write('{"t":"member","at":17')
    with running_sandbox(SMALL, state=state) as sandbox, Graph(sandbox) as graph:
        after = [sandbox.members(graph.group), sandbox.journal(), sandbox.people(), sandbox.control("GET", "switches")]
        assert after == before
        assert graph.get(made, fields="name")["name"] == "New"
        assert len(graph.get(f"{post}/comments")["data"]) == 1
        assert graph.call("GET", graph.group, headers={"Authorization": f"Bearer {token}"}).ok
        graph.add(people[3]["email"])
        sandbox.kill()
    with running_sandbox(SMALL, state=state) as sandbox:
        assert len(sandbox.journal()) == len(before[1]) + 1
        sandbox.reset()
        sandbox.kill()
    with running_sandbox(SMALL, state=state) as sandbox:
        assert sandbox.journal() == []


def _complaint(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "workplace_sync.sandbox", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_state_file_of_another_world_is_refused_with_what_to_do(tmp_path: Path) -> None:
    state = tmp_path / "world.state"
    heading = {"sandbox": 1, "people": {"bt": 5}, "seed": 1}
    state.write_text(json.dumps(heading) + "\n")
    code, told = _complaint("--people", "bt=6", "--state", str(state))
    assert code == 1
    assert "move the file away" in told
    state.write_text(json.dumps(heading) + '\n{"t":"nonsense"}\n')
    code, told = _complaint("--people", "bt=5", "--state", str(state))
    assert "line 2" in told


def test_a_number_of_people_that_is_none_is_refused() -> None:
    code, told = _complaint("--people", "many")
    assert code == 1
    assert "bt=8000,openreach=3000" in told


def test_people_are_given_for_each_tenant_or_for_both() -> None:
    assert parse_people("8_000") == {"bt": 8000, "openreach": 8000}
    assert parse_people("bt=8000, openreach=3000") == {"bt": 8000, "openreach": 3000}
    for wrong in ("bt=1,bt=2", "bt=", "=3", "0", "bt=0", "2000000"):
        with pytest.raises(ValueError, match="people"):
            parse_people(wrong)


def test_a_tenant_of_one_person_works() -> None:
    with running_sandbox("solo=1") as sandbox, Graph(sandbox, "solo") as graph:
        assert len(graph.get(f"{graph.group}/members")["data"]) == 1


def test_latency_is_added_to_every_request() -> None:
    with running_sandbox(SMALL, latency_ms=150) as sandbox, Graph(sandbox) as graph:
        assert graph.call("GET", graph.group).elapsed.total_seconds() >= 0.15


def test_a_sandbox_ends_with_the_one_who_started_it_however_that_ends() -> None:
    starter = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-m', 'workplace_sync.sandbox', '--people', '60', '--with-stdin'],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", starter], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _runs(pid):
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
