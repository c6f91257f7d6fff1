"""What a group's configuration sets instead of a policy's parameters: checked against what the policy lets it set."""

from collections.abc import Iterator, Mapping, Sequence

from workplace_sync.errors import Fault, InputError
from workplace_sync.policy.facts import FactValue
from workplace_sync.policy.params import Param, param_value
from workplace_sync.policy.shelf import Policy, PolicySet

Values = Mapping[str, Mapping[str, object]]


def effective_params(
    policy_set: PolicySet, in_force: Sequence[Policy], group: str, overrides: Values
) -> dict[str, dict[str, FactValue]]:
    """Return the parameters (`params.<name>`) of the policies in force for a group, by policy id.

    Raises InputError naming every policy and parameter that no version has, and every value that is of another type
    or looser than its policy lets a group set. A value for a version that is not in force waits for it.
    """
    held = {policy.id: policy for policy in in_force}
    faults: list[Fault] = []
    found: dict[str, dict[str, FactValue]] = {}
    for policy, values in overrides.items():
        versions = policy_set.versions(policy)
        if not versions:
            ids = sorted({known.id for known in policy_set.policies})
            faults.append(_fault(group, f"params.{policy}", "no policy has this id", ids))
            continue
        known = {name: param for version in versions for name, param in version.document.params.items()}
        if policy in held:
            known |= held[policy].document.params
        found[policy] = dict(_checked(known, group, policy, values, faults))
    if faults:
        raise InputError(f"The parameters that {group} sets cannot be used.", sorted(faults))
    return {
        policy.id: {
            f"params.{name}": found.get(policy.id, {}).get(name, param.value)
            for name, param in policy.document.params.items()
        }
        for policy in in_force
    }


def _checked(
    known: Mapping[str, Param], group: str, policy: str, values: Mapping[str, object], faults: list[Fault]
) -> Iterator[tuple[str, FactValue]]:
    for name, value in values.items():
        field = f"params.{policy}.{name}"
        if name not in known:
            faults.append(_fault(group, field, "the policy has no such parameter", sorted(known)))
            continue
        param = known[name]
        try:
            given = param_value(param.type, value)
        except ValueError as error:
            faults.append(Fault(f"{group}.yaml", 0, 0, field, str(error), f"give a {param.type}"))
            continue
        if objection := param.objection(given):
            advice = "a group may make a rule tighter, never looser; have the policy changed if it is to be otherwise"
            faults.append(Fault(f"{group}.yaml", 0, 0, field, objection, advice))
            continue
        yield name, given


def _fault(group: str, field: str, message: str, known: list[str]) -> Fault:
    return Fault(f"{group}.yaml", 0, 0, field, message, f"there are: {', '.join(known) or 'none'}")
