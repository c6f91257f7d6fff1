"""What the row of a run says at its end: an exit code, a sentence that names nobody, and numbers."""

from workplace_sync.errors import ExitCode
from workplace_sync.jobs.apply import ApplyReport
from workplace_sync.jobs.observe import Observation
from workplace_sync.jobs.plan import MadePlan
from workplace_sync.jobs.running import Run
from workplace_sync.policy.decision import Effect

_PLANNED = ("changes", "added", "removed", "held", "denied")
_APPLIED = ("asked", "accepted", "refused", "skipped", "done", "seen", "left", "waiting", "unsettled")


def end_plan(run: Run, made: MadePlan) -> None:
    """Say what became of making a plan; a plan that a guard forbids ends with GUARD, as the command does."""
    plan = made.record
    code = ExitCode.GUARD if plan.header.effect is Effect.DENY else ExitCode.DONE
    run.end(code, f"Made plan {plan.digest[:12]}.", {name: plan.counts[name] for name in _PLANNED})


def end_apply(run: Run, report: ApplyReport) -> None:
    """Say what an apply did."""
    summary = report.stopped.message if report.stopped else report.blind or f"Applied plan {report.digest[:12]}."
    run.end(report.exit_code, summary, {name: getattr(report, name) for name in _APPLIED})


def end_observation(run: Run, seen: Observation) -> ExitCode:
    """Say what a complete reading showed, and return how the command ends: 6 where it could not be confirmed."""
    code = ExitCode.BLIND if seen.unconfirmed else ExitCode.DONE
    counts = {
        "members": seen.snapshot.members,
        "come": seen.come,
        "gone": seen.gone,
        "departed_not_by_us": len(seen.departures),
        "suspected": seen.suspected,
    }
    run.end(code, seen.unconfirmed or "Read completely.", counts)
    return code
