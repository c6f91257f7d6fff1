"""Rule sets that mean harm: each ends in a clear error, or denies, soon; never in a crash or an allow.

Each is tried in a process of its own, as native code could end it. What is bounded is the work itself, in processor time, and
generously, so that a busy or an old machine is no fault; starting Python and importing are not counted.
"""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.sandbox_server import ROOT
from workplace_sync.errors import InputError
from workplace_sync.policy import limits
from workplace_sync.policy.limits import loops
from workplace_sync.policy.shelf import load_policies

SECONDS = 20
HEAD = """\
kind: MembershipPolicy
metadata: {id: hostile, version: 1, title: T, owner: O, source: {title: S}, effective_from: 2020-03-01T00:00:00Z}
match: {actions: [add]}
"""
RUN = """
import json, resource, sys, time
from datetime import UTC, datetime
from tests.policy.documents import person
from tests.policy.test_hostile import CASES
from workplace_sync.errors import InputError
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.shelf import load_policies

files = CASES[sys.argv[1]]()
began = time.process_time()
try:
    engine = Engine(load_policies(files), group="bt", now=datetime(2024, 3, 1, tzinfo=UTC))
    row = person(subject__roles=["x" * 40 + str(n) for n in range(100)], subject__status="a" * 4000)
    ended = next(engine.decide("add", [row])).acts_as.value
    told = []
except InputError as error:
    ended, told = "error", [str(fault) for fault in error.faults]
print(json.dumps([ended, time.process_time() - began, told[:3], max(map(len, told), default=0)]))
"""


def rules(number: int, expression: str, *, more: str = "", extra: str = "") -> dict[str, bytes]:
    text = json.dumps(expression)
    made = (
        f"  - {{id: r{n}, title: T, effect: deny, message: M{more}, conditions: [{{name: c, expression: {text}}}]}}\n"
        for n in range(number)
    )
    return {"a.yaml": f"{HEAD}{extra}rules:\n{''.join(made)}".encode()}


def raw(text: str) -> dict[str, bytes]:
    return {"a.yaml": text.encode()}


BOMB = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(1_000))
NESTED = "subject.roles.exists(a, subject.roles.exists(b, a + b == 'x'))"
ERRORS: dict[str, Callable[[], dict[str, bytes]]] = {
    "ten megabytes": lambda: rules(80_000, "subject.in_roster"),
    "ten megabytes in many files": lambda: {f"{n}.yaml": rules(250, "subject.in_roster")["a.yaml"] for n in range(250)},
    "fifty thousand terms": lambda: rules(1, " && ".join(["subject.in_roster"] * 50_000)),
    "fifty thousand short terms": lambda: rules(1, "||".join(["1>2"] * 50_000)),
    "long expressions": lambda: rules(110, "subject.status in [" + ",".join(["'a'"] * 470) + "]"),
    "a thousand rules": lambda: rules(1_000, "subject.in_roster"),
    "very many parameters": lambda: rules(1, "subject.in_roster", extra="params: {" + ",".join(f"p{n}: {{type: int, value: 1}}" for n in range(1_500)) + "}\n"),
    "parentheses": lambda: rules(1, "(" * 900 + "subject.in_roster" + ")" * 900),
    "nested lists": lambda: rules(1, "[" * 200 + "]" * 200 + " == []"),
    "long sums": lambda: rules(100, "size(" + " + ".join(["subject.status"] * 100) + ") > 3"),
    "three loops in each other": lambda: rules(1, "subject.roles.exists(a, subject.roles.exists(b, subject.roles.exists(c, a + b + c == 'x')))"),
    "many loops": lambda: rules(30, NESTED),
    "loops hidden behind a comment": lambda: rules(30, "subject.roles. // see\n exists(a, subject.roles . exists(b, a + b == 'x'))"),
    "macros": lambda: rules(1, "[1,2,3,4,5,6,7,8,9].all(a," * 8 + "true" + ")" * 8),
    "a pattern that is too large": lambda: rules(1, "subject.status.matches('(((a{100}){100}){100})')"),
    "a NUL in the file": lambda: {"a.yaml": HEAD.encode() + b"\0"},
    "a NUL as an escape": lambda: raw(HEAD.replace("owner: O", 'owner: "O\\0"')),
    "a NUL in an expression": lambda: rules(1, "subject.status == 'active\0'"),
    "a NUL as an escape of the language": lambda: rules(1, "subject.status == 'active\\0'"),
    "a huge list as a parameter": lambda: rules(1, "subject.in_roster", extra="params: {l: {type: list<string>, value: [" + "a," * 60_000 + "]}}\n"),
    "aliases": lambda: raw(BOMB),
    "deep flow": lambda: raw("[" * 100_000),
    "deep blocks": lambda: raw("".join(" " * n + f"k{n}:\n" for n in range(600))),
    "very many keys": lambda: raw(HEAD + "".join(f"key{n}: 1\n" for n in range(18_000))),
    "the same key": lambda: raw(HEAD + "k: 1\n" * 9_000),
    "a list of nothing": lambda: raw(HEAD + "rules: [" + "[]," * 19_000 + "]"),
    "a key as long as the file": lambda: raw(HEAD + "x" * 200_000 + ": 1\n"),
    "faults everywhere": lambda: rules(250, "zebra + giraffe == subject.stripes"),
    "not text": lambda: {"a.yaml": b"\xff\xfe" * 1_000},
}  # fmt: skip
DECISIONS: dict[str, Callable[[], dict[str, bytes]]] = {
    "loops in each other over a long list": lambda: rules(10, NESTED),
    "lists of lists": lambda: rules(10, "size(subject.roles.map(a, subject.roles.map(b, a + b))) < 1"),
    "a catastrophic pattern": lambda: rules(20, "subject.status.matches('^(a+)+$$b')"),
    "many catastrophic patterns": lambda: rules(30, "subject.status.matches('" + "(a|a)*" * 100 + "b$')"),
    "a NUL as an escape that is right": lambda: rules(1, "subject.status == 'a\\u0000'"),
    "long lists": lambda: rules(30, "subject.status in [" + ",".join(["'a'"] * 470) + "]"),
    "not not": lambda: rules(1, "!" * 1_901 + "subject.in_roster"),
}
CASES = ERRORS | DECISIONS


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_hostile_rule_set_ends_soon_and_never_allows(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, name], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    ended, seconds, told, longest = json.loads(done.stdout)
    assert ended in ({"error"} if name in ERRORS else {"deny", "hold"})
    assert bool(told) is (name in ERRORS)
    assert seconds < SECONDS
    assert longest < 400, "a fault is a sentence"


def test_loops_are_counted_wherever_they_stand_but_not_in_texts() -> None:
    assert loops(NESTED) == 2
    assert loops("subject.status == 'x.all(a, b)' // .map(a, b)") == 0
    assert loops('[1].\n  filter (a, a > 0).existsOne(b, b > "\\".all(".size())') == 2


def test_what_is_too_much_of_a_shelf_is_told_once_for_each_file_that_goes_beyond() -> None:
    files = {f"{n}.yaml": rules(150, "subject.in_roster")["a.yaml"].replace(b"hostile", b"p%d" % n) for n in range(4)}
    (told,) = _faults(files)
    assert told.startswith("3.yaml:1:1: has 60")  # 600, and those that are built in
    assert f"conditions and messages in all policies; {limits.MAX_CONDITIONS * 2} are the most" in told


def test_a_shelf_of_very_many_files_is_not_read_at_all() -> None:
    (told,) = _faults({f"{n}.yaml": b"#" * 200_000 for n in range(6)})
    assert told == "policies: all files together are larger than 1 MB — move what is out of force elsewhere"


def _faults(files: dict[str, bytes]) -> list[str]:

    with pytest.raises(InputError) as told:
        load_policies(files)
    return [str(fault) for fault in told.value.faults]
